/** What a page of somebody else can make a browser load, without a word of its own. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { raw } from '../raw.ts';
import { SseClient } from './sse-client.ts';

const IMAGE = ['sec-fetch-mode', 'no-cors', 'sec-fetch-dest', 'image'];
const FRAME = ['sec-fetch-mode', 'navigate', 'sec-fetch-dest', 'iframe'];

describe('a load by a foreign page', () => {
  let server: HttpServer;
  let app: RunningApp;
  before(async () => {
    server = await HttpServer.start();
    app = await startApp({ mcpServers: { time: { type: 'streamable-http', url: server.url.href } } });
  });
  after(async () => {
    await app.close();
    await server.stop();
  });

  const refusal = async (method: string, path: string, headers: readonly string[], body?: string): Promise<unknown> => {
    const answer = await raw(app.url, { method, path, headers, ...(body === undefined ? {} : { body }) });
    return [answer.status, answer.headers['x-latchkey-error']];
  };

  it('opens no event stream and reaches no MCP endpoint', { timeout: 20_000 }, async () => {
    const opened = (): number => server.seen.filter(({ message }) => message?.method === 'initialize').length;
    const before = opened();
    for (const site of ['cross-site', 'same-site']) {
      for (const kind of [IMAGE, FRAME]) {
        const signs = ['sec-fetch-site', site, ...kind];
        const refused = [403, 'origin_not_allowed'];
        assert.deepEqual(await refusal('GET', '/time/sse', signs), refused);
        assert.deepEqual(await refusal('GET', '/time', [...signs, 'accept', 'text/event-stream']), refused);
        assert.deepEqual(await refusal('GET', '/time/mcp', signs), refused);
        assert.deepEqual(await refusal('GET', '/mcp', signs), refused);
        const json = [...signs, 'content-type', 'application/json'];
        const params = '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}';
        const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":${params}}`;
        assert.deepEqual(await refusal('POST', '/time/mcp', json, initialize), refused);
      }
    }
    assert.equal(opened(), before);
  });

  it('is told by other signs where browsers do not say from which site', async () => {
    for (const signs of [
      ['referer', 'http://evil.example/'],
      ['accept', 'image/avif,image/webp,*/*;q=0.8'],
      ['accept', 'text/css,*/*;q=0.1'],
    ]) {
      assert.deepEqual(await refusal('GET', '/time/sse', signs), [403, 'origin_not_allowed'], signs.join(': '));
    }
    for (const headers of [{ referer: `${app.url}/` }, { accept: 'text/event-stream' }, { accept: '*/*' }]) {
      const client = await SseClient.open(app.url, '/time/sse', headers);
      assert.equal(client.response.statusCode, 200);
      client.leave();
    }
  });

  it('leaves alone programs, our own pages, and people who follow a link', async () => {
    for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }]) {
      const client = await SseClient.open(app.url, '/time/sse', headers);
      assert.equal(client.response.statusCode, 200);
      client.leave();
    }
    const link = ['sec-fetch-site', 'cross-site', 'sec-fetch-mode', 'navigate', 'sec-fetch-dest', 'document'];
    const answer = await raw(app.url, { path: '/time', headers: [...link, 'accept', 'text/html'] });
    assert.notEqual(answer.status, 403);
    assert.equal((await raw(app.url, { path: '/healthz', headers: ['sec-fetch-site', 'cross-site'] })).status, 200);
  });

  it('is no danger where a credential is asked for', async (t) => {
    const guarded = await startApp({
      mcpServers: { time: { type: 'streamable-http', url: server.url.href } },
      argv: ['--api-key', 'k'],
    });
    t.after(() => guarded.close());
    const headers = ['sec-fetch-site', 'cross-site', ...IMAGE];
    assert.equal((await raw(guarded.url, { path: '/time/sse', headers })).status, 401);
    const known = { authorization: 'Bearer k', 'sec-fetch-site': 'cross-site' };
    const client = await SseClient.open(guarded.url, '/time/sse', known);
    assert.equal(client.response.statusCode, 200);
    client.leave();
  });
});
