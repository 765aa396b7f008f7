/** Sessions of `/api` with servers that ping early, know no sessions, or are another all at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestSession } from '../../acehoss/rest-client.ts';
import { configuration, serverConfig, urlEndpoint } from '../../helpers/configs.ts';
import { HttpServer, SESSION_LOST } from '../../helpers/http-server.ts';
import { Pids, script } from '../../http/acehoss/sse-servers.ts';
import { startFor } from '../../http/start-for.ts';

/** Pings, as its argument says: `before` it answers `initialize`, which waits for the answer, or `with` that. */
const PINGER = `
const [, when] = process.argv;
const say = (...all) => process.stdout.write(all.map((one) => JSON.stringify({ jsonrpc: '2.0', ...one }) + '\\n').join(''));
const ping = { id: 'early', method: 'ping' };
const server = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'p', version: '1' } };
let begun;
let answered = 0;
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === 'early') {
    answered += 1;
    if (when === 'before') say(begun);
  } else if (method === 'initialize') {
    begun = { id, result: server };
    say(...(when === 'before' ? [ping] : [begun, ping]));
  } else if (method === 'tools/call') say({ id, result: { content: [{ type: 'text', text: String(answered) }] } });
}).on('close', () => process.exit());
`;

/** Speaks 2026-07-28 alone; adds its process id to the file that its argument names. */
const MODERN_ALONE = `
require('node:fs').appendFileSync(process.argv[1], process.pid + '\\n');
const say = (answer) => console.log(JSON.stringify({ jsonrpc: '2.0', ...answer }));
const shared = { resultType: 'complete', ttlMs: 0, cacheScope: 'public' };
const results = {
  'server/discover': { ...shared, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
  'tools/list': { ...shared, tools: [{ name: 'pid', inputSchema: { type: 'object' } }] },
  'tools/call': { resultType: 'complete', content: [{ type: 'text', text: String(process.pid) }] },
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  const result = results[method];
  if (id !== undefined) say(result ? { id, result } : { id, error: { code: -32601, message: 'no' } });
}).on('close', () => process.exit());
`;

for (const when of ['before', 'with']) {
  test(`a server that pings ${when} its answer to initialize is answered`, async (t) => {
    const { url } = await startFor(t, { servers: { p: script(PINGER, when) } });
    const session = new RestSession(url);
    assert.equal(await session.text('p/any'), '1');
    await session.end();
  });
}

test('that a server knows no sessions is found out once, and each session has a process of its own', async (t) => {
  const pids = new Pids();
  t.after(() => pids.remove());
  const file = pids.flag.slice('--record='.length);
  const { url } = await startFor(t, { servers: { modern: script(MODERN_ALONE, file) } });
  const [first, next] = [new RestSession(url), new RestSession(url)];
  const own = await first.pid('modern');
  const started = pids.all().length;
  assert.ok(started > 1, 'the first one finds out');
  const other = await next.pid('modern');
  assert.notEqual(other, own);
  assert.deepEqual(pids.all().slice(started), [other]);
  assert.deepEqual([await first.pid('modern'), await next.pid('modern')], [own, other]);
});

for (const [what, next, refusal] of [
  ['gone', () => configuration(), [404, 'Error: Server not found']],
  [
    'another',
    (url: URL) => configuration(serverConfig({ name: 'far', start: 'on-demand', endpoint: urlEndpoint('http', url) })),
    [503, 'Error: The configuration of the server has just changed; try again.'],
  ],
] as const) {
  test(`a call whose session is lost begins no other where its entry is ${what} by then`, async (t) => {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const app = await startFor(t, { servers: { far: { type: 'streamable-http', url: server.url.href } } });
    const session = new RestSession(app.url);
    await session.result('far/echo', { text: 'x' });
    server.behave = async ({ name, reply }) => {
      if (name !== 'echo') return false;
      await app.gateway.apply(next(server.url));
      reply(404, SESSION_LOST);
      return true;
    };
    const begun = server.requests('initialize').length;
    const { status, body } = await session.post('far/echo', { text: 'x' });
    assert.deepEqual([status, body], refusal);
    assert.equal(server.requests('initialize').length, begun);
  });
}
