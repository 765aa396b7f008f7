/** Streamable HTTP as a peer: which answers are believed, and what a lost session means for what is under way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestMessage } from '../../../src/upstream/peer/message.ts';
import { type Exchange, SESSION_LOST, startStream } from '../../helpers/http-server.ts';
import { until } from '../../helpers/wait.ts';
import { HttpTest, result } from './http-test.ts';

for (const [what, status, body] of [
  ['404', 404, SESSION_LOST],
  ['404 in plain words', 404, 'not here'],
  [
    '400 with an error about the session',
    400,
    { ...SESSION_LOST, error: { code: -32000, message: 'No valid session ID' } },
  ],
] as const) {
  test(`a session is lost by a ${what}: nobody can have run it, and the peer closes`, async (t) => {
    const open = await HttpTest.open(t);
    await open.ready();
    open.on('echo', ({ reply }) => reply(status, body));
    const asked = open.call('echo');
    await assert.rejects(asked.answered(), { name: 'NotSentError', what: 'session' });
    await until(() => open.closed.length === 1);
    assert.match(open.closed[0] ?? '', /forgot the session/);
    await assert.rejects(open.call('add').answered(), { name: 'NotSentError', what: 'session' });
    assert.equal(open.server.requests('add').length, 0);
  });
}

test('a lost session lets others that are under way end by themselves', async (t) => {
  const open = await HttpTest.open(t);
  await open.ready();
  let finish = (): void => undefined;
  open.on('slow', (exchange) => {
    finish = () => exchange.reply(200, result(exchange));
  });
  const slow = open.call('slow');
  await until(() => open.server.requests('slow').length === 1);
  const stuck = open.call('slow');
  await until(() => open.server.requests('slow').length === 2);
  const finishStuck = finish;
  open.server.forget();
  const lost = open.call('echo');
  await assert.rejects(lost.answered(), { what: 'session' });
  assert.deepEqual(open.closed, []);
  finishStuck();
  await stuck.answered();
  // The other one is never answered.
  await assert.rejects(slow.answered(), { code: 'connection_lost' });
  assert.equal(open.closed.length, 1);
});

test('a session that sounds lost is given up, but nothing is repeatable', async (t) => {
  const open = await HttpTest.open(t);
  await open.ready();
  open.on('echo', ({ reply }) => reply(400, 'Bad Request: No valid session ID provided'));
  await assert.rejects(open.call('echo').answered(), { code: 'bad_upstream_answer' });
  assert.equal(open.closed.length, 1);
});

test('an error status may carry the answer, with or without its id', async (t) => {
  const open = await HttpTest.open(t);
  await open.ready();
  const error = { code: -32602, message: 'unknown session type', data: 1 };
  open.on('own', ({ reply, message }) => reply(400, { jsonrpc: '2.0', id: message?.id, error }));
  open.on('none', ({ reply }) => reply(500, { jsonrpc: '2.0', id: null, error }));
  for (const name of ['own', 'none']) {
    const asked = await open.pass(requestMessage(name, 'tools/call', { name })).answered();
    assert.deepEqual([asked.id, asked.error], [name, error]);
  }
  assert.deepEqual(open.closed, []);
});

const BAD: readonly [string, (exchange: Exchange) => void, object][] = [
  ['HTML', ({ reply }) => reply(200, '<h1>hello</h1>'), { code: 'bad_upstream_answer' }],
  ['202', ({ reply }) => reply(202), { code: 'bad_upstream_answer' }],
  ['500', ({ reply }) => reply(500, 'oh'), { code: 'bad_upstream_answer' }],
  ['another id', ({ reply }) => reply(200, { jsonrpc: '2.0', id: 'x', result: {} }), { code: 'bad_upstream_answer' }],
  [
    'no JSON-RPC',
    (exchange) => exchange.reply(200, { ...result(exchange), jsonrpc: 2 }),
    { code: 'bad_upstream_answer' },
  ],
  ['401 with an answer', (exchange) => exchange.reply(401, result(exchange)), { code: 'upstream_unauthorized' }],
  ['a redirect', ({ reply }) => reply(307, undefined, { location: '/x' }), { code: 'bad_upstream_answer' }],
  ['more than 32 MiB', ({ reply }) => reply(200, 'x'.repeat(33 * 1024 * 1024)), { code: 'bad_upstream_answer' }],
  [
    'a stream without ids that ends',
    ({ response }) => {
      startStream(response);
      response.end('data: {"jsonrpc":"2.0","method":"n"}\n\n');
    },
    { code: 'connection_lost' },
  ],
  ['a connection that breaks', ({ response }) => response.destroy(), { code: 'connection_lost' }],
];

test('bad answers fail their own request alone', async (t) => {
  const open = await HttpTest.open(t);
  await open.ready();
  for (const [what, behave, expected] of BAD) {
    open.on('echo', behave);
    const before = open.server.requests('echo').length;
    await assert.rejects(open.call('echo').answered(), expected, what);
    assert.equal(open.server.requests('echo').length, before + 1, what);
    assert.equal(await open.call('add', { a: 1, b: 2 }).text(), '3', what);
  }
  assert.deepEqual(open.closed, []);
});

test('a server that is not there has seen nothing', async (t) => {
  const open = await HttpTest.open(t);
  await open.server.stop();
  await assert.rejects(open.ask('initialize').answered(), { name: 'NotSentError', what: 'connection' });
});
