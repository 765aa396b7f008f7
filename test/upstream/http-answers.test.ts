/** Streamable HTTP: which answers are believed, and that a bad one harms its own call alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Exchange, startStream, writeEvent } from '../helpers/http-server.ts';
import { until } from '../helpers/wait.ts';
import { openHttp } from './helper.ts';

/** What a call that is answered by `behave` ends with. */
const BAD: readonly [string, (exchange: Exchange) => void, object][] = [
  ['HTML with 200', ({ reply }) => reply(200, '<h1>hello</h1>'), { code: 'bad_upstream_answer', status: 502 }],
  ['an empty 200', ({ reply }) => reply(200), { code: 'bad_upstream_answer', status: 502 }],
  ['202 to a call', ({ reply }) => reply(202), { code: 'bad_upstream_answer', status: 502 }],
  ['500 with HTML', ({ reply }) => reply(500, '<h1>oh</h1>'), { code: 'bad_upstream_answer', status: 502 }],
  ['401', ({ reply }) => reply(401), { code: 'upstream_unauthorized', status: 502 }],
  ['403', ({ reply }) => reply(403), { code: 'upstream_unauthorized', status: 502 }],
  [
    'a redirect',
    ({ reply }) => reply(307, undefined, { location: '/x' }),
    { code: 'bad_upstream_answer', status: 502 },
  ],
  [
    'the answer to another id',
    ({ reply }) => reply(200, { jsonrpc: '2.0', id: 'other', result: { content: [] } }),
    { code: 'bad_upstream_answer', status: 502 },
  ],
  [
    'a result that is no object',
    ({ reply, message }) => reply(200, { jsonrpc: '2.0', id: message?.id, result: 5 }),
    { code: 'bad_upstream_answer', status: 502 },
  ],
  [
    'an error without id',
    ({ reply }) => reply(400, { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } }),
    { name: 'RpcError', code: -32700, message: 'Parse error' },
  ],
  [
    'an error about the call itself that has the word session in it',
    ({ reply, message }) =>
      reply(400, { jsonrpc: '2.0', id: message?.id, error: { code: -32602, message: 'unknown session type' } }),
    { name: 'RpcError', code: -32602 },
  ],
  [
    'an event stream that ends without the answer',
    ({ response }) => {
      startStream(response);
      writeEvent(response, { jsonrpc: '2.0', method: 'notifications/message', params: {} });
      response.end();
    },
    { code: 'connection_lost', status: 500, detail: { message: 'Connection closed' } },
  ],
  [
    'an answer of more than 32 MiB',
    ({ reply }) => reply(200, 'x'.repeat(33 * 1024 * 1024)),
    { code: 'bad_upstream_answer', message: /larger than/ },
  ],
  [
    'an event of more than 32 MiB',
    ({ response }) => {
      startStream(response);
      response.end(`data: ${'x'.repeat(33 * 1024 * 1024)}`);
    },
    { code: 'bad_upstream_answer', message: /larger than/ },
  ],
];

test('bad answers end the call once, and the connection goes on', async (t) => {
  const http = await (await openHttp(t)).ready();
  for (const [what, behave, expected] of BAD) {
    http.server.seen.length = 0;
    http.server.behave = (exchange) => {
      if (exchange.name === 'echo') behave(exchange);
      return exchange.name === 'echo';
    };
    await assert.rejects(http.call('echo', { text: 'a' }), expected, what);
    assert.equal(http.server.requests('echo').length, 1, what);
    assert.equal(await http.call('add', { a: 1, b: 2 }), '3', what);
    assert.equal(http.server.requests('initialize').length, 0, what);
  }
});

test('a batch answer, and a batch within a stream', async (t) => {
  const http = await (await openHttp(t)).ready();
  const noise = { jsonrpc: '2.0', method: 'notifications/message', params: {} };
  const batch = (id: unknown) => [noise, { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'ok' }] } }];
  http.server.behave = ({ name, message, reply, response }) => {
    if (name === 'echo') reply(200, batch(message?.id));
    if (name !== 'add') return name === 'echo';
    startStream(response);
    response.end(`data: ${JSON.stringify(batch(message?.id))}\n\n`);
    return true;
  };
  assert.equal(await http.call('echo', { text: 'a' }), '"ok"');
  assert.equal(await http.call('add', { a: 1, b: 1 }), '"ok"');
});

test('a stream that is cut into single bytes, with comments and CRLF', async (t) => {
  const http = await (await openHttp(t)).ready();
  http.server.behave = async ({ name, message, response }) => {
    if (name !== 'echo') return false;
    startStream(response);
    const answer = { jsonrpc: '2.0', id: message?.id, result: { content: [{ type: 'text', text: 'жук 😀' }] } };
    for (const byte of Buffer.from(`: hello\r\n\r\nevent: message\r\ndata: ${JSON.stringify(answer)}\r\n\r\n`)) {
      await new Promise<void>((resolve) => response.write(Buffer.of(byte), () => resolve()));
    }
    response.end();
    return true;
  };
  assert.equal(await http.call('echo', { text: 'a' }), '"жук 😀"');
});

test('a stream that stays open after the answer does not hold the call', async (t) => {
  const http = await (await openHttp(t)).ready();
  let isClosed = false;
  http.server.behave = ({ name, message, response }) => {
    if (name !== 'echo') return false;
    startStream(response);
    response.on('close', () => {
      isClosed = true;
    });
    writeEvent(response, { jsonrpc: '2.0', id: message?.id, result: { content: [] } });
    return true;
  };
  assert.equal(await http.call('echo', { text: 'a' }), '[]');
  await until(() => isClosed);
});

test('a question on the stream of a call is answered by a POST', async (t) => {
  const http = await (await openHttp(t, { answers: 'stream' })).ready();
  http.server.behave = ({ name, response }) => {
    if (name !== 'echo') return false;
    startStream(response);
    writeEvent(response, { jsonrpc: '2.0', id: 'q1', method: 'ping' });
    writeEvent(response, { jsonrpc: '2.0', id: 'q2', method: 'sampling/createMessage', params: {} });
    return true;
  };
  const call = http.call('echo', { text: 'a' });
  call.catch(() => undefined);
  const answer = (id: string) => http.server.seen.find(({ message }) => message?.id === id)?.message;
  await until(() => answer('q1') !== undefined && answer('q2') !== undefined);
  assert.deepEqual(answer('q1'), { jsonrpc: '2.0', id: 'q1', result: {} });
  assert.match(JSON.stringify(answer('q2')), /-32601/);
});

test('an event that never ends is cut, however many comments stand in it', async (t) => {
  let sent = 0;
  const http = await (
    await openHttp(t, {
      behave: ({ name, response }) => {
        if (name !== 'echo') return false;
        startStream(response);
        const line = `data: ${'x'.repeat(1 << 20)}\n:\n`;
        const more = (): void => {
          while (!response.destroyed && sent < 200 && response.write(line)) sent += 1;
        };
        response.on('drain', more);
        more();
        return true;
      },
    })
  ).ready();
  await assert.rejects(http.call('echo', { text: 'x' }), { code: 'bad_upstream_answer', message: /larger than/ });
  assert.ok(sent < 100, `${sent} MiB were taken`);
});
