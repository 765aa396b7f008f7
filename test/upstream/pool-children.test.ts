/** Processes of personal sessions are counted, and those that rest give way to others. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ServerConfig } from '../../src/config/model.ts';
import { CallScope } from '../../src/upstream/call-scope.ts';
import { ChildSlots } from '../../src/upstream/child-slots.ts';
import { SessionPool } from '../../src/upstream/pool.ts';
import { answerText } from '../../src/upstream/result.ts';
import { Server } from '../../src/upstream/server.ts';
import type { ChildOptions } from '../helpers/child-server.ts';
import { type ChildRecord, childEndpoint, isRunning, serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';
import { NO_RETRY, recordOf, toolOf } from './helper.ts';

const noLogins = () => assert.fail('no login is asked for');
const TOO_MANY_OF_ONE = { code: 'too_many_sessions', status: 429 };
const TOO_MANY_OF_ALL = { code: 'too_many_sessions', status: 503 };

/** A server with sessions, and the calls of people, or of the many, in sessions of theirs. */
class Desk {
  readonly record: ChildRecord;
  readonly slots = new ChildSlots({ most: 3, mostPerPrincipal: 2 });
  readonly pool: SessionPool;
  readonly server: Server;

  constructor(
    t: TestContext,
    child: ChildOptions = {},
    entry: Partial<ServerConfig> = {},
    limits?: ConstructorParameters<typeof SessionPool>[1],
  ) {
    this.record = recordOf(t);
    this.pool = new SessionPool(this.slots, limits);
    const endpoint = childEndpoint({ record: this.record.file, ...child });
    const config = serverConfig({ endpoint, isolation: 'session', ...entry });
    const { pool } = this;
    this.server = new Server({ config, pool, log: new MemoryLog(), timings: NO_RETRY, credential: noLogins });
    t.after(() => Promise.all([pool.close(), this.server.close()]));
  }

  async call(who: string, sessionId: string, tool = 'pid', scope = new CallScope(20_000)): Promise<string> {
    const args = tool === 'slow' ? { ms: 60_000 } : {};
    const caller = { principalId: who, isOnePerson: who !== 'many', sessionId };
    try {
      return answerText(await this.server.call(toolOf({ name: tool }), args, caller, scope, [])).toString();
    } finally {
      scope.end();
    }
  }

  async pid(who: string, sessionId: string): Promise<number> {
    return Number(await this.call(who, sessionId));
  }

  /** A call under way; resolves once the server has it, with what ends it. */
  async busy(who: string, sessionId: string): Promise<() => Promise<void>> {
    const before = this.record.count('tools/call', 'slow');
    const scope = new CallScope(60_000);
    const over = this.call(who, sessionId, 'slow', scope).catch(() => undefined);
    await until(() => this.record.count('tools/call', 'slow') > before, 15_000);
    return async () => {
      scope.abandon();
      await over;
    };
  }

  running(): number {
    return this.record.pids().filter(isRunning).length;
  }
}

test('a caller with ever new sessions never has more processes than the limit, however slowly they end', async (t) => {
  const desk = new Desk(t, { ignoreStdinEnd: true });
  const first = await desk.pid('ann', '1');
  const second = await desk.pid('ann', '2');
  await desk.pid('ann', '1');
  const most = await Promise.all([desk.pid('ann', '3').then(() => desk.running()), mostOf(() => desk.running(), desk)]);
  assert.deepEqual(most, [2, 2]);
  assert.deepEqual([isRunning(first), isRunning(second)], [true, false], 'the one that was not used for longest');
  assert.equal(desk.slots.size, 2);
});

/** The highest `count` until the third process has started. */
async function mostOf(count: () => number, { record }: Desk): Promise<number> {
  let most = 0;
  await until(() => {
    most = Math.max(most, count());
    return record.starts() === 3;
  }, 15_000);
  return most;
}

test('none in use gives way: one person is refused with 429, and finds room when a session of theirs rests', async (t) => {
  const desk = new Desk(t);
  await desk.busy('ann', '1');
  const end = await desk.busy('ann', '2');
  await assert.rejects(desk.call('ann', '3'), { ...TOO_MANY_OF_ONE, headers: { 'retry-after': '30' } });
  assert.ok(await desk.pid('ben', '1'), 'another caller');
  await end();
  assert.ok(await desk.pid('ann', '3'));
  assert.equal(desk.slots.size, 3);
});

test('who may be many people is bound by the limit of all alone, and refused with 503', async (t) => {
  const desk = new Desk(t);
  for (const id of ['1', '2', '3']) await desk.busy('many', id);
  await assert.rejects(desk.call('many', '4'), TOO_MANY_OF_ALL);
  await assert.rejects(desk.call('ann', '1'), TOO_MANY_OF_ALL);
  assert.equal(desk.record.starts(), 3);
});

test('where all together have too many, one that rests gives way: the caller’s own before another’s', async (t) => {
  const desk = new Desk(t);
  const ben = await desk.pid('ben', '1');
  const ann = [await desk.pid('ann', '1'), await desk.pid('ann', '2')];
  await desk.pid('ann', '3');
  assert.deepEqual([ben, ...ann].map(isRunning), [true, false, true]);
  await desk.pid('cleo', '1');
  assert.deepEqual([ben, ...ann].map(isRunning), [false, false, true]);
});

test('whoever else needs a process gets the room of a session that rests', async (t) => {
  const desk = new Desk(t);
  const pid = await desk.pid('ann', '1');
  const others = [desk.slots.take('ann', { isOne: true }), desk.slots.take('ann', { isOne: true })];
  await until(() => !isRunning(pid));
  assert.equal(desk.slots.size, 2);
  assert.throws(() => desk.slots.take('ann', { isOne: true }), TOO_MANY_OF_ONE);
  await assert.rejects(desk.call('ann', '1'), TOO_MANY_OF_ONE);
  for (const slot of others) slot.release();
  assert.ok(await desk.pid('ann', '1'));
});

test('a process that cannot be started takes no room from anybody for long', async (t) => {
  const desk = new Desk(t, { atStart: 'die' });
  for (const id of ['1', '2', '3']) await assert.rejects(desk.call('ann', id), { code: 'server_unavailable' });
  assert.equal(desk.slots.size, 2);
  desk.slots.take('ann', { isOne: true });
  desk.slots.take('ann', { isOne: true });
  assert.equal(desk.pool.size, 0);
});

test('the room of what rests is free when its time is over, and of what was retired', async (t) => {
  const idle = new Desk(t, {}, {}, { idleMs: 200 });
  await idle.pid('ann', '1');
  await until(() => idle.slots.size === 0);
  const retired = new Desk(t);
  await retired.pid('ann', '1');
  await retired.server.retire(0);
  assert.equal(retired.slots.size, 0);
});

test('the room of what is in use is free once it is over, whatever ends it', async (t) => {
  const desk = new Desk(t, {}, {}, { most: 1 });
  const end = await desk.busy('ann', '1');
  await desk.pid('ann', '2');
  assert.deepEqual([desk.pool.size, desk.slots.size], [1, 2], 'it has left the pool, and runs on');
  await end();
  await until(() => desk.slots.size === 1);
  await desk.busy('ann', '2');
  await desk.pool.close();
  assert.equal(desk.slots.size, 0);
});

test('what all share and what is no process takes no room', async (t) => {
  const shared = new Desk(t, {}, { isolation: 'shared' });
  await shared.pid('ann', '1');
  const server = await HttpServer.start();
  t.after(() => server.stop());
  const far = new Desk(t, {}, { endpoint: urlEndpoint('http', server.url) });
  for (const id of ['1', '2', '3', '4']) await far.call('ann', id, 'echo');
  assert.deepEqual([shared.slots.size, far.slots.size, far.pool.size], [0, 0, 4]);
});
