/** One child for many callers of 2026-07-28: whoever asked gets the answer, and nobody else hears of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { notificationMessage, readMessage } from '../../../src/upstream/peer/message.ts';
import { ModernStdioPeer } from '../../../src/upstream/peer/modern-stdio-peer.ts';
import { NotSentError } from '../../../src/upstream/wire.ts';
import { Asked } from '../../helpers/asked.ts';
import { childEndpoint, commandEndpoint, type StdioEndpoint, TSX } from '../../helpers/configs.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { until } from '../../helpers/wait.ts';
import { call, META, modernRequest } from './modern-request.ts';
import { scriptEndpoint } from './peer-test.ts';

const SDK_CHILD = fileURLToPath(new URL('./modern-sdk-child.ts', import.meta.url));
const SDK = commandEndpoint(process.execPath, ['--import', TSX, SDK_CHILD]);
const MODERN_CHILD = childEndpoint({ revision: '2026-07-28' });

interface Open {
  readonly peer: ModernStdioPeer;
  readonly closed: string[];
}

function open(t: TestContext, endpoint: StdioEndpoint): Open {
  const closed: string[] = [];
  const events = {
    onMessage: () => assert.fail('a message for nobody in particular'),
    onClosed: (reason: string) => void closed.push(reason),
  };
  const peer = new ModernStdioPeer(endpoint, events, new MemoryLog());
  t.after(() => peer.close());
  return { peer, closed };
}

/** A child that answers `tools/call` by running `script` with the request as `m`, its arguments as `args`, and `send`. */
function scripted(t: TestContext, script: string): Open {
  const endpoint = scriptEndpoint(`
    const send = (message) => say(JSON.stringify({ jsonrpc: '2.0', ...message }));
    const answer = (id, text) => send({ id, result: { content: [{ type: 'text', text: String(text) }] } });
    lines((line) => {
      const m = JSON.parse(line);
      const args = m.params?.arguments ?? {};
      const meta = m.params?._meta ?? {};
      ${script}
    });`);
  return open(t, endpoint as StdioEndpoint);
}

test('equal ids and equal progress tokens of two callers are told apart', async (t) => {
  const { peer } = open(t, MODERN_CHILD);
  const one = new Asked(
    peer,
    modernRequest('tools/call', { name: 'progress', arguments: { steps: 3, ms: 1 } }, { progressToken: 7 }, 1),
  );
  const two = new Asked(
    peer,
    modernRequest('tools/call', { name: 'progress', arguments: { steps: 5, ms: 1 } }, { progressToken: 7 }, 1),
  );
  const three = new Asked(peer, modernRequest('tools/call', { name: 'echo', arguments: { text: 'x' } }, {}, 1));
  const answers = await Promise.all([one.answered(), two.answered(), three.answered()]);
  assert.deepEqual(
    answers.map(({ id }) => id),
    [1, 1, 1],
  );
  assert.deepEqual(
    [one, two, three].map(({ messages }) => messages.map(({ params }) => [params.progressToken, params.progress])),
    [3, 5, 0].map((steps) => Array.from({ length: steps }, (_, n) => [7, n + 1])),
  );
});

test('large integers pass, as an id and as a token, and what is unknown stays', async (t) => {
  const { peer } = scripted(
    t,
    `send({ method: 'notifications/progress', params: { progressToken: meta.progressToken, progress: 1, odd: [] } });
     say(JSON.stringify({ jsonrpc: '2.0', id: m.id, result: {} }).replace('{}', '{"n":12345678901234567890,"line":' + JSON.stringify(line) + '}'));`,
  );
  const message = readMessage(
    '{"jsonrpc":"2.0","id":11111111111111111111,"method":"tools/call","params":{"name":"a","arguments":{"n":98765432109876543210},"_meta":{"progressToken":22222222222222222222,"own":1}}}',
  );
  assert.ok(message);
  const asked = new Asked(peer, message);
  const answer = await asked.answered();
  assert.match(answer.text, /"id":11111111111111111111[,}]/);
  assert.match(answer.text, /"n":12345678901234567890/);
  assert.match(answer.text, /98765432109876543210/);
  assert.match(answer.text, /own/);
  assert.match(asked.messages[0]?.text ?? '', /"progressToken":22222222222222222222,"progress":1,"odd":\[\]/);
});

test('a subscription hears its own changes under its own id, until it is cancelled', async (t) => {
  const { peer } = open(t, SDK);
  const listen = (notifications: object): Asked =>
    new Asked(peer, modernRequest('subscriptions/listen', { notifications }, {}, 'mine'));
  const tools = listen({ toolsListChanged: true });
  const resources = listen({ resourceSubscriptions: ['test://a'] });
  await until(() => tools.messages.length === 1 && resources.messages.length === 1);
  await new Asked(peer, call('change', { what: 'test://a' })).text();
  await new Asked(peer, call('change', { what: 'tools' })).text();
  await until(() => tools.messages.length === 2 && resources.messages.length === 2);
  for (const { messages } of [tools, resources]) {
    for (const { params } of messages) assert.deepEqual(params._meta, { [`${META}/subscriptionId`]: 'mine' });
  }
  assert.equal(resources.messages[1]?.params.uri, 'test://a');
  tools.cancel();
  await new Asked(peer, call('change', { what: 'tools' })).text();
  assert.equal(tools.messages.length, 2);
  assert.ok(!resources.isOver);
});

test('a subscription that the server ends is answered under the id of its caller', async (t) => {
  const { peer } = scripted(
    t,
    `send({ id: m.id, result: { resultType: 'complete', _meta: { '${META}/subscriptionId': m.id, other: 1 } } });`,
  );
  const asked = new Asked(peer, modernRequest('subscriptions/listen', { notifications: {} }, {}, 'mine'));
  assert.deepEqual(await asked.result(), {
    resultType: 'complete',
    _meta: { [`${META}/subscriptionId`]: 'mine', other: 1 },
  });
});

test('log lines reach the only caller who asks for them', async (t) => {
  const { peer } = open(t, SDK);
  const asked = new Asked(peer, call('log', { text: 'a' }, { [`${META}/logLevel`]: 'info' }));
  assert.equal(await asked.text(), 'logged');
  assert.deepEqual(
    asked.messages.map(({ params }) => params.data),
    ['loud a'],
  );
});

test('log lines that may be about somebody else reach nobody', async (t) => {
  const { peer } = scripted(
    t,
    `if (m.id === undefined) return;
     if (args.hold) return;
     send({ method: 'notifications/message', params: { level: 'info', data: 'whose?' } });
     answer(m.id, 'done');`,
  );
  const logged = { [`${META}/logLevel`]: 'debug' };
  const other = new Asked(peer, call('a', { hold: true }));
  const beside = new Asked(peer, call('b', {}, logged));
  assert.equal(await beside.text(), 'done');
  assert.deepEqual(beside.messages, []);
  other.cancel();
  const after = new Asked(peer, call('c', {}, logged));
  assert.equal(await after.text(), 'done');
  assert.deepEqual(after.messages, []);
});

test('questions, changes without a subscription and foreign tokens reach nobody', async (t) => {
  const { peer } = scripted(
    t,
    `send({ id: 'q', method: 'sampling/createMessage', params: { _meta: { '${META}/subscriptionId': m.id } } });
     send({ method: 'notifications/message', params: { level: 'info', data: 'unasked' } });
     send({ id: 'p', method: 'ping' });
     send({ method: 'notifications/tools/list_changed' });
     send({ method: 'notifications/progress', params: { progressToken: 999, progress: 1 } });
     send({ method: 'notifications/progress', params: { progressToken: m.id, progress: 1 } });
     send({ method: 'notifications/odd', params: {} });
     answer(m.id, 'done');`,
  );
  const asked = new Asked(peer, call('a'));
  assert.equal(await asked.text(), 'done');
  assert.deepEqual(asked.messages, []);
});

test('cancelling names the request as the child knows it', async (t) => {
  const { peer } = scripted(
    t,
    `globalThis.seen ??= [];
     if (m.method === 'notifications/cancelled') globalThis.seen.push(m.params);
     else if (args.tell) answer(m.id, JSON.stringify(globalThis.seen));
     else globalThis.first ??= m.id;`,
  );
  const first = new Asked(peer, modernRequest('tools/call', { name: 'a' }, {}, 'same'));
  const second = new Asked(peer, modernRequest('tools/call', { name: 'b' }, {}, 'same'));
  second.cancel(notificationMessage('notifications/cancelled', { requestId: 'same', reason: 'mine' }));
  first.cancel();
  const seen = JSON.parse(await new Asked(peer, call('c', { tell: true })).text()) as Record<string, unknown>[];
  assert.equal(seen.length, 2);
  assert.equal(seen[0]?.reason, 'mine');
  assert.equal(typeof seen[0]?.requestId, 'number');
  assert.equal(Number(seen[0]?.requestId), Number(seen[1]?.requestId) + 1);
});

test('errors of the protocol get the HTTP status that they have there', async (t) => {
  const { peer } = scripted(t, `send({ id: m.id, error: { code: args.code, message: 'no' } });`);
  for (const [code, status] of [
    [-32601, 404],
    [-32020, 400],
    [-32021, 400],
    [-32022, 400],
    [-32602, 200],
  ]) {
    const asked = new Asked(peer, call('a', { code }));
    assert.equal((await asked.answered()).error?.code, code);
    assert.equal(asked.status, status);
  }
});

test('the end of the child fails what waits and is told', async (t) => {
  const { peer, closed } = scripted(t, `if (args.die) process.exit(3);`);
  const waiting = new Asked(peer, call('a'));
  const dying = new Asked(peer, call('b', { die: true }));
  await assert.rejects(waiting.answered(), { code: 'connection_lost' });
  await assert.rejects(dying.answered(), { code: 'connection_lost' });
  await until(() => closed.length === 1);
  await assert.rejects(new Asked(peer, call('c')).answered(), NotSentError);
});

test('what is nested too deeply to be written fails alone', async (t) => {
  const { peer } = scripted(
    t,
    `if (args.deep) say('{"jsonrpc":"2.0","id":' + m.id + ',"result":' + '['.repeat(50000) + ']'.repeat(50000) + '}');
     else answer(m.id, 'done');`,
  );
  const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
  const message = readMessage(text);
  assert.ok(message);
  await assert.rejects(new Asked(peer, message).answered(), { code: 'invalid_arguments' });
  await assert.rejects(new Asked(peer, call('a', { deep: true })).answered(), { code: 'bad_upstream_answer' });
  assert.equal(await new Asked(peer, call('b')).text(), 'done');
});

test('fifty callers with the same ids get their own answers', async (t) => {
  const { peer } = open(t, MODERN_CHILD);
  const texts = Array.from({ length: 50 }, (_, n) => `text ${n}`);
  const asked = texts.map(
    (text) => new Asked(peer, modernRequest('tools/call', { name: 'echo', arguments: { text } }, {}, 5)),
  );
  assert.deepEqual(await Promise.all(asked.map((one) => one.text())), texts);
});
