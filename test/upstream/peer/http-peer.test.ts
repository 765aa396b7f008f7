/** Streamable HTTP as a peer: a session, its requests and its streams, with servers of the SDK and with odd ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notificationMessage, readMessage, requestMessage, resultMessage } from '../../../src/upstream/peer/message.ts';
import { type Exchange, startStream, writeEvent } from '../../helpers/http-server.ts';
import { startStreamableServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';
import { describePeer } from './contract.ts';
import { HttpTest, result, Tokens } from './http-test.ts';
import { INITIALIZE } from './peer-test.ts';

for (const json of [false, true]) {
  describePeer(`streamable HTTP of SDK v1, answers as ${json ? 'JSON' : 'event stream'}`, 'http', {
    start: () => startStreamableServer({ json }),
    progress: !json,
  });
}

test('session, revision and headers, from the handshake to the end', async (t) => {
  const open = await HttpTest.open(t, { revision: '2025-06-18' });
  await open.ready();
  const call = open.pass(requestMessage('a', 'tools/call', { name: 'echo', arguments: {} }), ['x-user', 'ann']);
  await call.answered();
  const { server } = open;
  await until(() => server.streams === 1);
  const [first] = server.requests('initialize');
  assert.equal(first?.headers['mcp-protocol-version'], undefined);
  assert.equal(first?.headers['x-team'], 'blue');
  for (const name of ['notifications/initialized', 'echo', 'GET']) {
    const [seen] = server.requests(name);
    assert.equal(seen?.headers['mcp-protocol-version'], '2025-06-18', name);
    assert.ok(seen?.headers['mcp-session-id'], name);
    assert.equal(seen?.headers['x-team'], 'blue', name);
    assert.equal(seen?.headers['x-user'], name === 'echo' ? 'ann' : undefined, name);
  }
  assert.equal(server.requests('echo')[0]?.headers.accept, 'application/json, text/event-stream');
  await open.peer.close();
  assert.equal(server.requests('DELETE').length, 1);
  assert.equal(server.sessions, 0);
  assert.deepEqual(open.closed, []);
  await assert.rejects(open.ask('ping').answered(), { name: 'NotSentError', what: 'connection' });
});

test('a session id or a revision that no header can carry is not used', async (t) => {
  const open = await HttpTest.open(t);
  open.on('initialize', (exchange) => {
    exchange.reply(200, result(exchange, { protocolVersion: 'x'.repeat(65) }), { 'mcp-session-id': 'a b' });
  });
  open.on('ping', (exchange) => exchange.reply(200, result(exchange)));
  await open.ready();
  await open.ask('ping').answered();
  const { headers } = open.server.requests('ping')[0] ?? {};
  assert.equal(headers?.['mcp-session-id'], undefined);
  assert.equal(headers?.['mcp-protocol-version'], undefined);
});

test('no request overtakes the end of the handshake', async (t) => {
  const open = await HttpTest.open(t);
  let accept: (() => void) | undefined;
  open.server.behave = ({ name }) => {
    if (name !== 'notifications/initialized') return false;
    return new Promise((resolve) => {
      accept = () => resolve(false);
    });
  };
  await open.ready();
  const call = open.call('add', { a: 1, b: 2 });
  const given = open.call('add', { a: 1, b: 3 });
  await until(() => accept !== undefined);
  given.cancel();
  assert.equal(open.server.requests('add').length, 0);
  accept?.();
  assert.equal(await call.text(), '3');
  assert.equal(open.server.requests('add').length, 1);
  assert.equal(open.server.requests('notifications/cancelled').length, 0);
});

test('texts pass byte for byte, both ways', async (t) => {
  const open = await HttpTest.open(t);
  const text = '{\n "jsonrpc":"2.0","id":"a","method":"m","params":{"n":9007199254740993,"s":"жук 😀","e":1.0}}';
  const answer = '{"jsonrpc":"2.0", "id":"a","x":12345678901234567890,"result":{"y":null}}';
  const bodies: string[] = [];
  for (const isStream of [false, true]) {
    open.server.behave = ({ message, response }) => {
      if (message?.method !== 'm') return false;
      bodies.push(JSON.stringify(message));
      response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' });
      response.end(isStream ? `data: ${answer}\r\n\r\n` : answer);
      return true;
    };
    assert.equal((await open.pass(readMessage(text) as never).answered()).text, answer);
  }
  assert.deepEqual(bodies, Array(2).fill(JSON.stringify(JSON.parse(text))));
});

test('what belongs to a request comes with it, in a batch too; answers to others are nobody’s', async (t) => {
  const open = await HttpTest.open(t);
  const noise = (exchange: Exchange): object[] => [
    { jsonrpc: '2.0', method: 'notifications/message', params: {} },
    { jsonrpc: '2.0', id: 'other', result: {} },
    { jsonrpc: '2.0', id: String(exchange.message?.id), result: { wrong: true } },
    { jsonrpc: '2.0', id: 'q', method: 'ping' },
    result(exchange, { which: 1 }),
    result(exchange, { which: 2 }),
    { jsonrpc: '2.0', method: 'notifications/after' },
  ];
  open.on('json', (exchange) => exchange.reply(200, noise(exchange)));
  open.on('stream', (exchange) => {
    startStream(exchange.response);
    for (const message of noise(exchange)) writeEvent(exchange.response, message as never);
  });
  for (const [method, after] of [
    ['json', ['notifications/after']],
    ['stream', []],
  ] as const) {
    const asked = open.ask(method);
    assert.deepEqual((await asked.answered()).result, { which: 1 });
    assert.deepEqual(
      asked.messages.map((message) => message.method),
      ['notifications/message', 'ping', ...after],
    );
  }
  assert.deepEqual(open.messages, []);
});

test('a question in the middle of a call, and its answer', async (t) => {
  const open = await HttpTest.open(t);
  await open.ready();
  let finish = (): void => undefined;
  open.on('any', (exchange) => {
    startStream(exchange.response);
    writeEvent(exchange.response, { jsonrpc: '2.0', id: 0, method: 'sampling/createMessage', params: {} });
    finish = () => writeEvent(exchange.response, result(exchange) as never);
  });
  const call = open.call('any');
  await until(() => call.messages.length === 1);
  open.peer.send(resultMessage(0, { model: 'm' }));
  const answer = await until(() => open.server.seen.find(({ message }) => message?.result !== undefined));
  assert.deepEqual(answer.message, { jsonrpc: '2.0', id: 0, result: { model: 'm' } });
  assert.ok(answer.headers['mcp-session-id']);
  finish();
  await call.answered();
});

test('what is sent goes out in order, and what a slow server does not take in time waits its turn', async (t) => {
  const open = await HttpTest.open(t);
  await open.ready();
  const waiting: (() => void)[] = [];
  open.on('n', ({ reply }) => void waiting.push(() => reply(202)));
  for (let n = 0; n < 40; n += 1) open.peer.send(notificationMessage('n', { n }));
  await until(() => waiting.length === 32);
  for (const accept of waiting) accept();
  await until(() => waiting.length === 40);
  for (const accept of waiting.slice(32)) accept();
  const numbers = open.server.requests('n').map(({ message }) => message?.params?.n as number);
  assert.deepEqual(
    numbers.slice().sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, n) => n),
  );
  assert.ok(Math.min(...numbers.slice(32)) >= 32);
});

test('the stream for unasked messages; progress there finds its request', async (t) => {
  const open = await HttpTest.open(t);
  await open.ready();
  await until(() => open.server.streams === 1);
  open.on('slow', () => undefined);
  const call = open.call('slow', {}, { progressToken: 'tok' });
  await until(() => open.server.requests('slow').length === 1);
  open.server.announce({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'a:b' } });
  open.server.announce({ jsonrpc: '2.0', id: 1, result: {} });
  open.server.announce({ jsonrpc: '2.0', id: 'q', method: 'roots/list' });
  open.server.announce({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'tok' } });
  open.server.announce({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'x' } });
  await until(() => open.messages.length === 3);
  assert.deepEqual(
    open.messages.map(({ method }) => method),
    ['notifications/resources/updated', 'roots/list', 'notifications/progress'],
  );
  assert.equal(call.messages.length, 1);
  call.cancel();
});

test('who gives up tells the server, and hears nothing more', async (t) => {
  const open = await HttpTest.open(t, { answers: 'stream' });
  await open.ready();
  const call = open.call('slow', { ms: 60_000 });
  await until(() => open.server.record.count('slow') === 1);
  const notice = notificationMessage('notifications/cancelled', { requestId: 2, more: 1 });
  call.cancel(notice);
  call.cancel();
  await until(() => open.server.record.cancelled.includes('slow'));
  assert.deepEqual(
    open.server.requests('notifications/cancelled').map(({ message }) => message?.params),
    [{ requestId: 2, more: 1 }],
  );
});

test('an exchange that nobody listens to is cut soon', async (t) => {
  const open = await HttpTest.open(t);
  await open.ready();
  let isClosed = false;
  open.on('any', ({ response }) => {
    startStream(response);
    response.on('close', () => {
      isClosed = true;
    });
  });
  const call = open.call('any');
  await until(() => open.server.requests('any').length === 1);
  call.cancel();
  await until(() => isClosed);
});

test('initialize is given up without a word', async (t) => {
  const open = await HttpTest.open(t);
  open.on('initialize', () => undefined);
  const asked = open.ask('initialize', INITIALIZE);
  await until(() => open.server.seen.length === 1);
  asked.cancel();
  await open.peer.close();
  assert.equal(open.server.seen.length, 1);
});

test('the first request follows redirects of the same origin, and the session stays there', async (t) => {
  const open = await HttpTest.open(t);
  const paths: string[] = [];
  open.server.behave = ({ request, reply }) => {
    paths.push(request.url ?? '');
    if (request.url !== '/mcp') return false;
    reply(308, undefined, { location: '/mcp/?a=b' });
    return true;
  };
  await open.ready();
  await open.call('add', { a: 1, b: 1 }).text();
  assert.deepEqual(paths.slice(0, 3), ['/mcp', '/mcp/?a=b', '/mcp/?a=b']);
  const endless = await HttpTest.open(t);
  endless.on('initialize', ({ reply }) => reply(307, undefined, { location: '/mcp' }));
  await assert.rejects(endless.ask('initialize').answered(), { message: /redirects/ });
  assert.equal(endless.server.seen.length, 4);
  endless.on('initialize', ({ reply }) => reply(307, undefined, { location: 'http://127.0.0.2:9/' }));
  await assert.rejects(endless.ask('initialize').answered(), { message: /redirects/ });
  assert.equal(endless.server.seen.length, 5);
});

test('an SSE server behind the wrong type is told apart', async (t) => {
  const open = await HttpTest.open(t);
  open.on('initialize', ({ reply }) => reply(405, 'no'));
  await assert.rejects(open.ask('initialize').answered(), { privateDetail: /set "type": "sse"/ });
});

test('closing fails what waits, and waits for a DELETE, but not for long', async (t) => {
  const open = await HttpTest.open(t);
  await open.ready();
  open.on('slow', () => undefined);
  open.on('DELETE', () => undefined);
  const slow = open.call('slow');
  await until(() => open.server.requests('slow').length === 1);
  const closing = open.peer.close();
  assert.ok(slow.isOver);
  await assert.rejects(slow.answered(), { code: 'connection_lost' });
  await closing;
  assert.equal(open.server.requests('DELETE').length, 1);
});

test('a refused token is renewed once, and each request carries the newest', async (t) => {
  const tokens = new Tokens(1);
  const open = await HttpTest.open(t, {}, tokens);
  await open.ready();
  open.on('echo', (exchange) => {
    const isOld = exchange.request.headers.authorization === 'Bearer token-0';
    if (isOld) exchange.reply(401, undefined, { 'www-authenticate': 'Bearer error="invalid_token"' });
    else exchange.reply(200, result(exchange));
  });
  await open.call('echo').answered();
  assert.equal(tokens.refusals[0]?.operation, 'echo');
  assert.equal(tokens.refusals[0]?.challenge?.error, 'invalid_token');
  await open.call('add', { a: 1, b: 1 }).text();
  assert.equal(open.server.requests('add')[0]?.headers.authorization, 'Bearer token-1');
  open.on('echo', ({ reply }) => reply(403));
  await assert.rejects(open.call('echo').answered(), { message: 'log in again' });
  assert.deepEqual(open.closed, []);
});
