/** What a caller of each era says, one message after another: every method, and what belongs to none. */
import { LONG } from './odd-texts.ts';
import type { Step } from './transcript.ts';

function request(id: string, method: string, params?: string): string {
  const rest = params === undefined ? '' : `,"params":${params}`;
  return `{"jsonrpc":"2.0","id":${id},"method":"${method}"${rest}}`;
}

function notification(method: string, params: string): string {
  return `{"jsonrpc":"2.0","method":"${method}","params":${params}}`;
}

const EXTRA = `"x":${LONG},"_meta":{"vendor.example/c":${LONG}}`;
const CALLS: readonly Step[] = [
  { send: request('"a"', 'tools/list', '{}') },
  { send: request('2', 'tools/list', `{"cursor":"page 2",${EXTRA}}`) },
  {
    send: request(
      '"b 1"',
      'tools/call',
      `{"name":"echo","arguments":{"n":${LONG},"s":"\\u2028ä","o":{"":[]}},${EXTRA}}`,
    ),
  },
  { send: request('0', 'tools/call', '{"name":"odd"}') },
  { send: request('-3', 'tools/call', '{"name":"fail","arguments":{}}') },
  { send: request('"c"', 'tools/call', '{"name":"chatty","_meta":{"progressToken":"t 1","x":1}}'), others: 4 },
  { send: request('"c2"', 'tools/call', '{"name":"chatty","_meta":{"progressToken":42}}'), others: 4 },
  { send: request('"none"', 'tools/call', '{"name":"no such tool"}') },
  { send: request('5', 'prompts/list') },
  { send: request('6', 'prompts/get', `{"name":"p","arguments":{"a":"b"},${EXTRA}}`) },
  { send: request('7', 'resources/list', '{}') },
  { send: request('8', 'resources/templates/list', '{}') },
  { send: request('9', 'resources/read', `{"uri":"odd://x?q=%20#f",${EXTRA}}`) },
  { send: request('10', 'resources/read', '{"uri":"odd://none"}') },
  {
    send: request(
      '11',
      'completion/complete',
      `{"ref":{"type":"ref/prompt","name":"p","x":1},"argument":{"name":"a","value":""},${EXTRA}}`,
    ),
  },
  { send: request('12', 'vendor/method', `{"n":${LONG},"deep":[{"a":null}]}`) },
  { send: request('13', 'vendor/unknown', '{}') },
];

const CAPABILITIES = `{"sampling":{"x":1},"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true},"experimental":{"v":{"n":${LONG}}},"x-vendor":{}}`;

/** During a call, a notification that nobody has heard of. */
const BEAT: Step = { send: request('"beat"', 'tools/call', '{"name":"beat"}'), others: 1 };

/** The last step asks what the server has seen. */
export const LEGACY_STORY: readonly Step[] = [
  {
    send: request(
      '"init"',
      'initialize',
      `{"protocolVersion":"2025-11-25","clientInfo":{"name":"bare","version":"0","x":1},"capabilities":${CAPABILITIES},"x":${LONG}}`,
    ),
  },
  { send: notification('notifications/initialized', `{"_meta":{"x":${LONG}}}`) },
  { send: request('1', 'ping') },
  ...CALLS,
  BEAT,
  { send: request('14', 'logging/setLevel', '{"level":"info","x":1}'), others: 1 },
  { send: request('15', 'resources/subscribe', '{"uri":"odd://x","x":1}'), others: 1 },
  { send: request('16', 'resources/unsubscribe', '{"uri":"odd://x"}') },
  { send: request('17', 'tools/call', '{"name":"ask"}'), others: 4 },
  { send: request('18', 'tools/call', '{"name":"announce"}'), others: 4 },
  { send: notification('notifications/vendor/poke', `{"n":${LONG}}`), others: 1 },
  { send: notification('notifications/roots/list_changed', `{"_meta":{"x":${LONG}}}`) },
  {
    send: request('"slow"', 'tools/call', '{"name":"slow","_meta":{"progressToken":"s"}}'),
    others: 1,
    end: 'cancelled',
  },
  { send: request('"seen"', 'vendor/seen') },
];

function enveloped({ send, ...step }: Step): Step {
  const envelope =
    `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bare","version":"0","x":1},
    "io.modelcontextprotocol/clientCapabilities":${CAPABILITIES},"io.modelcontextprotocol/logLevel":"info"`
      .split('\n')
      .join(' ');
  const { params, ...rest } = splitParams(send);
  const own = params.includes('"_meta":{')
    ? params.replace('"_meta":{', `"_meta":{${envelope},`)
    : params.replace('{', `{"_meta":{${envelope}}${params === '{}' ? '' : ','}`);
  return { ...step, send: `${rest.before},"params":${own}}` };
}

function splitParams(text: string): { before: string; params: string } {
  const [before = '', params] = text.slice(0, -1).split(/,"params":(.*)/s);
  return { before, params: params ?? '{}' };
}

/** Over stdio, nothing tells whose such a notification is: it reaches none of those who share the server. */
export const MODERN_STDIO_STORY: readonly Step[] = [
  { send: request('"d"', 'server/discover') },
  ...CALLS,
  { send: request('20', 'tools/call', '{"name":"rounds","arguments":{}}') },
  {
    send: request(
      '21',
      'tools/call',
      `{"name":"rounds","arguments":{},"requestState":"s ä","inputResponses":{"name":{"action":"accept","content":{"n":${LONG}},"x":1},"roots":{"roots":[]}}}`,
    ),
  },
  { send: request('22', 'tools/call', '{"name":"capable"}') },
  {
    send: request(
      '"l"',
      'subscriptions/listen',
      '{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["odd://x"],"x":1}}',
    ),
    others: 3,
    end: 'left open',
  },
  {
    send: request('"slow"', 'tools/call', '{"name":"slow","_meta":{"progressToken":"s"}}'),
    others: 1,
    end: 'cancelled',
  },
  { send: request('"seen"', 'vendor/seen') },
].map((step) => enveloped(step as Step));

export const MODERN_HTTP_STORY: readonly Step[] = [enveloped(BEAT), ...MODERN_STDIO_STORY];
