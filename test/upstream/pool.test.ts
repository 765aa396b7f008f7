/** Personal sessions: who shares a child with whom, and how long it lives. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DEFAULT_SESSIONS } from '../../src/config/defaults.ts';
import type { Isolation } from '../../src/config/model.ts';
import { CallScope } from '../../src/upstream/call-scope.ts';
import { ChildSlots } from '../../src/upstream/child-slots.ts';
import { SessionPool } from '../../src/upstream/pool.ts';
import { answerText } from '../../src/upstream/result.ts';
import { Server } from '../../src/upstream/server.ts';
import { type ChildRecord, childEndpoint, isRunning, serverConfig } from '../helpers/configs.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';
import { QUICK, recordOf, toolOf } from './helper.ts';

const noLogins = () => assert.fail('no login is asked for');

interface Setup {
  readonly pool: SessionPool;
  readonly server: Server;
  readonly events: ChildRecord;
  call(principalId: string, sessionId?: string, tool?: string, args?: Record<string, unknown>): Promise<string>;
}

function setUp(t: TestContext, isolation: Isolation, limits?: ConstructorParameters<typeof SessionPool>[1]): Setup {
  const events = recordOf(t);
  const pool = new SessionPool(new ChildSlots(DEFAULT_SESSIONS), limits);
  const config = serverConfig({ endpoint: childEndpoint({ record: events.file }), isolation });
  const server = new Server({ config, pool, log: new MemoryLog(), timings: QUICK, credential: noLogins });
  t.after(() => Promise.all([pool.close(), server.retire(0)]));
  const call: Setup['call'] = async (principalId, sessionId, tool = 'pid', args = {}) => {
    const scope = new CallScope(15_000);
    const caller = { principalId, isOnePerson: true, sessionId };
    return answerText(await server.call(toolOf({ name: tool }), args, caller, scope, [])).toString();
  };
  return { pool, server, events, call };
}

test('shared: everyone has the same child', async (t) => {
  const { call, pool } = setUp(t, 'shared');
  assert.equal(new Set(await Promise.all([call('a'), call('b', 's1'), call('b', 's2')])).size, 1);
  assert.equal(pool.size, 0);
});

test('principal: one child each, whatever the session', async (t) => {
  const { call, events } = setUp(t, 'principal');
  const [a1, a2, b] = await Promise.all([call('a', 's1'), call('a', 's2'), call('b', 's1')]);
  assert.equal(a1, a2);
  assert.notEqual(a1, b);
  assert.equal(events.starts(), 2);
});

test('session: one child for each session of each principal', async (t) => {
  const { call } = setUp(t, 'session');
  const pids = await Promise.all([call('a', 's1'), call('a', 's2'), call('b', 's1'), call('a', 's1')]);
  assert.equal(pids[0], pids[3]);
  assert.equal(new Set(pids).size, 3);
});

test('principals cannot be mixed up by the characters of their ids', async (t) => {
  const { call } = setUp(t, 'session');
  const pids = await Promise.all([call('a","b', 'c'), call('a', 'b","c'), call('a\nb', 'c')]);
  assert.equal(new Set(pids).size, 3);
});

test('an idle session is closed, and opened again when it is needed', async (t) => {
  const { call, pool } = setUp(t, 'principal', { idleMs: 300 });
  const first = await call('a');
  await until(() => pool.size === 0 && !isRunning(Number(first)));
  assert.notEqual(await call('a'), first);
});

test('a session in use is not idle, however long the call takes', async (t) => {
  const { call, pool, events } = setUp(t, 'principal', { idleMs: 150 });
  const slow = call('a', undefined, 'slow', { ms: 900 });
  await until(() => events.count('tools/call', 'slow') === 1);
  const expired = Date.now() + 400;
  await until(() => Date.now() > expired);
  await call('a');
  assert.equal(events.starts(), 1);
  assert.equal(await slow, '"slept"');
  await until(() => pool.size === 0);
});

test('beyond the limit the one that was not used for longest goes, after its calls', async (t) => {
  const { call, pool, events } = setUp(t, 'principal', { most: 2 });
  const first = await call('a');
  const second = await call('b');
  const slow = call('a', undefined, 'slow', { ms: 600 });
  await until(() => events.count('tools/call', 'slow') === 1);
  await call('c');
  assert.equal(pool.size, 2);
  await until(() => !isRunning(Number(second)));
  await call('d');
  assert.equal(await slow, '"slept"');
  await until(() => !isRunning(Number(first)));
});

test('retiring a server ends its personal sessions, after their calls, and those of no other', async (t) => {
  const { call, pool, server, events } = setUp(t, 'principal');
  const other = new Server({
    config: serverConfig({ endpoint: childEndpoint(), isolation: 'principal', name: 'other' }),
    pool,
    log: new MemoryLog(),
    credential: noLogins,
    timings: QUICK,
  });
  const scope = new CallScope(15_000);
  const pid = answerText(
    await other.call(toolOf({ name: 'pid' }), {}, { principalId: 'a', isOnePerson: true }, scope, []),
  );
  scope.end();
  const mine = await call('a');
  const slow = call('a', undefined, 'slow', { ms: 500 });
  await until(() => events.count('tools/call', 'slow') === 1);
  await server.retire(10_000);
  assert.equal(await slow, '"slept"');
  await until(() => !isRunning(Number(mine)));
  assert.equal(pool.size, 1);
  assert.ok(isRunning(Number(pid)));
});

test('closing the pool ends all at once, also what was about to end', async (t) => {
  const { call, pool, server, events } = setUp(t, 'principal');
  const slow = assert.rejects(call('a', undefined, 'slow', { ms: 60_000 }), { code: 'connection_lost' });
  await until(() => events.count('tools/call', 'slow') === 1);
  void server.retire(60_000);
  await pool.close();
  await slow;
  assert.ok(events.pids().every((pid) => !isRunning(pid)));
});
