/** Tools under hostile names: each address in a document stays below its server, and reaches that very tool and no other. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { raw } from './raw.ts';
import { startFor } from './start-for.ts';

interface Document {
  readonly servers?: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, { readonly post: { readonly description: string } }>>;
}

const PARTS = [
  '..',
  '.',
  '%2e%2e',
  '.%2E',
  'victim',
  'x',
  '',
  '\t',
  '.\t.',
  ' ',
  '．．',
  '\ud800',
  'ä',
  '..;',
  '\u2028',
];
const BETWEEN = ['/', '\\', '%2f', '%5C', '//', '\n', '?', '#', '{', ';', ':', '%', '%25', '\0', '@', '+'];
/** Every pair of parts, by turns with everything that may stand between, and whole addresses. */
const NAMES = [
  ...new Set([
    ...PARTS.flatMap((one, i) =>
      PARTS.map((other, j) => {
        const between = BETWEEN[(i * PARTS.length + j) % BETWEEN.length] ?? '';
        return j % 2 === 0 ? `${one}${between}${other}` : `${one}/${other}${between}victim/delete_all`;
      }),
    ),
    ...['../victim/delete_all', '..\\victim\\delete_all', '.\t./victim/delete_all', '%2e%2e/victim/delete_all'],
    ...[
      '//evil.example/x',
      'https://evil.example/x',
      '/../victim/delete_all',
      'a/../../victim/delete_all',
      'mcp',
      'x ',
    ],
  ]),
];

const VICTIMS = ['delete_all', 'x', 'victim/delete_all'];

/** A server with tools of these names; what is called there goes into `called`. */
async function serverOf(names: readonly string[], called: string[]): Promise<HttpServer> {
  const tools = names.map((name) => ({ name, description: JSON.stringify(name), inputSchema: { type: 'object' } }));
  return HttpServer.start({
    behave: ({ message, reply }) => {
      const { method = '' } = message ?? {};
      if (message === undefined || !['tools/list', 'tools/call'].includes(method)) return false;
      if (method === 'tools/call') called.push(String(message.params?.name));
      const result = method === 'tools/list' ? { tools } : { content: [{ type: 'text', text: 'done' }] };
      reply(200, { jsonrpc: '2.0', id: message.id, result });
      return true;
    },
  });
}

const entry = (server: HttpServer): object => ({ type: 'streamable-http', url: server.url.href });
const JSON_BODY = { method: 'POST', headers: ['content-type', 'application/json'], body: '{}' };

async function read(app: RunningApp, path: string): Promise<Document> {
  return (await (await app.get(path)).json()) as Document;
}

/** The names of the hostile tools in a document, by address as a URL parser reads it. */
async function addressesIn(app: RunningApp, path: string): Promise<ReadonlyMap<string, string>> {
  const { paths, servers } = await read(app, path);
  const base = app.url + (servers?.[0]?.url ?? '');
  const tools = Object.entries(paths).filter(([, { post }]) => !VICTIMS.includes(JSON.parse(post.description)));
  return new Map(tools.map(([at, { post }]) => [new URL(base + at).href, JSON.parse(post.description)]));
}

describe('a server with hostile names of tools', () => {
  const ofEvil: string[] = [];
  const ofVictim: string[] = [];
  let evil: HttpServer;
  let victim: HttpServer;
  before(async () => {
    evil = await serverOf(NAMES, ofEvil);
    victim = await serverOf(VICTIMS, ofVictim);
  });
  after(() => Promise.all([evil.stop(), victim.stop()]));

  const start = (t: TestContext, argv: readonly string[]): Promise<RunningApp> =>
    startFor(t, { mcpServers: { evil: entry(evil), victim: entry(victim) }, argv });

  for (const [argv, prefix, below] of [
    [[], '', '/evil/'],
    [['--root-path', '/gate', '--path-prefix', '/to'], '/to', '/gate/to/evil/'],
  ] as const) {
    it(`shows each of them at an address that is below its own and reaches that tool: ${below}`, async (t) => {
      const app = await start(t, argv);
      const addresses = await addressesIn(app, '/openapi.json');
      assert.ok(NAMES.length > 200 && addresses.size === NAMES.length, `${addresses.size} of ${NAMES.length}`);
      assert.deepEqual(await addressesIn(app, `${prefix}/evil/openapi.json`), addresses);
      for (const [address, name] of addresses) {
        const { origin, pathname } = new URL(address);
        assert.equal(origin, app.url, address);
        assert.ok(pathname.startsWith(below) && !/\/\/|%5c/i.test(pathname), address);
        ofEvil.length = 0;
        assert.equal((await app.post(address.slice(origin.length), {})).status, 200, address);
        assert.deepEqual(ofEvil, [name], address);
      }
      assert.deepEqual(ofVictim, []);
    });
  }

  it('reaches no other server by a name that is sent encoded, and none of its own tools by one that leads out', async (t) => {
    const app = await start(t, []);
    ofEvil.length = 0;
    const out = ['../victim/delete_all', '..\\victim\\delete_all', '.\t./victim/delete_all', '/../victim/delete_all'];
    for (const name of [...out, '%2e%2e/victim/delete_all']) {
      for (const path of [
        `/evil/${encodeURIComponent(name)}`,
        `/evil/${encodeURIComponent(name).replaceAll('.', '%2e')}`,
      ])
        assert.equal((await raw(app.url, { ...JSON_BODY, path })).status, 404, path);
    }
    assert.equal((await raw(app.url, { ...JSON_BODY, path: '/evil/../victim/delete_all' })).status, 404);
    assert.deepEqual([ofEvil, ofVictim], [[], []]);
    assert.equal((await raw(app.url, { ...JSON_BODY, path: '/evil/x%20' })).status, 200);
    assert.deepEqual([ofEvil, ofVictim], [['x '], []], 'an odd name that stays there is called as before');
  });
});

describe('of two servers whose names fit a path', () => {
  it('the documents show the tool of the longer one alone, and the log tells of the other once', async (t) => {
    const called: string[] = [];
    const [inner, outer] = [await serverOf(['x'], called), await serverOf(['b/x', 'b/y', 'c'], [])];
    t.after(() => Promise.all([inner.stop(), outer.stop()]));
    const app = await startFor(t, { mcpServers: { a: entry(outer), 'a/b': entry(inner) } });
    for (let count = 0; count < 2; count += 1) {
      const { paths } = await read(app, '/openapi.json');
      assert.deepEqual(Object.keys(paths), ['/a/c', '/a/b/x']);
      assert.equal(paths['/a/b/x']?.post.description, '"x"');
      assert.deepEqual(Object.keys((await read(app, '/a/openapi.json')).paths), ['/c']);
    }
    assert.equal((await app.post('/a/b/x', {})).status, 200);
    assert.deepEqual(called, ['x']);
    const warned = app.records.filter(({ msg }) => String(msg).startsWith('documents leave out tools'));
    assert.deepEqual(
      warned.map(({ level, server, tool, count }) => [level, server, tool, count]),
      [[40, 'a', 'b/x', 2]],
    );
  });
});
