/** What holds for every document, whatever the tools behind it: Open WebUI can use all of it, and reach every tool. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseJson } from '../../src/schema/json.ts';
import type { JsonRecord } from '../../src/schema/json-schema.ts';
import { type AppSetup, type RunningApp, startApp } from '../helpers/app.ts';
import type { HttpServer } from '../helpers/http-server.ts';
import { caseCommand } from '../helpers/mcpo-cases-app.ts';
import { startFor } from '../http/start-for.ts';
import { HOSTILE } from '../schema/fixtures.ts';
import { Backend } from './backend.ts';
import type { Connection, Person } from './client-model.ts';
import { KINDS } from './kinds.ts';
import { type OfferedTool, startToolServer } from './tool-server.ts';
import { assertUsable } from './usable.ts';

const ANN: Person = { id: 'ann', name: 'Ann', email: 'ann@chat.example', role: 'user' };
const KEY = 'correct horse battery';

/** Such a name the document of one server keeps from mcpo: letters of any script. */
const MCPO_ID = /^[\p{L}\p{N}_-]{1,64}$/u;

const ODD_NAMES = [
  ...[
    'a/b',
    'with space',
    'dot.ted',
    'UPPER',
    'größe',
    '日本語',
    'emoji😀',
    '{id}',
    'q?x=1',
    'h#x',
    '50%',
    'a&b',
    "it's",
  ],
  ...[
    'search_web',
    'fetch_url',
    'display_file',
    'write_file',
    'openapi.json',
    'docs',
    'mcp',
    '__proto__',
    'constructor',
  ],
  ...['a_b', 'a-b', 'a b', 'a.b'],
  ...['x'.repeat(64), `${'x'.repeat(200)}1`, `${'x'.repeat(200)}2`],
];

const form = { type: 'object', properties: { x: { type: 'string' } } };
const odd = ODD_NAMES.map(
  (name, at): OfferedTool => ({ name, description: at % 2 === 0 ? '' : ' \n', inputSchema: form }),
);
const bare: OfferedTool[] = [
  { name: 'no_properties', inputSchema: { type: 'object' } },
  { name: 'closed', inputSchema: { type: 'object', properties: {}, additionalProperties: false } },
  { name: 'map', inputSchema: { type: 'object', additionalProperties: { $ref: '#/$defs/a' }, $defs: { a: form } } },
  { name: 'top_reference', inputSchema: { $ref: '#/$defs/a', $defs: { a: form } } },
  { name: 'top_any_of', inputSchema: { anyOf: [form, { properties: { y: true } }] } },
  { name: 'top_one_of', inputSchema: { type: 'object', oneOf: [form, form], required: ['x'] } },
  { name: 'top_all_of', inputSchema: { allOf: [form, { $ref: '#' }] } },
  { name: 'top_array', inputSchema: { type: 'array', items: form } },
];
/** Too deep for this test's own server to write. */
const DEEP = ['ten thousand levels', 'a deep default'];
const hostile = Object.entries(HOSTILE)
  .filter(([name]) => !DEEP.includes(name))
  .map(([name, inputSchema]): OfferedTool => ({ name, inputSchema }));
const kinds = Object.entries(KINDS).map(([name, { schema, rest }]) => ({
  name,
  inputSchema: { type: 'object', properties: { x: schema }, ...rest },
}));

const TOOLS: Readonly<Record<string, readonly OfferedTool[]>> = { odd, bare, hostile, kinds, empty: [] };

describe('documents', () => {
  const servers: HttpServer[] = [];
  let app: RunningApp;
  before(async () => {
    const entries: Record<string, unknown> = {};
    for (const [name, tools] of Object.entries(TOOLS)) {
      const server = await startToolServer(tools);
      servers.push(server);
      entries[name] = { type: 'streamable-http', url: server.url.href };
    }
    const [command, ...args] = caseCommand('calls');
    // `search` and its tool would together be named like a tool of Open WebUI's own.
    const search = await startToolServer([{ name: 'web', inputSchema: form }]);
    servers.push(search);
    const gone = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' };
    entries.search = { type: 'streamable-http', url: search.url.href };
    app = await startApp({
      mcpServers: {
        ...entries,
        calls: { command, args },
        personal: { ...gone, oauth: {} },
        'Mein Büro': { ...gone, oauth: {} },
      },
      argv: ['--api-key', KEY],
    });
  });
  after(async () => {
    await app.close();
    for (const server of servers) await server.stop();
  });

  const read = async (path: string): Promise<JsonRecord> =>
    parseJson(await (await app.get(encodeURI(path))).text()) as JsonRecord;

  for (const name of [...Object.keys(TOOLS), 'calls', 'personal', 'Mein Büro', 'search']) {
    it(`of ${name}`, async () => {
      const { backend } = assertUsable(await read(`/${name}/openapi.json`), { id: MCPO_ID });
      const offered = TOOLS[name]?.length;
      if (offered !== undefined) assert.equal(backend.length, offered);
    });
  }

  it('of all servers, under names that no provider refuses and that mean nothing to Open WebUI', async () => {
    const { backend } = assertUsable(await read('/openapi.json'));
    const special = backend.filter(({ name }) =>
      ['search_web', 'fetch_url', 'display_file', 'write_file'].includes(name),
    );
    assert.deepEqual(special, []);
  });

  it('lead to every tool, whatever it is named', async () => {
    for (const path of ['/odd', '', '/odd/']) {
      const connection: Connection = { url: app.url + path, path: 'openapi.json', authType: 'bearer', key: KEY };
      const backend = new Backend(connection);
      const tools = (await backend.load()).filter(({ name }) => path !== '' || name.startsWith('odd_'));
      assert.equal(tools.length, ODD_NAMES.length);
      for (const { name } of tools) {
        const { text, isFailure } = await backend.call(ANN, name, { x: name });
        assert.deepEqual([JSON.parse(text), isFailure], [{ x: name }, false], name);
      }
    }
    for (const name of ODD_NAMES) assert.equal(servers[0]?.requests(name).length, 3, name);
  });

  it('take no arguments as well as an empty object and no body', async () => {
    for (const body of ['{}', '', undefined]) {
      const response = await app.post('/bare/no_properties', body, { authorization: `Bearer ${KEY}` });
      assert.deepEqual([response.status, await response.json()], [200, {}]);
    }
  });
});

it('a single server has one document at two places', async (t) => {
  const server = await startToolServer(odd);
  t.after(() => server.stop());
  const argv = ['--server-type', 'streamable-http', '--', server.url.href];
  const app = await startFor(t, { argv } satisfies AppSetup);
  for (const path of ['/openapi.json', '/default/openapi.json']) {
    const { backend } = assertUsable(await (await app.get(path)).json(), { id: MCPO_ID });
    assert.equal(backend.length, ODD_NAMES.length);
  }
});
