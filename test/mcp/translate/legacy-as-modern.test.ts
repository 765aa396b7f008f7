/** Requests of 2026-07-28 at a server that knows sessions only. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../helpers/wait.ts';
import { askingChild } from '../asking-server.ts';
import { httpStory, META, ModernCaller, Story } from './legacy-as-modern-story.ts';

const SERVER_INFO = { name: 'asking', version: '3.2.1', title: 'Asks' };

test('server/discover tells what initialize told', async (t) => {
  const { story } = await httpStory(t);
  const asked = new ModernCaller(story, 'ann').ask('server/discover');
  assert.deepEqual(await asked.result(), {
    supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'],
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      logging: {},
    },
    instructions: 'Ask and be asked.',
    ttlMs: 0,
    cacheScope: 'private',
    resultType: 'complete',
    _meta: { [`${META}/serverInfo`]: SERVER_INFO },
  });
  assert.equal(asked.status, 200);
});

test('results get what this revision requires, and keep all else', async (t) => {
  const { story, server } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann');
  assert.deepEqual(await ann.ask('tools/list').result(), {
    tools: [{ name: 'echo', inputSchema: { type: 'object' }, 'x-vendor': { kept: true } }],
    'x-result': 1,
    resultType: 'complete',
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { [`${META}/serverInfo`]: SERVER_INFO },
  });
  assert.equal((await ann.ask('resources/read', { uri: 'test://a' }).result()).ttlMs, 0);
  assert.deepEqual(await ann.call('echo', { text: 'x' }, { progressToken: 4, 'vendor/key': 1 }).result(), {
    content: [{ type: 'text', text: 'x' }],
    resultType: 'complete',
    _meta: { [`${META}/serverInfo`]: SERVER_INFO },
  });
  assert.deepEqual(Object.keys(server.record.calls[0]?.meta as object).sort(), ['progressToken', 'vendor/key']);
});

test('nothing of the envelope and of rounds that never were reaches the server', async (t) => {
  const { story, server } = await httpStory(t);
  const params = { name: 'echo', arguments: { text: 'x' }, inputResponses: { a: { action: 'accept' } } };
  await new ModernCaller(story, 'ann').ask('tools/call', params).result();
  assert.deepEqual(server.record.calls, [{ keys: ['name', 'arguments'] }]);
});

test('errors have the codes and statuses of this revision', async (t) => {
  const { story } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann');
  const missing = await ann.ask('resources/read', { uri: 'test://none' }).answered();
  assert.deepEqual([missing.error?.code, missing.error?.data], [-32602, { uri: 'test://none' }]);
  const methods = ['ping', 'initialize', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', 'x/y'];
  for (const method of [...methods, 'tasks/list', 'completion/complete']) {
    const asked = ann.ask(method, { uri: 'test://a', level: 'info' });
    assert.equal(await asked.code(), -32601, method);
    assert.equal(asked.status, 404, method);
  }
  const unknown = ann.call('no-such-tool');
  assert.equal(await unknown.code(), -32602);
  assert.equal(unknown.status, 200);
});

test('log messages come from the level in the envelope on, and not at all without one', async (t) => {
  const { story, server } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann');
  const levels = ['debug', 'warning', 'error'];
  const log = (meta = {}): Promise<unknown[]> => {
    const asked = ann.call('log', { levels, data: 'd' }, meta);
    return asked.result().then(() => asked.messages.map(({ params }) => params.level));
  };
  const heard = await Promise.all([
    log(),
    log({ [`${META}/logLevel`]: 'warning' }),
    log({ [`${META}/logLevel`]: 'debug' }),
  ]);
  assert.deepEqual(heard, [[], ['warning', 'error'], levels]);
  assert.ok(server.record.levels.includes('debug'));
});

test('progress comes under the token of the caller, and only to it', async (t) => {
  for (const make of [async () => (await httpStory(t)).story, async () => new Story(t, askingChild())]) {
    const story = await make();
    const all = Array.from({ length: 20 }, (_, index) => {
      const caller = new ModernCaller(story, `person-${index % 4}`);
      return caller.call('progress', { steps: 2, note: `n${index}` }, { progressToken: 'p' });
    });
    for (const [index, asked] of all.entries()) {
      assert.equal(await asked.text(), `n${index}`);
      const told = asked.messages.map(({ params }) => [params.progressToken, params.progress, params.message]);
      assert.deepEqual(told, [
        ['p', 1, `n${index}`],
        ['p', 2, `n${index}`],
      ]);
    }
    assert.equal(story.peers.size, 1);
  }
});

test('cancelling reaches the server', async (t) => {
  const { story, server } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann');
  const asked = ann.call('slow', { ms: 60_000, name: 'x' });
  await until(() => server.record.calls.length === 1);
  asked.cancel();
  await until(() => server.record.cancelled.length === 1);
  assert.equal(await ann.call('echo', { text: 'after' }).text(), 'after');
});

test('closing fails what waits', async (t) => {
  const { story, server } = await httpStory(t);
  const front = story.front('ann');
  const { call } = await import('../../helpers/asked.ts');
  const asked = call(front, 1, 'slow', { ms: 60_000 });
  await until(() => server.record.calls.length === 1);
  await front.close();
  await assert.rejects(asked.answered(), { code: 'connection_lost' });
  await until(() => server.record.cancelled.length === 1);
});

test('who listens hears of the changes asked for, with the id of the subscription', async (t) => {
  const { story, server } = await httpStory(t);
  const [ann, bob, cas] = ['ann', 'bob', 'cas'].map((name) => new ModernCaller(story, name)) as [
    ModernCaller,
    ModernCaller,
    ModernCaller,
  ];
  const anns = ann.ask('subscriptions/listen', {
    notifications: { toolsListChanged: true, resourceSubscriptions: ['test://a', 'no:x'], unknownKind: true },
  });
  const bobs = bob.ask('subscriptions/listen', {
    notifications: { promptsListChanged: true, resourceSubscriptions: ['test://b'] },
  });
  await until(() => anns.messages.length > 0 && bobs.messages.length > 0);
  const tag = { [`${META}/subscriptionId`]: 1 };
  assert.deepEqual(anns.messages[0]?.value, {
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['test://a'] }, _meta: tag },
  });
  for (const uri of ['test://a', 'test://b', 'test://c']) await cas.call('touch', { uri }).text();
  await cas.call('change').text();
  await until(() => anns.messages.length === 3 && bobs.messages.length === 2);
  assert.deepEqual(anns.messages[1]?.params, { uri: 'test://a', _meta: tag });
  assert.deepEqual(
    [anns.messages[2]?.method, anns.messages[2]?.params],
    ['notifications/tools/list_changed', { _meta: tag }],
  );
  assert.deepEqual(bobs.messages[1]?.params, { uri: 'test://b', _meta: tag });
  anns.cancel();
  await until(() => server.record.unsubscribed.length === 1);
  assert.deepEqual(server.record.unsubscribed, ['test://a']);
  await cas.call('change').text();
  bobs.cancel();
});

test('listening without a sound filter is refused, for nothing it ends at once, and it ends with the server', async (t) => {
  const { story } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann');
  for (const notifications of [undefined, 'all', { resourceSubscriptions: 'x' }, { resourceSubscriptions: [1] }]) {
    assert.equal(await ann.ask('subscriptions/listen', { notifications }).code(), -32602);
  }
  const nothing = ann.ask('subscriptions/listen', { notifications: {} });
  assert.equal((await nothing.result()).resultType, 'complete');
  assert.equal(nothing.messages.length, 1);
  const asked = ann.ask('subscriptions/listen', { notifications: { toolsListChanged: true } });
  await until(() => asked.messages.length === 1);
  await story.peers.close();
  assert.deepEqual(await asked.result(), {
    resultType: 'complete',
    _meta: { [`${META}/subscriptionId`]: asked.answer?.id, [`${META}/serverInfo`]: SERVER_INFO },
  });
});
