/** A child as a peer: texts pass as they are, and each answer finds its request. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { notificationMessage, readMessage, requestMessage, resultMessage } from '../../../src/upstream/peer/message.ts';
import { ChildRecord, childEndpoint, commandEndpoint, isRunning } from '../../helpers/configs.ts';
import { until } from '../../helpers/wait.ts';
import { callsAtOnce } from './contract.ts';
import { OpenPeer, scriptEndpoint } from './peer-test.ts';

/** A child that answers each request by the line that it read, as text. */
const MIRROR = `lines((line) => {
  const { id, method } = JSON.parse(line);
  if (id !== undefined && method !== undefined) say(JSON.stringify({ jsonrpc: '2.0', id, result: { line } }));
});`;

function script(t: TestContext, text: string): OpenPeer {
  return new OpenPeer(t, scriptEndpoint(text));
}

test('a handshake, a call, and 200 calls at once', async (t) => {
  const open = new OpenPeer(t, childEndpoint());
  const { result } = await open.ready();
  assert.deepEqual(result?.serverInfo, { name: 'test-server', version: '1.2.3' });
  await callsAtOnce(open);
  assert.deepEqual(open.messages, []);
});

test('no process before the first request, and none after the end', async (t) => {
  const record = new ChildRecord();
  t.after(() => record.remove());
  const open = new OpenPeer(t, childEndpoint({ record: record.file }));
  open.peer.send(notificationMessage('notifications/initialized'));
  assert.equal(record.starts(), 0);
  await open.ready();
  assert.equal(record.starts(), 1);
  await open.peer.close();
  assert.ok(record.pids().every((pid) => !isRunning(pid)));
  assert.deepEqual(open.closed, []);
  await assert.rejects(open.call('add').answered(), { name: 'NotSentError', what: 'connection' });
});

test('texts pass byte for byte, both ways', async (t) => {
  const open = script(
    t,
    `lines((line) => say('{"jsonrpc":"2.0", "id":"a","x":12345678901234567890,"result":' + line + '}'));`,
  );
  const text = '{"jsonrpc":"2.0","id":"a","method":"m","params":{"n":9007199254740993,"s":"жук\\u0000 😀","e":1.0}}';
  const answer = await open.pass(readMessage(text) as never).answered();
  assert.equal(answer.text, `{"jsonrpc":"2.0", "id":"a","x":12345678901234567890,"result":${text}}`);
});

test('a message over several lines is written as one', async (t) => {
  const open = script(t, MIRROR);
  const text =
    '{\r\n  "jsonrpc": "2.0",\n\n  "id": 1,\r"method": "m", "params": {"n": 9007199254740993, "s": "a\\nb"}\n}';
  const { result } = await open.pass(readMessage(text) as never).answered();
  assert.match(String(result?.line), /^[^\r\n]*$/);
  assert.match(String(result?.line), /"n": 9007199254740993, "s": "a\\nb"/);
});

test('answers that are late, doubled or of an unknown id are dropped', async (t) => {
  const open = script(
    t,
    `lines((line) => {
      const { id, method } = JSON.parse(line);
      if (method === 'notifications/cancelled') return say('{"jsonrpc":"2.0","id":1,"result":{"late":true}}');
      if (method === 'wait') return;
      say('{"jsonrpc":"2.0","id":"nobody","result":{}}');
      say(JSON.stringify({ jsonrpc: '2.0', id: String(id), result: { wrong: true } }));
      say(JSON.stringify({ jsonrpc: '2.0', id, result: { which: 1 } }));
      say(JSON.stringify({ jsonrpc: '2.0', id, result: { which: 2 } }));
    });`,
  );
  const waiting = open.ask('wait');
  waiting.cancel();
  assert.deepEqual((await open.ask('two').answered()).result, { which: 1 });
  assert.deepEqual((await open.ask('two').answered()).result, { which: 1 });
  assert.equal(waiting.answer, undefined);
  assert.deepEqual(open.messages, []);
});

test('garbage is no message, and a batch is taken apart', async (t) => {
  const open = script(
    t,
    `lines((line) => {
      const { id } = JSON.parse(line);
      say('Server running on stdio');
      process.stdout.write('\\r\\n42\\r\\n[]\\n');
      say('[{"jsonrpc":"2.0","method":"a","params":{"n":9007199254740993}},5,[],{"jsonrpc":"2.0","id":' + id + ',"result":{}}]');
    });`,
  );
  await open.ask('m').answered();
  assert.deepEqual(
    open.messages.map(({ text }) => text),
    ['{"jsonrpc":"2.0","method":"a","params":{"n":9007199254740993}}'],
  );
  assert.ok(open.log.matching(/no JSON was ignored/).some(({ level }) => level === 'debug'));
});

test('lines that are cut within a character come whole', async (t) => {
  const open = new OpenPeer(t, childEndpoint({ splitWrites: true }));
  await open.ready();
  assert.equal(await open.call('echo', { text: 'жук 😀' }).text(), 'жук 😀');
});

test('what the server asks and says in the middle of a call passes on, and the answer goes back', async (t) => {
  const open = script(
    t,
    `lines((line) => {
      const message = JSON.parse(line);
      if (message.method === 'tools/call') {
        say('{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"maxTokens":5}}');
        say('{"jsonrpc":"2.0","id":"p","method":"ping"}');
        say('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info"}}');
      } else {
        say(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { got: message.result } }));
      }
    });`,
  );
  const call = open.call('any');
  await until(() => open.messages.length === 3);
  assert.deepEqual(
    open.messages.map(({ kind, method }) => [kind, method]),
    [
      ['request', 'sampling/createMessage'],
      ['request', 'ping'],
      ['notification', 'notifications/message'],
    ],
  );
  // The ids of both sides may be equal: they count for themselves.
  open.peer.send(resultMessage(1, { model: 'm' }));
  assert.deepEqual((await call.answered()).result, { got: { model: 'm' } });
  assert.deepEqual(call.messages, []);
});

test('progress goes to the request that named its token, and to nobody else', async (t) => {
  const open = new OpenPeer(t, childEndpoint());
  await open.ready();
  const first = open.call('progress', { steps: 3, ms: 1 }, { progressToken: 'a' });
  const second = open.call('progress', { steps: 2, ms: 1 }, { progressToken: 1 });
  await Promise.all([first.text(), second.text()]);
  assert.deepEqual(
    first.messages.map(({ params }) => [params.progressToken, params.progress]),
    [1, 2, 3].map((step) => ['a', step]),
  );
  assert.deepEqual(
    second.messages.map(({ params }) => [params.progressToken, params.progress]),
    [1, 2].map((step) => [1, step]),
  );
  assert.deepEqual(open.messages, []);
});

test('progress of nobody known is for the session', async (t) => {
  const progress = (token: string) =>
    `say('{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token}}}');`;
  const open = script(
    t,
    `lines((line) => { ${progress('"x"')} ${progress('"1"')} say('{"jsonrpc":"2.0","id":1,"result":{}}'); ${progress('1')} });`,
  );
  const asked = open.call('any', {}, { progressToken: 1 });
  await asked.answered();
  await until(() => open.messages.length === 3);
  assert.deepEqual(
    open.messages.map(({ params }) => params.progressToken),
    ['x', '1', 1],
  );
  assert.deepEqual(asked.messages, []);
});

test('who gives up tells the server, in the words of the caller if there are any', async (t) => {
  const record = new ChildRecord();
  t.after(() => record.remove());
  const open = new OpenPeer(t, childEndpoint({ record: record.file }));
  await open.ready();
  const own = open.call('slow', { ms: 60_000 });
  const theirs = open.call('slow', { ms: 60_000 });
  await until(() => record.count('tools/call', 'slow') === 2);
  own.cancel();
  theirs.cancel(notificationMessage('notifications/cancelled', { requestId: 3, reason: 'no more', more: 1 }));
  theirs.cancel();
  assert.equal(await open.call('cancelled').text(), '["slow","slow"]');
  const notices = record
    .events()
    .flatMap((one) => (one.event === 'message' && one.method === 'notifications/cancelled' ? [one.params] : []));
  assert.deepEqual(notices, [
    { requestId: 2, reason: 'The caller gave up' },
    { requestId: 3, reason: 'no more', more: 1 },
  ]);
});

test('initialize is given up without a word', async (t) => {
  const record = new ChildRecord();
  t.after(() => record.remove());
  const open = new OpenPeer(t, childEndpoint({ record: record.file, onInitialize: 'hang' }));
  open.ask('initialize').cancel();
  assert.equal((await open.ask('ping').answered()).error?.code, -32002);
  assert.equal(record.count('notifications/cancelled'), 0);
});

test('a process that ends fails what waits once, then tells its last words', async (t) => {
  const open = new OpenPeer(t, childEndpoint());
  await open.ready();
  const slow = open.call('slow', { ms: 60_000 });
  const die = open.call('die', { code: 3 });
  for (const asked of [slow, die]) {
    await assert.rejects(asked.answered(), { code: 'connection_lost', privateDetail: /exit code 3/ });
  }
  await until(() => open.closed.length > 0);
  await assert.rejects(open.call('add').answered(), { name: 'NotSentError' });
  const last = new OpenPeer(t, childEndpoint({ atStart: 'die' }));
  await assert.rejects(last.ask('initialize').answered(), { privateDetail: /exit code 7.*cannot read my settings/ });
  await until(() => last.closed.length === 1);
  assert.equal(open.closed.length, 1);
});

test('a last answer before the end is heard', async (t) => {
  const open = new OpenPeer(t, childEndpoint());
  await open.ready();
  assert.equal(await open.call('answer-and-die').text(), 'last');
});

test('a command that does not exist took nothing', async (t) => {
  const open = new OpenPeer(t, commandEndpoint('/nowhere/at-all', []));
  const [first, second] = [open.ask('initialize'), open.ask('ping')];
  await assert.rejects(first.answered(), { name: 'NotSentError', message: /cannot start \/nowhere\/at-all/ });
  await assert.rejects(second.answered(), { name: 'NotSentError' });
  assert.equal(open.closed.length, 1);
});

test('closing fails what waits', async (t) => {
  const open = new OpenPeer(t, childEndpoint());
  await open.ready();
  const slow = open.call('slow', { ms: 60_000 });
  await Promise.all([open.peer.close(), assert.rejects(slow.answered(), { code: 'connection_lost' })]);
  assert.deepEqual(open.closed, []);
});

test('a message of more than 32 MiB is dropped; the only request that waits is told', async (t) => {
  const open = new OpenPeer(t, childEndpoint());
  await open.ready();
  await assert.rejects(open.call('big', { bytes: 33 * 1024 * 1024 }).answered(), { code: 'bad_upstream_answer' });
  assert.equal(await open.call('add', { a: 1, b: 1 }).text(), '2');
});

test('a process that does not read gets no more than 32 MiB', async (t) => {
  const open = script(t, 'setInterval(() => undefined, 1e6);');
  const large = requestMessage('large', 'm', { text: 'x'.repeat(20 * 1024 * 1024) });
  open.pass(large);
  open.pass(requestMessage('larger', 'm', large.params));
  const refused = open.ask('m');
  await assert.rejects(refused.answered(), { code: 'server_unavailable', status: 503 });
  open.peer.send(notificationMessage('n'));
  assert.equal(open.log.matching(/dropped/).length, 1);
});

test('an error without id is about the only request that waits', async (t) => {
  const open = script(
    t,
    `lines(() => say('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error","data":9007199254740993}}'));`,
  );
  const answer = await open.pass(requestMessage('mine', 'm')).answered();
  assert.equal(answer.id, 'mine');
  assert.match(answer.text, /"data":9007199254740993/);
});

test('what answers a request without being JSON-RPC fails it at once', async (t) => {
  const open = script(t, `lines((line) => say(JSON.stringify({ id: JSON.parse(line).id, result: {} })));`);
  await assert.rejects(open.ask('m').answered(), { code: 'bad_upstream_answer' });
});
