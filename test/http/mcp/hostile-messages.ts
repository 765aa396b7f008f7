/** Messages that are sound JSON-RPC, and of whose parameters one at a time is nothing that the specification allows. */

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** JSON texts: some of them JSON.stringify would not write. */
export const VALUES: readonly string[] = [
  '{"toString":1}',
  '{"__proto__":1}',
  '{"__proto__":{"name":"echo"},"big":12345678901234567890}',
  '[]',
  'null',
  '1e999',
  '""',
  '"\\ud800"',
  '"__proto__"',
  deep(400),
  deep(20_000),
];

const PARAMETERS = [
  'name',
  'uri',
  'cursor',
  'level',
  'requestId',
  'ref',
  'argument',
  'arguments',
  '_meta',
  'progressToken',
  'protocolVersion',
  'capabilities',
  'clientInfo',
  'inputResponses',
  'requestState',
  'notifications',
];

const META = ['progressToken', 'io.modelcontextprotocol/logLevel', 'io.modelcontextprotocol/clientInfo'];

export const REQUESTS: readonly string[] = [
  'ping',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'tasks/get',
  'tasks/cancel',
  'server/discover',
  '__proto__',
];

export const NOTIFICATIONS: readonly string[] = [
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/message',
  'notifications/roots/list_changed',
  'notifications/resources/updated',
  'toString',
];

/** What is sound in parameters besides the one that is not. */
const SOUND: Readonly<Record<string, string>> = {
  name: '"echo"',
  arguments: '{"text":"x"}',
  uri: '"test://a"',
  level: '"info"',
  ref: '{"type":"ref/prompt","name":"p"}',
  argument: '{"name":"a","value":"b"}',
};

/** JSON texts of `params`. `meta`: what stands in `_meta` besides, as the members of an object. */
export function hostileParams(meta = ''): string[] {
  const texts = [...VALUES];
  for (const value of VALUES) {
    for (const name of PARAMETERS) {
      if (name === '_meta' && meta !== '') continue;
      texts.push(object({ ...SOUND, ...(meta === '' ? {} : { _meta: `{${meta}}` }), [name]: value }));
    }
    for (const name of META) {
      const more = `"${name}":${value}`;
      texts.push(object({ ...SOUND, _meta: `{${meta === '' ? more : `${meta},${more}`}}` }));
    }
  }
  return texts;
}

function object(members: Readonly<Record<string, string>>): string {
  return `{${Object.entries(members)
    .map(([name, text]) => `"${name}":${text}`)
    .join(',')}}`;
}
