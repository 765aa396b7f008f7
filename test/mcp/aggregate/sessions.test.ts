/** The session of a caller with several servers: handshakes, questions, subscriptions, changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, notificationMessage, resultMessage } from '../../../src/upstream/peer/message.ts';
import { until } from '../../helpers/wait.ts';
import { LegacyCaller } from './callers.ts';
import { ScriptedServer, withTools } from './scripted-server.ts';

const PARAMS = {
  protocolVersion: '2025-06-18',
  capabilities: { elicitation: {}, vendor: { a: 1 } },
  clientInfo: { name: 'me', version: '2', more: true },
};

test('initialize is answered at once, and passed to each server that is used', async (t) => {
  const used = await ScriptedServer.start(t, 'used', withTools('one'));
  const unused = await ScriptedServer.start(t, 'unused', withTools('one'));
  const caller = new LegacyCaller(t, [used, unused]);
  const result = await caller.result('initialize', PARAMS);
  assert.equal(result.protocolVersion, '2025-06-18');
  assert.deepEqual(result.capabilities, {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    logging: {},
    completions: {},
  });
  assert.match(String(result.instructions), /used, unused/);
  assert.deepEqual(used.seen, []);
  assert.equal(await caller.ask('tools/call', { name: 'used__one' }).text(), 'one');
  assert.deepEqual(used.asked('initialize')[0]?.params, PARAMS);
  assert.equal(used.asked('notifications/initialized').length, 1);
  assert.deepEqual(unused.seen, []);
});

test('a revision that nobody knows becomes the latest, for the servers as well', async (t) => {
  const server = await ScriptedServer.start(t, 's', withTools('one'));
  const caller = new LegacyCaller(t, [server]);
  const result = await caller.result('initialize', { ...PARAMS, protocolVersion: '2099-01-01' });
  assert.equal(result.protocolVersion, '2025-11-25');
  await caller.listed('tools/list');
  assert.equal(server.asked('initialize')[0]?.params?.protocolVersion, '2025-11-25');
});

test('a server that refuses the session is left out', async (t) => {
  const fine = await ScriptedServer.start(t, 'fine', withTools('one'));
  const grim = await ScriptedServer.start(t, 'grim', {
    ...withTools('one'),
    initialize: () => {
      throw { code: -32600, message: 'not you' };
    },
  });
  const caller = await LegacyCaller.ready(t, [grim, fine]);
  assert.deepEqual(await caller.listed('tools/list'), ['fine__one']);
  assert.match(String(caller.log.lines[0]?.fields.reason), /did not start a session. not you/);
});

test('questions of two servers under one id are two questions', async (t) => {
  const ask = { id: 7, method: 'elicitation/create', params: { message: 'name?', _meta: { progressToken: 7 } } };
  const asking = {
    ...withTools('ask'),
    'tools/call': (_: unknown, say: (message: JsonObject) => void) => void say(ask),
  };
  const one = await ScriptedServer.start(t, 'one', asking);
  const two = await ScriptedServer.start(t, 'two', asking);
  const quiet = await ScriptedServer.start(t, 'quiet', withTools('one'));
  const caller = await LegacyCaller.ready(t, [one, two, quiet]);
  await caller.listed('tools/list');
  const calls = ['one', 'two'].map((name) => caller.ask('tools/call', { name: `${name}__ask` }));
  const [first, second] = await Promise.all(calls.map((call) => until(() => call.messages[0])));
  assert.ok(first?.id !== undefined && second?.id !== undefined && first.id !== second.id);
  assert.equal(first.params.message, 'name?');
  // A server takes back what it has asked itself, and nothing else.
  await until(() => quiet.server.streams === 1);
  quiet.announce({ method: 'notifications/cancelled', params: { requestId: 7 } });
  quiet.announce({ method: 'vendor/last' });
  await until(() => caller.told('vendor/last').length === 1);
  assert.equal(caller.told('notifications/cancelled').length, 0);
  const progress = { progressToken: (second.params._meta as JsonObject).progressToken, progress: 1 };
  caller.peer.send(notificationMessage('notifications/progress', progress));
  caller.peer.send(resultMessage(second.id, { action: 'accept', content: { for: 'two' } }));
  caller.peer.send(resultMessage(first.id, { action: 'decline' }));
  caller.peer.send(resultMessage(first.id, { action: 'accept' }));
  caller.peer.send(resultMessage('nobody asked', {}));
  const answers = (server: ScriptedServer) => server.seen.filter((message) => message.method === undefined);
  await until(() => answers(one).length > 0 && answers(two).length > 0);
  assert.deepEqual(answers(one), [{ jsonrpc: '2.0', id: 7, result: { action: 'decline' } }]);
  assert.deepEqual(answers(two), [{ jsonrpc: '2.0', id: 7, result: { action: 'accept', content: { for: 'two' } } }]);
  assert.deepEqual(two.asked('notifications/progress')[0]?.params, { progressToken: 7, progress: 1 });
  assert.equal(one.asked('notifications/progress').length, 0);
});

test('a question that is taken back, or whose server is gone, is cancelled at the caller', async (t) => {
  const server = await ScriptedServer.start(t, 's', {
    ...withTools('ask'),
    'tools/call': (_, say) => {
      say({ id: 'q', method: 'roots/list' });
      say({ method: 'notifications/cancelled', params: { requestId: 'q' } });
      say({ method: 'notifications/cancelled', params: { requestId: 'never' } });
    },
  });
  const caller = await LegacyCaller.ready(t, [server]);
  const call = caller.ask('tools/call', { name: 's__ask' });
  await until(() => call.messages.length === 2);
  const [question, cancelled] = call.messages;
  assert.deepEqual(cancelled?.params, { requestId: question?.id });
});

test('the log level goes to servers that log, and to those that are opened later', async (t) => {
  const on = { ...withTools('one'), 'logging/setLevel': () => ({}) };
  const open = await ScriptedServer.start(t, 'open', on);
  const later = await ScriptedServer.start(t, 'later', on);
  const never = await ScriptedServer.start(t, 'never', on, { capabilities: { tools: {} } });
  const caller = await LegacyCaller.ready(t, [open, later, never]);
  await caller.ask('tools/call', { name: 'open__one' }).answered();
  assert.deepEqual(await caller.result('logging/setLevel', { level: 'warning' }), {});
  await until(() => open.asked('logging/setLevel').length === 1);
  await caller.listed('tools/list');
  await until(() => later.asked('logging/setLevel').length === 1);
  assert.deepEqual(later.asked('logging/setLevel')[0]?.params, { level: 'warning' });
  assert.equal(never.asked('logging/setLevel').length, 0);
});

test('changes of lists within a moment are one; what belongs to nobody stays away', async (t) => {
  const one = await ScriptedServer.start(t, 'one', withTools('one'));
  const two = await ScriptedServer.start(t, 'two', withTools('one'));
  const caller = await LegacyCaller.ready(t, [one, two]);
  await caller.listed('tools/list');
  await until(() => one.server.streams === 1 && two.server.streams === 1);
  const roots = notificationMessage('notifications/roots/list_changed');
  caller.peer.send(roots);
  await until(() => two.asked(roots.method).length === 1 && one.asked(roots.method).length === 1);
  for (const server of [one, two, one]) server.announce({ method: 'notifications/tools/list_changed' });
  one.announce({ method: 'notifications/progress', params: { progressToken: 1, progress: 1 } });
  two.announce({ method: 'notifications/message', params: { level: 'info', data: 'x' } });
  two.announce({ method: 'vendor/thing', params: { a: 1 } });
  await until(() => caller.told('vendor/thing').length === 1);
  await until(() => caller.told('notifications/tools/list_changed').length === 1);
  one.on['tools/list'] = () => ({ tools: [{ name: 'new' }] });
  assert.deepEqual(await caller.listed('tools/list'), ['one__new', 'two__one']);
  assert.equal(caller.told('notifications/tools/list_changed').length, 1);
  assert.equal(caller.told('notifications/progress').length, 0);
  assert.equal(caller.told('notifications/message')[0]?.params.logger, 'two');
});

test('a changed list is read again when something new is called', async (t) => {
  const server = await ScriptedServer.start(t, 's', withTools('one'));
  const caller = await LegacyCaller.ready(t, [server]);
  await caller.listed('tools/list');
  await until(() => server.server.streams === 1);
  server.on['tools/list'] = () => ({ tools: [{ name: 'new' }] });
  server.announce({ method: 'notifications/tools/list_changed' });
  await until(() => caller.told('notifications/tools/list_changed').length === 1);
  assert.equal(await caller.ask('tools/call', { name: 's__new' }).text(), 'new');
});

test('servers that come and go with a reload are told of, and those that are gone end', async (t) => {
  const one = await ScriptedServer.start(t, 'one', withTools('one'));
  const two = await ScriptedServer.start(t, 'two', withTools('one'));
  const caller = await LegacyCaller.ready(t, [one]);
  assert.deepEqual(await caller.listed('tools/list'), ['one__one']);
  await until(() => one.server.streams === 1);
  caller.members.splice(0, 1, two.member);
  caller.peer.membersChanged();
  await until(() => caller.told('notifications/tools/list_changed').length === 1);
  assert.deepEqual(await caller.listed('tools/list'), ['two__one']);
  await until(() => one.server.streams === 0);
  const { error } = await caller.ask('tools/call', { name: 'one__one' }).answered();
  assert.equal(error?.code, -32602);
});

test('a server that is another one after a reload is asked again what it can do', async (t) => {
  const on = { ...withTools('one'), 'prompts/list': () => ({ prompts: [{ name: 'greet' }] }) };
  const server = await ScriptedServer.start(t, 's', on, { capabilities: { tools: {} } });
  const other = await ScriptedServer.start(t, 'other', withTools('one'));
  const caller = await LegacyCaller.ready(t, [server, other]);
  assert.deepEqual(await caller.listed('prompts/list'), []);
  const can = { protocolVersion: '2025-11-25', capabilities: { tools: {}, prompts: {} }, serverInfo: { name: 's' } };
  server.on.initialize = () => can;
  caller.members[0] = { ...server.member, hash: 'another' };
  caller.peer.membersChanged();
  assert.deepEqual(await caller.listed('prompts/list'), ['s__greet']);
  caller.peer.membersChanged();
  assert.equal(await caller.ask('tools/call', { name: 's__one' }).text(), 'one');
  assert.equal(server.asked('initialize').length, 2);
  assert.equal(other.asked('initialize').length, 1);
});

test('after its end nothing is opened any more, and what waited fails', async (t) => {
  const server = await ScriptedServer.start(t, 's', { ...withTools('one'), 'tools/call': () => undefined });
  const caller = await LegacyCaller.ready(t, [server]);
  const call = caller.ask('tools/call', { name: 's__one' });
  await until(() => server.asked('tools/call').length === 1);
  const { length } = server.seen;
  await caller.peer.close();
  await assert.rejects(call.answered(), { code: -32000 });
  await assert.rejects(caller.ask('tools/call', { name: 's__one' }).answered(), Error);
  assert.deepEqual(
    server.seen.slice(length).filter(({ method }) => method === 'initialize'),
    [],
  );
});
