/** Readiness, and documents that need not be sent again. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DEFAULT_TIMINGS } from '../../src/upstream/timings.ts';
import { startApp } from '../helpers/app.ts';
import { until } from '../helpers/wait.ts';

const everything = {
  command: process.execPath,
  args: ['node_modules/@modelcontextprotocol/server-everything/dist/index.js', 'stdio'],
};

it('is unready until each server has connected or failed once, and a server that hangs again and again changes that no more', async (t) => {
  const timings = { ...DEFAULT_TIMINGS, connectMs: 600, firstRetryMs: 20, longestRetryMs: 20 };
  const mcpServers = { everything, hangs: { command: 'sleep', args: ['60'] } };
  const app = await startApp({ mcpServers, timings, settle: false });
  t.after(() => app.close());
  const ready = async (): Promise<number> => (await app.get('/readyz')).status;
  assert.equal(await ready(), 503);
  await until(async () => (await ready()) === 200, 15_000);
  const hangs = app.gateway.servers.get('hangs');
  await until(() => hangs?.state.state === 'connecting', 15_000);
  assert.equal(await ready(), 200);
  // Nor does it make anybody wait for the document of all.
  const document = (await (await app.get('/openapi.json')).json()) as { paths: object };
  assert.equal(hangs?.isUntried, false);
  assert.ok(document.paths);
});

it('answers 304 to a client that has the document already', async (t) => {
  const app = await startApp({ mcpServers: { everything } });
  t.after(() => app.close());
  for (const path of ['/openapi.json', '/everything/openapi.json']) {
    const etag = (await app.get(path)).headers.get('etag') ?? '';
    assert.match(etag, /^"[\w-]+"$/);
    assert.equal((await app.get(path, { 'if-none-match': etag })).status, 304);
    assert.equal((await app.get(path, { 'if-none-match': '"other"' })).status, 200);
  }
});
