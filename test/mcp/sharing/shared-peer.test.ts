/** Many callers on one upstream session. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Message, notificationMessage } from '../../../src/upstream/peer/message.ts';
import { Asked, ask, call } from '../../helpers/asked.ts';
import { urlEndpoint } from '../../helpers/configs.ts';
import { until } from '../../helpers/wait.ts';
import { askingChild } from '../asking-server.ts';
import { type Caller, callers, http, pair, share } from './story.ts';

function progressOf(asked: Asked): unknown[] {
  return asked.messages.map(({ params }) => [params.progressToken, params.message]);
}

test('initialize is answered from one session, in the revision a caller asks for if the server is as new', async (t) => {
  const { server, shared } = await http(t);
  const versions = ['2025-11-25', '2025-03-26', '1999-01-01', '2026-07-28', undefined];
  const answers = await Promise.all(
    callers(shared, versions.length).map(({ peer }, index) =>
      ask(peer, 'init', 'initialize', { protocolVersion: versions[index], capabilities: { sampling: {} } }).answered(),
    ),
  );
  assert.deepEqual(
    answers.map(({ result }) => result?.protocolVersion),
    ['2025-11-25', '2025-03-26', '2025-11-25', '2025-11-25', '2025-11-25'],
  );
  for (const { id, result } of answers) {
    assert.equal(id, 'init');
    assert.equal(result?.instructions, 'Ask and be asked.');
    assert.deepEqual(result?.serverInfo, { name: 'asking', version: '3.2.1', title: 'Asks' });
  }
  assert.equal(server.started(), 1);
  await until(() => server.record.clients.length > 0);
  assert.deepEqual(server.record.clients, [{}]);
});

test('fifty callers with the same ids and progress tokens each get what is theirs', async (t) => {
  for (const endpoint of [askingChild(), urlEndpoint('http', (await http(t)).server.url)]) {
    const all = callers(share(t, endpoint), 50);
    const asked = all.map(({ peer }, index) =>
      call(peer, 1, 'progress', { steps: 3, note: `n${index}` }, { progressToken: 'same' }),
    );
    for (const [index, one] of asked.entries()) {
      assert.equal(await one.text(), `n${index}`);
      assert.equal(one.answer?.id, 1);
      assert.deepEqual(progressOf(one), Array(3).fill(['same', `n${index}`]));
    }
    for (const { heard } of all) assert.deepEqual(heard.messages, []);
  }
});

test('progress that nobody asked for goes to nobody', async (t) => {
  const shared = share(t, askingChild());
  const [ann, bob] = pair(shared);
  const bobs = call(bob.peer, 1, 'slow', { ms: 300 }, { progressToken: 1 });
  // The server reports under a token that the other caller has, on its own side.
  const anns = call(ann.peer, 1, 'progress', { steps: 2, note: 'x' });
  await anns.text();
  await bobs.text();
  assert.deepEqual([...anns.messages, ...bobs.messages, ...ann.heard.messages, ...bob.heard.messages], []);
});

test('progress under the token of another is dropped, whoever it comes with', async (t) => {
  const { shared } = await http(t);
  const [ann, bob] = pair(shared);
  const anns = call(ann.peer, 1, 'slow', { ms: 200 }, { progressToken: 'a' });
  const bobs = call(bob.peer, 1, 'forge', {}, { progressToken: 'b' });
  assert.deepEqual([await bobs.text(), await anns.text()], ['forged', 'slept']);
  assert.deepEqual(progressOf(bobs), [['b', undefined]]);
  assert.deepEqual(anns.messages, []);
});

test('unknown fields, integers beyond 2^53 and other keys of _meta survive', async (t) => {
  const { shared } = await http(t);
  const [{ peer }] = pair(shared);
  const list = await ask(peer, 7, 'tools/list').answered();
  assert.equal(list.result?.['x-result'], 1);
  assert.match(list.text, /"x-vendor":\{"kept":true\}/);
  assert.equal(list.id, 7);
  const echo = call(peer, '9007199254740993', 'echo', { text: 'ö' }, { progressToken: 3, 'x/y': 1 });
  assert.equal(await echo.text(), 'ö');
  assert.equal(echo.answer?.id, '9007199254740993');
});

test('cancelling ends one request of one caller', async (t) => {
  for (const kind of ['http', 'stdio'] as const) {
    const { server } = await http(t);
    const shared = share(t, kind === 'http' ? urlEndpoint('http', server.url) : askingChild());
    const [ann, bob] = pair(shared);
    const anns = call(ann.peer, 5, 'slow', { ms: 60_000, name: 'ann' });
    const bobs = call(bob.peer, 5, 'slow', { ms: 300, name: 'bob' });
    await ask(bob.peer, 6, 'tools/list').answered();
    anns.cancel(notificationMessage('notifications/cancelled', { requestId: 5, reason: 'enough' }));
    assert.equal(await bobs.text(), 'slept');
    const record = async (): Promise<string> => call(bob.peer, 7, 'record').text();
    await until(async () => JSON.parse(await record()).cancelled.length > 0);
    assert.deepEqual(JSON.parse(await record()).cancelled, ['ann']);
    assert.equal(anns.messages.length, 0);
  }
});

test('log messages come with the call that caused them, from the level that its caller chose', async (t) => {
  const { server, shared } = await http(t);
  const [ann, bob] = pair(shared);
  assert.deepEqual(await ask(ann.peer, 1, 'logging/setLevel', { level: 'debug' }).result(), {});
  assert.deepEqual(await ask(bob.peer, 1, 'logging/setLevel', { level: 'error' }).result(), {});
  assert.equal(await ask(bob.peer, 2, 'logging/setLevel', { level: 'loud' }).code(), -32602);
  const levels = ['debug', 'info', 'error'];
  const [anns, bobs] = [ann, bob].map(({ peer }) => call(peer, 3, 'log', { levels, data: 'd' })) as [Asked, Asked];
  await Promise.all([anns.text(), bobs.text()]);
  assert.deepEqual(
    anns.messages.map(({ params }) => params.level),
    levels,
  );
  assert.deepEqual(
    bobs.messages.map(({ params }) => params.level),
    ['error'],
  );
  assert.deepEqual(server.record.levels, ['debug']);
  await ask(ann.peer, 4, 'logging/setLevel', { level: 'critical' }).result();
  assert.deepEqual(server.record.levels, ['debug', 'error']);
});

test('a log message that belongs to no request reaches nobody', async (t) => {
  for (const endpoint of [askingChild(), urlEndpoint('http', (await http(t)).server.url)]) {
    const [ann, bob] = pair(share(t, endpoint));
    await ask(bob.peer, 1, 'tools/list').answered();
    const anns = call(ann.peer, 1, 'stray', { data: 'secret of ann' });
    await anns.text();
    // Whatever was on its way has come when this is told.
    await call(ann.peer, 2, 'change').text();
    await until(() => bob.heard.count('notifications/tools/list_changed') === 1);
    assert.doesNotMatch(JSON.stringify([ann.heard.messages, bob.heard.messages, anns.messages]), /secret/);
  }
});

test('what asks the caller of a session that allows no questions is refused', async (t) => {
  const { shared } = await http(t);
  const [ann] = pair(shared);
  // The SDK checks capabilities only when asked to, so that the question really goes out.
  const asked = call(ann.peer, 1, 'ask', { questions: ['Who?'] });
  assert.match((await asked.answered()).text, /not support/);
  assert.deepEqual(asked.messages, []);
});

test('a changed list is told to all, an updated resource to those who subscribed to it', async (t) => {
  const { server, shared } = await http(t);
  const [ann, bob] = pair(shared);
  await ask(ann.peer, 1, 'resources/subscribe', { uri: 'test://a' }).result();
  await ask(bob.peer, 1, 'resources/subscribe', { uri: 'test://a' }).result();
  await ask(bob.peer, 2, 'resources/subscribe', { uri: 'test://b/' }).result();
  for (const uri of ['test://a', 'test://ab', 'test://b/c']) await call(ann.peer, 3, 'touch', { uri }).text();
  await call(ann.peer, 4, 'change').text();
  for (const { heard } of [ann, bob]) await until(() => heard.count('notifications/tools/list_changed') === 1);
  const updated = ({ heard }: Caller): unknown[] => heard.messages.flatMap(({ params }) => params.uri ?? []);
  assert.deepEqual(updated(ann), ['test://a']);
  assert.deepEqual(updated(bob), ['test://a', 'test://b/c']);

  assert.deepEqual(await ask(ann.peer, 5, 'resources/unsubscribe', { uri: 'test://a' }).result(), {});
  assert.deepEqual(server.record.unsubscribed, []);
  await bob.peer.close();
  await until(() => server.record.unsubscribed.length === 2);
  assert.deepEqual(server.record.unsubscribed.sort(), ['test://a', 'test://b/']);
});

test('a refused subscription is none', async (t) => {
  const { server, shared } = await http(t);
  const [ann] = pair(shared);
  assert.equal(await ask(ann.peer, 1, 'resources/subscribe', { uri: 'no:x' }).code(), -32602);
  assert.equal(await ask(ann.peer, 2, 'resources/subscribe', { uri: 'x'.repeat(8_193) }).code(), -32602);
  await call(ann.peer, 3, 'touch', { uri: 'no:x' }).text();
  await call(ann.peer, 4, 'change').text();
  await until(() => ann.heard.count('notifications/tools/list_changed') === 1);
  assert.equal(ann.heard.messages.length, 1);
  await ann.peer.close();
  assert.deepEqual(server.record.unsubscribed, []);
});

test('a caller who closes loses only its own', async (t) => {
  const shared = share(t, askingChild());
  const [ann, bob] = pair(shared);
  const anns = call(ann.peer, 1, 'slow', { ms: 60_000, name: 'ann' });
  const bobs = call(bob.peer, 1, 'slow', { ms: 300, name: 'bob' });
  await ask(bob.peer, 2, 'ping').result();
  await ask(bob.peer, 3, 'tools/list').result();
  await ann.peer.close();
  await assert.rejects(anns.answered(), { code: 'connection_lost' });
  await assert.rejects(call(ann.peer, 2, 'echo').answered(), { code: 'connection_lost' });
  assert.equal(await bobs.text(), 'slept');
  assert.deepEqual(JSON.parse(await call(bob.peer, 4, 'record').text()).cancelled, ['ann']);
  assert.deepEqual(bob.heard.closed, []);
});

test('one caller may not have more than a thousand requests under way, nor tasks that all would see', async (t) => {
  const { shared } = await http(t);
  const [ann, bob] = pair(shared);
  assert.equal(await ask(ann.peer, 1, 'tasks/list').code(), -32601);
  const asked = Array.from({ length: 1_001 }, (_, id) => ask(ann.peer, id, 'tools/list'));
  await assert.rejects((asked[1_000] as Asked).answered(), { code: 'server_unavailable' });
  for (const one of asked) if (!one.isOver) one.cancel();
  assert.equal(await call(bob.peer, 1, 'echo', { text: 'b' }).text(), 'b');
});

test('what is nested thousands deep is refused, and harms nobody', async (t) => {
  const { shared } = await http(t);
  const [ann, bob] = pair(shared);
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"deep":${deep}}}}`;
  const request = new Message(JSON.parse(text), text, 'request');
  assert.equal(await new Asked(ann.peer, request).code(), -32602);
  assert.equal(await call(bob.peer, 1, 'echo', { text: 'b' }).text(), 'b');
});
