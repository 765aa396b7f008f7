/** A stream that breaks off before its answer is picked up where it ended (2025-11-25, Streamable HTTP, resumability). */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { type Exchange, startStream } from '../../helpers/http-server.ts';
import { until } from '../../helpers/wait.ts';
import { HttpTest, result } from './http-test.ts';

/** Writes one event; `message` undefined: empty data, which only says that the stream can be resumed. */
function event(response: ServerResponse, id: string, message?: object): void {
  response.write(`id: ${id}\ndata: ${message === undefined ? '' : JSON.stringify(message)}\n\n`);
}

function isResumption({ request }: Exchange): boolean {
  return request.method === 'GET' && request.headers['last-event-id'] !== undefined;
}

/** A server whose tool `long` begins a stream by `begin`, and that `resume`s it. */
async function openResuming(
  t: Parameters<typeof HttpTest.open>[0],
  begin: (exchange: Exchange) => void,
  resume: (exchange: Exchange, call: Exchange) => void,
): Promise<HttpTest> {
  const open = await HttpTest.open(t);
  await open.ready();
  await until(() => open.server.streams === 1);
  let call: Exchange | undefined;
  open.server.behave = (exchange) => {
    if (exchange.name === 'long') {
      call = exchange;
      begin(exchange);
    } else if (isResumption(exchange) && call !== undefined) {
      resume(exchange, call);
    } else {
      return false;
    }
    return true;
  };
  return open;
}

function resumptions(open: HttpTest): string[] {
  return open.server.seen.flatMap(({ headers }) => headers['last-event-id'] ?? []) as string[];
}

/** A stream that says how to come back, and ends. */
function beginAndEnd({ response }: Exchange): void {
  startStream(response);
  response.write('retry: 120\n');
  event(response, 'e1');
  response.end();
}

test('a stream that ends after an event with an id goes on by GET, and not before the server wants it', async (t) => {
  let [endedAt, cameAt] = [0, 0];
  const open = await openResuming(
    t,
    (exchange) => {
      beginAndEnd(exchange);
      endedAt = performance.now();
    },
    ({ response }, call) => {
      cameAt = performance.now();
      startStream(response);
      event(response, 'e2', { jsonrpc: '2.0', method: 'notifications/message', params: {} });
      event(response, 'e3', { jsonrpc: '2.0', id: 'q', method: 'ping' });
      event(response, 'e4', result(call, { content: [{ type: 'text', text: 'after all' }] }));
    },
  );
  const call = open.call('long');
  assert.equal(await call.text(), 'after all');
  assert.deepEqual(
    call.messages.map(({ method }) => method),
    ['notifications/message', 'ping'],
  );
  assert.deepEqual(open.messages, []);
  assert.deepEqual(resumptions(open), ['e1']);
  const get = open.server.seen.find(({ headers }) => headers['last-event-id'] !== undefined);
  assert.ok(get?.headers['mcp-session-id']);
  assert.equal(get?.headers['mcp-protocol-version'], '2025-11-25');
  // A timer may be early by a millisecond, never by more.
  assert.ok(cameAt - endedAt >= 118, `came after ${cameAt - endedAt} ms`);
  assert.equal(open.server.requests('long').length, 1);
});

test('a stream may break again and again as long as it brings something', async (t) => {
  let n = 1;
  const open = await openResuming(t, beginAndEnd, ({ response }, call) => {
    startStream(response);
    n += 1;
    if (n === 5) event(response, `e${n}`, result(call));
    else event(response, `e${n}`, { jsonrpc: '2.0', method: 'n' });
    setImmediate(() => response.destroy());
  });
  const call = open.call('long');
  await call.answered();
  assert.equal(call.messages.length, 3);
  assert.deepEqual(resumptions(open), ['e1', 'e2', 'e3', 'e4']);
});

test('a server that is away for a moment is tried again', async (t) => {
  let tries = 0;
  const open = await openResuming(t, beginAndEnd, (exchange, call) => {
    tries += 1;
    if (tries === 1) exchange.response.destroy();
    else if (tries === 2) exchange.reply(503);
    else {
      startStream(exchange.response);
      event(exchange.response, 'e2', result(call));
    }
  });
  await open.call('long').answered();
  assert.deepEqual(resumptions(open), ['e1', 'e1', 'e1']);
});

for (const status of [404, 405, 400, 403]) {
  test(`a GET that is refused by ${status} ends the request, which nobody may repeat`, async (t) => {
    const open = await openResuming(t, beginAndEnd, ({ reply }) => reply(status));
    await assert.rejects(open.call('long').answered(), { code: 'connection_lost' });
    assert.deepEqual(resumptions(open), ['e1']);
    assert.equal(await open.call('add', { a: 1, b: 1 }).text(), '2');
    assert.deepEqual(open.closed, []);
  });
}

test('nobody resumes what was given up, or an id that no header can carry', async (t) => {
  const open = await openResuming(t, beginAndEnd, () => assert.fail('resumed'));
  const call = open.call('long');
  await until(() => open.server.requests('long').length === 1);
  // The end of the stream has been read, and the pause has begun.
  await open.call('add', { a: 1, b: 1 }).text();
  call.cancel();
  await until(() => open.server.requests('notifications/cancelled').length === 1);
  open.on('odd', ({ response }) => {
    startStream(response);
    event(response, 'ü');
    response.end();
  });
  await assert.rejects(open.call('odd').answered(), { code: 'connection_lost' });
  await open.peer.close();
  assert.deepEqual(resumptions(open), []);
});
