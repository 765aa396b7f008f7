/** Several servers at one endpoint for callers without a session. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from '../../../src/mcp/aggregate/directory.ts';
import type { JsonObject, Message } from '../../../src/upstream/peer/message.ts';
import { requestMessage } from '../../../src/upstream/peer/message.ts';
import { MODERN_META } from '../../../src/upstream/protocol.ts';
import { startStatelessServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';
import { ModernCaller } from './callers.ts';
import { openerOf, ScriptedServer, withTools } from './scripted-server.ts';

const MODERN = { era: 'modern' } as const;

test('discover names what all servers can have in common', async (t) => {
  const server = await ScriptedServer.start(t, 's', {}, MODERN);
  const caller = new ModernCaller(t, [server]);
  const result = await caller.result('server/discover');
  assert.deepEqual((result.supportedVersions as string[]).slice(0, 2), ['2026-07-28', '2025-11-25']);
  assert.deepEqual((result.capabilities as JsonObject).resources, { listChanged: true, subscribe: true });
  assert.equal(result.resultType, 'complete');
  assert.equal(result.cacheScope, 'private');
  assert.equal(result.ttlMs, 0);
  assert.deepEqual(server.seen, []);
});

test('lists are made of those of all servers, each asked with the envelope of the caller', async (t) => {
  const one = await ScriptedServer.start(t, 'one', withTools('a'), MODERN);
  const two = await ScriptedServer.start(t, 'two', withTools('a'), MODERN);
  const dead = await ScriptedServer.start(t, 'dead', withTools('a'), MODERN);
  await dead.server.stop();
  const caller = new ModernCaller(t, [one, dead, two]);
  const result = await caller.result('tools/list', { _meta: { progressToken: 'p', vendor: 1 } });
  assert.deepEqual(
    (result.tools as { name: string }[]).map(({ name }) => name),
    ['one__a', 'two__a'],
  );
  assert.equal(result.resultType, 'complete');
  assert.equal(result.cacheScope, 'private');
  assert.equal(result.ttlMs, 0);
  assert.deepEqual(one.asked('tools/list')[0]?.params, { _meta: { ...MODERN_META, vendor: 1 } });
  assert.deepEqual(await caller.listed('prompts/list'), [], 'nobody has any');
});

test('rounds of a call reach the same server, with everything that the caller says', async (t) => {
  const on = {
    ...withTools('ask'),
    'tools/call': ({ requestState, inputResponses }: JsonObject) =>
      requestState === undefined
        ? { resultType: 'input_required', requestState: 'opaque', inputRequests: { q: { method: 'roots/list' } } }
        : { resultType: 'complete', content: [], got: [requestState, inputResponses] },
  };
  const one = await ScriptedServer.start(t, 'one', on, MODERN);
  const two = await ScriptedServer.start(t, 'two', on, MODERN);
  const directory = new Directory();
  const first = new ModernCaller(t, [one, two], directory);
  const asked = await first.result('tools/call', { name: 'two__ask' });
  assert.equal(asked.requestState, 'opaque');
  const second = new ModernCaller(t, [one, two], directory);
  const inputResponses = { q: { roots: [] } };
  const done = await second.result('tools/call', { name: 'two__ask', requestState: 'opaque', inputResponses });
  assert.deepEqual(done.got, ['opaque', inputResponses]);
  assert.deepEqual(one.seen, []);
  assert.equal(two.asked('tools/list').length, 1, 'the names are known by then');
});

test('a server that ends fails its calls in words that name it', async (t) => {
  const on = { ...withTools('slow'), 'tools/call': () => undefined };
  const server = await ScriptedServer.start(t, 's', on, MODERN);
  const call = new ModernCaller(t, [server]).ask('tools/call', { name: 's__slow' });
  await until(() => server.asked('tools/call').length === 1);
  await server.server.stop();
  await assert.rejects(call.answered(), { code: -32000, message: 's: Connection closed' });
});

test('what is not there is refused in the words of this era', async (t) => {
  const server = await ScriptedServer.start(
    t,
    's',
    { ...withTools('a'), 'resources/list': () => ({ resources: [] }) },
    MODERN,
  );
  const caller = new ModernCaller(t, [server]);
  const { error } = await caller.ask('resources/read', { uri: 'x:///1' }).answered();
  assert.deepEqual(error, { code: -32602, message: 'Resource not found', data: { uri: 'x:///1' } });
  assert.equal((await caller.ask('tools/call', { name: 's__b' }).answered()).error?.code, -32602);
  for (const method of [
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'x/y',
  ]) {
    const [answer, status] = await answerOf(caller, method);
    assert.equal(answer.error?.code, -32601, method);
    assert.equal(status, 404, method);
  }
});

test('a server made with the official SDK is listed, called and listened to', async (t) => {
  const sdk = await startStatelessServer();
  t.after(() => sdk.close());
  const other = await ScriptedServer.start(t, 'other', withTools('a'), MODERN);
  const frame = await ScriptedServer.start(t, 'sdk', {}, MODERN);
  const caller = new ModernCaller(t, [{ ...frame.member, open: openerOf(sdk.url) }, other]);
  const listed = await caller.listed('tools/list');
  assert.ok(listed.includes('sdk__echo') && listed.at(-1) === 'other__a');
  assert.notEqual(await caller.ask('tools/call', { name: 'sdk__echo', arguments: { text: 'hello' } }).text(), '');
  const listen = caller.ask('subscriptions/listen', { notifications: { toolsListChanged: true } });
  await until(() => listen.messages.length === 1);
  assert.equal(listen.messages[0]?.method, 'notifications/subscriptions/acknowledged');
  // The server hears of us a moment later.
  await until(async () => {
    await sdk.changeTools(1);
    return listen.messages.length > 1;
  });
  assert.equal(listen.messages[1]?.method, 'notifications/tools/list_changed');
  listen.cancel();
});

/** The answer with its HTTP status. */
function answerOf(caller: ModernCaller, method: string): Promise<[Message, number]> {
  return new Promise((resolve, onFailure) => {
    const message = requestMessage('status', method, { _meta: MODERN_META });
    const onAnswer = (answer: Message, status: number): void => resolve([answer, status]);
    caller.peer.request(message, { onMessage: () => undefined, onAnswer, onFailure });
  });
}
