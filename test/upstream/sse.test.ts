/** HTTP+SSE of 2024-11-05: the stream, the address that it names, and the answers that it brings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkTimings } from '../../src/upstream/timings.ts';
import { serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { type Behave, HttpServer, startStream } from '../helpers/http-server.ts';
import { startSseServer, startStreamableServer } from '../helpers/sdk-servers.ts';
import { until } from '../helpers/wait.ts';
import { NO_RETRY, type OpenLink, openLink, openSdk } from './helper.ts';

test('connects, lists and calls', async (t) => {
  const sse = await (await openSdk(t, startSseServer(), 'sse')).ready();
  assert.equal(sse.records[0]?.info.name, 'sdk-server');
  const answers = await Promise.all(Array.from({ length: 50 }, (_, b) => sse.call('add', { a: 0, b })));
  assert.deepEqual(
    answers,
    Array.from({ length: 50 }, (_, b) => String(b)),
  );
  assert.equal((await sse.call('big', { bytes: 10 * 1024 * 1024 })).length, 10 * 1024 * 1024 + 2);
});

test('an answer of more than 32 MiB ends the call', async (t) => {
  const sse = await (await openSdk(t, startSseServer(), 'sse')).ready();
  await assert.rejects(sse.call('big', { bytes: 33 * 1024 * 1024 }), { code: 'connection_lost' });
  await until(() => sse.link.state.state === 'ready');
  assert.equal(await sse.call('add', { a: 1, b: 1 }), '2');
});

/** A link to a server whose stream says what `behave` says. */
async function openSse(
  behave: Behave,
  t: Parameters<typeof openLink>[0],
  timings: LinkTimings = NO_RETRY,
): Promise<OpenLink & { readonly server: HttpServer }> {
  const server = await HttpServer.start({ behave });
  t.after(() => server.stop());
  return Object.assign(openLink(t, serverConfig({ endpoint: urlEndpoint('sse', server.url) }), timings), { server });
}

test('an address on another origin is refused', async (t) => {
  const other = await HttpServer.start();
  t.after(() => other.stop());
  const sse = await openSse(({ response }) => {
    startStream(response);
    response.write(`event: endpoint\ndata: ${other.url.href}\n\n`);
    return true;
  }, t);
  assert.match(await sse.failed(), /another origin/);
  assert.equal(other.seen.length, 0);
});

test('a redirect to another path of the same origin is followed', async (t) => {
  const sse = await openSse(({ request, response, reply }) => {
    if (request.url === '/mcp') {
      reply(301, undefined, { location: '/moved' });
    } else {
      startStream(response);
      response.write('event: endpoint\ndata: https://elsewhere.invalid/\n\n');
    }
    return true;
  }, t);
  assert.match(await sse.failed(), /another origin/);
  assert.deepEqual(sse.server.seen.length, 2);
});

test('a redirect to another origin is an error that names the address', async (t) => {
  const sse = await openSse(({ reply }) => {
    reply(307, undefined, { location: 'http://127.0.0.2:9/sse' });
    return true;
  }, t);
  assert.match(await sse.failed(), /redirects.*http:\/\/127\.0\.0\.2:9\/sse/);
});

test('a streamable HTTP server behind the wrong type is told apart', async (t) => {
  const sse = await openSdk(t, startStreamableServer(), 'sse', NO_RETRY);
  assert.match(await sse.failed(), /set "type": "streamable-http"/);
});

test('refused credentials are told', async (t) => {
  const sse = await openSse(({ reply }) => {
    reply(401);
    return true;
  }, t);
  assert.match(await sse.failed(), /refuses our credentials \(HTTP 401\)/);
});

test('a server that never names an address is given up in time', async (t) => {
  const timings = { ...NO_RETRY, connectMs: 100 };
  const sse = await openSse(
    ({ response }) => {
      startStream(response);
      return true;
    },
    t,
    timings,
  );
  assert.match(await sse.failed(), /no answer in time/);
});

test('closing ends calls in flight at once', async (t) => {
  const sse = await (await openSdk(t, startSseServer(), 'sse')).ready();
  const call = sse.call('slow', { ms: 60_000 }, { timeoutMs: 60_000 });
  await until(() => sse.server.record.count('slow') === 1);
  await Promise.all([assert.rejects(call, { code: 'connection_lost' }), sse.link.close()]);
});

test('a server that answers a POST only when the call has ended', async (t) => {
  let stream: Parameters<Behave>[0]['response'] | undefined;
  const sse = await openSse(({ request, response, message, reply }) => {
    if (request.method === 'GET') {
      startStream(response);
      stream = response;
      response.write('event: endpoint\ndata: /post\n\n');
      return true;
    }
    const results: Record<string, unknown> = {
      initialize: { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: { name: 'late' } },
      'tools/list': { tools: [] },
      'tools/call': { content: [{ type: 'text', text: 'late' }] },
    };
    const result = results[message?.method ?? ''];
    if (result !== undefined) stream?.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id: message?.id, result })}\n\n`);
    setTimeout(() => reply(202), 30);
    return true;
  }, t);
  await sse.ready();
  assert.equal(await sse.call('any'), '"late"');
});
