/** What acehoss/mcp-gateway did not do well over HTTP+SSE: here each has its answer, and the gateway goes on. */
import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import { isRunning } from '../helpers/configs.ts';
import type { Json } from '../helpers/mcp-session.ts';
import { until } from '../helpers/wait.ts';
import { basic, raw } from '../http/raw.ts';
import { ours, sharedGateway, startGateway, strict } from './gateway.ts';
import { postInPieces } from './pieces.ts';
import { textOf } from './rest-client.ts';
import { call, openStream } from './stream.ts';

const gateway = sharedGateway({ servers: { small: strict() }, debug: { level: 'error' } });
const url = (): string => gateway().url;

afterEach(() => {
  assert.ok(gateway().isRunning());
});

ours('a child that goes on writing after its client has left does no harm', async (t) => {
  const [stream, other] = [await openStream(t, url(), '/small'), await openStream(t, url(), '/small')];
  for (const each of [stream, other]) await each.begin();
  const pid = Number(textOf(await call(stream, 'pid')));
  await call(stream, 'chatter');
  await until(() => stream.messages.length > 20);
  stream.leave();
  await until(() => !isRunning(pid));
  assert.equal(textOf(await call(other, 'count')), '1');
});

ours('a child that dies in a call ends the call, then the stream; messages are refused then', async (t) => {
  const stream = await openStream(t, url(), '/small');
  await stream.begin();
  const endpoint = await stream.endpoint();
  const { error } = await stream.ask(7, 'tools/call', { name: 'die' });
  assert.equal((error as { code: number }).code, -32000);
  await until(() => stream.isOver);
  const { status, body } = await raw(url(), { method: 'POST', path: endpoint, body: '{}' });
  assert.deepEqual([status, body], [400, `No active transport for session ${endpoint}`]);
});

ours('a child that is killed while nobody asks ends the stream', async (t) => {
  const stream = await openStream(t, url(), '/small');
  await stream.begin();
  process.kill(Number(textOf(await call(stream, 'pid'))), 'SIGKILL');
  await until(() => stream.isOver);
});

ours('a character of a message whose bytes come in two pieces stays whole', async (t) => {
  const stream = await openStream(t, url(), '/small');
  await stream.begin();
  const params = { name: 'echo', arguments: { text: '😀 東京' } };
  const message = JSON.stringify({ jsonrpc: '2.0', id: 'pieces', method: 'tools/call', params });
  assert.equal((await postInPieces(url(), await stream.endpoint(), message)).status, 202);
  const { result } = await stream.answer('pieces');
  assert.equal(textOf(result as Json), '{"text":"😀 東京"}');
});

ours('a character of a result whose bytes come in two writes stays whole', async (t) => {
  const stream = await openStream(t, url(), '/small');
  await stream.begin();
  assert.equal(textOf(await call(stream, 'split')), 'Zürich 東京 😀');
});

ours('a stream that was opened with a query of its own works', async (t) => {
  const stream = await openStream(t, url(), '/small?x=1');
  assert.match(await stream.endpoint(), /^\/small\?sessionId=/);
  await stream.begin();
  assert.equal(textOf(await call(stream, 'count')), '1');
});

ours('more in the query of the address for messages does not matter', async (t) => {
  const stream = await openStream(t, url(), '/small');
  const path = `${await stream.endpoint()}&x=1`;
  const { status } = await raw(url(), { method: 'POST', path, body: '{"jsonrpc":"2.0","id":"extra","method":"ping"}' });
  assert.equal(status, 202);
  assert.deepEqual((await stream.answer('extra')).result, {});
});

ours('a stream belongs to whom has opened it', async (t) => {
  const credentials = [
    { username: 'ann', password: 'first' },
    { username: 'ben', password: 'second' },
  ];
  const auth = { basic: { enabled: true, credentials }, bearer: { enabled: true, tokens: ['third'] } };
  const guarded = await startGateway(t, { servers: { small: strict() }, auth });
  const stream = await openStream(t, guarded.url, '/small', { authorization: basic('ann', 'first') });
  await stream.begin();
  const path = await stream.endpoint();
  for (const authorization of [basic('ben', 'second'), 'Bearer third']) {
    const headers = ['authorization', authorization];
    const answer = await raw(guarded.url, { method: 'POST', path, headers, body: '{}' });
    assert.deepEqual([answer.status, answer.body], [400, `No active transport for session ${path}`]);
  }
  assert.equal(textOf(await call(stream, 'count')), '1');
});
