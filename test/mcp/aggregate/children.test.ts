/** Children behind the endpoint over several servers: what becomes of a session whose child dies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '../../../src/mcp/aggregate/members.ts';
import { openLegacyPeer } from '../../../src/upstream/peer/open.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { until } from '../../helpers/wait.ts';
import { scriptEndpoint } from '../../upstream/peer/peer-test.ts';
import { LegacyCaller } from './callers.ts';

const CHILD = `
  const RESULTS = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {}, resources: {}, logging: {} }, serverInfo: {} },
    'tools/list': { tools: [{ name: 'die' }, { name: 'ask' }, { name: 'ok' }] },
    'resources/list': { resources: [{ uri: 'x:///1' }, { uri: 'x:///2' }] },
  };
  const tell = (message) => say(JSON.stringify({ jsonrpc: '2.0', ...message }));
  lines((line) => {
    const { id, method, params } = JSON.parse(line);
    if (method === 'tools/call' && params.name === 'die') process.exit(1);
    if (method === 'tools/call' && params.name === 'ask') return tell({ id: 1, method: 'roots/list' });
    if (method === 'resources/subscribe') tell({ method: 'notifications/resources/updated', params: { uri: params.uri } });
    if (method === 'logging/setLevel') tell({ method: 'notifications/message', params: { level: params.level, data: 1 } });
    if (id !== undefined && method !== undefined) tell({ id, result: RESULTS[method] ?? {} });
  });
`;

function child(name: string): Member {
  const endpoint = scriptEndpoint(CHILD);
  return { name, hash: name, timeoutMs: 10_000, open: (events) => openLegacyPeer(endpoint, events, new MemoryLog()) };
}

test('a child that dies fails its own calls alone; its next knows the level and the subscriptions', async (t) => {
  const caller = await LegacyCaller.ready(t, [child('one'), child('two')]);
  await caller.result('resources/subscribe', { uri: 'x:///1' });
  await caller.result('logging/setLevel', { level: 'debug' });
  const updates = () => caller.told('notifications/resources/updated').length;
  const logs = () => caller.told('notifications/message').filter(({ params }) => params.logger === 'one').length;
  await until(() => logs() === 1);
  const asking = ['one', 'two'].map((name) => caller.ask('tools/call', { name: `${name}__ask` }));
  const questions = () => caller.told('roots/list');
  await until(() => questions().length === 2);
  await assert.rejects(caller.ask('tools/call', { name: 'one__die' }).answered());
  await assert.rejects(asking[0]?.answered() ?? Promise.resolve());
  await until(() => caller.told('notifications/cancelled').length === 1);
  assert.ok(questions().some(({ id }) => id === caller.told('notifications/cancelled')[0]?.params.requestId));
  assert.equal(asking[1]?.isOver, false);
  const before = updates();
  await caller.result('tools/call', { name: 'one__ok' });
  await until(() => updates() === before + 1 && logs() === 2);
  await assert.rejects(caller.ask('tools/call', { name: 'one__die' }).answered());
  await caller.result('resources/subscribe', { uri: 'x:///2' });
  await caller.result('tools/call', { name: 'one__ok' });
  await until(() => logs() === 3);
  assert.equal(updates(), before + 3, 'one subscription again, and the new one once');
  asking[1]?.cancel();
});

test('a command that cannot be started hides only its own', async (t) => {
  const dead: Member = {
    ...child('dead'),
    open: (events) =>
      openLegacyPeer({ ...scriptEndpoint(''), command: '/no/such/command' } as never, events, new MemoryLog()),
  };
  const caller = await LegacyCaller.ready(t, [dead, child('fine')]);
  assert.deepEqual(await caller.listed('tools/list'), ['fine__die', 'fine__ask', 'fine__ok']);
});
