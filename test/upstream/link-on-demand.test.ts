/** Connections that are made when somebody needs them, and end when nobody does. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { authorizationRequired } from '../../src/oauth/errors.ts';
import { CallScope } from '../../src/upstream/call-scope.ts';
import { ChildSlots } from '../../src/upstream/child-slots.ts';
import type { LinkState } from '../../src/upstream/link-state.ts';
import { SessionPool } from '../../src/upstream/pool.ts';
import { Server } from '../../src/upstream/server.ts';
import type { LinkTimings } from '../../src/upstream/timings.ts';
import type { ChildOptions } from '../helpers/child-server.ts';
import { type ChildRecord, childEndpoint, isRunning, serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { type Behave, HttpServer } from '../helpers/http-server.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';
import { NO_RETRY, OpenLink, openChild, QUICK, recordOf, toolOf } from './helper.ts';

const RESTLESS: LinkTimings = { ...QUICK, idleMs: 30 };

type OnDemand = OpenLink & { readonly events: ChildRecord };

function onDemand(t: TestContext, options: ChildOptions = {}, timings: LinkTimings = QUICK): OnDemand {
  const events = recordOf(t);
  const config = serverConfig({ endpoint: childEndpoint({ record: events.file, ...options }), start: 'on-demand' });
  const open = new OpenLink(config, timings, { life: 'on-demand' });
  t.after(() => open.link.close());
  return Object.assign(open, { events });
}

async function atRest({ link, events }: OnDemand): Promise<void> {
  await until(() => link.state.state === 'idle' && events.pids().every((pid) => !isRunning(pid)), 10_000);
}

test('nothing is started until somebody asks for the tools, and then once for all who ask', async (t) => {
  const { link, events, states } = onDemand(t);
  assert.deepEqual([link.state, link.catalog], [{ state: 'idle' }, undefined]);
  const asked = Promise.all([1, 2, 3].map(() => link.connectForTools(15_000)));
  assert.deepEqual(states, [{ state: 'connecting' }]);
  await asked;
  assert.equal(link.catalog?.byPath.has('echo'), true);
  assert.deepEqual([link.state.state, events.starts()], ['ready', 1]);
  await link.connectForTools(15_000);
  assert.equal(events.starts(), 1);
});

test('a server that nobody uses any more ends, its tools stay known, and the next call starts it again', async (t) => {
  const always = await openChild(t, {}, { timings: RESTLESS }).ready();
  const open = onDemand(t, {}, RESTLESS);
  await open.link.connectForTools(15_000);
  await atRest(open);
  assert.equal(open.link.catalog?.byPath.has('echo'), true);
  assert.equal(await open.call('echo', { text: 'a' }), '"a"');
  assert.equal(open.events.starts(), 2);
  await atRest(open);
  await open.link.connectForTools(15_000);
  assert.equal(open.events.starts(), 3);
  assert.deepEqual([always.link.state.state, always.events.starts()], ['ready', 1]);
});

test('a server does not end while a call runs, however long', async (t) => {
  for (const isUp of [false, true]) {
    const open = onDemand(t, {}, RESTLESS);
    if (isUp) await open.link.connectForTools(15_000);
    await Promise.all([open.call('slow', { ms: 400 }), open.call('echo', { text: 'short' })]);
    const states = open.states.map(({ state }) => state);
    assert.deepEqual([states, open.events.starts()], [['connecting', 'ready'], 1]);
    await atRest(open);
  }
});

test('a connection that retires waits for each of its calls', async (t) => {
  const open = onDemand(t);
  const calls = [open.call('slow', { ms: 900 }), open.call('slow', { ms: 300 })];
  await until(() => open.events.count('tools/call', 'slow') === 2, 10_000);
  const retired = open.link.retire(15_000);
  await Promise.all(calls);
  await retired;
  assert.equal(open.link.state.state, 'closed');
});

test('a server that cannot start is not tried by itself, and not by everybody who asks', async (t) => {
  const dead = onDemand(t, { atStart: 'die' }, NO_RETRY);
  await dead.link.connectForTools(15_000);
  assert.equal(dead.link.state.state, 'failed');
  await Promise.all([1, 2, 3].map(() => dead.link.connectForTools(15_000)));
  assert.equal(dead.events.starts(), 1);

  const [asked, always] = [onDemand(t, { atStart: 'die' }), openChild(t, { atStart: 'die' })];
  await asked.link.connectForTools(15_000);
  always.link.start();
  await until(() => always.events.starts() >= 4, 15_000);
  assert.equal(asked.events.starts(), 1);
  await until(async () => {
    await asked.link.connectForTools(15_000);
    return asked.events.starts() === 2;
  }, 15_000);
});

test('a session of one person at such a server does not come back by itself', async (t) => {
  const pool = new SessionPool(new ChildSlots({ most: 9, mostPerPrincipal: 9 }));
  t.after(() => pool.close());
  const died = async (start: 'always' | 'on-demand'): Promise<ChildRecord> => {
    const record = recordOf(t);
    const endpoint = childEndpoint({ record: record.file });
    const config = serverConfig({ endpoint, start, isolation: 'principal' });
    const server = new Server({ config, pool, log: new MemoryLog(), timings: QUICK, credential: () => assert.fail() });
    const caller = { principalId: 'ann', isOnePerson: true };
    const die = server.call(toolOf({ name: 'die' }), {}, caller, new CallScope(15_000), []);
    await assert.rejects(die, { code: 'connection_lost' });
    return record;
  };
  const onDemand = await died('on-demand');
  const always = await died('always');
  await until(() => always.starts() === 2, 15_000);
  assert.equal(onDemand.starts(), 1);
});

test('failures from before a server was of use make no later pause longer', async (t) => {
  const server = await HttpServer.start();
  t.after(() => server.stop());
  const endpoint = urlEndpoint('http', server.url);
  const timings = { ...RESTLESS, longestRetryMs: 3_600_000 };
  const open = new OpenLink(serverConfig({ endpoint }), timings, { life: 'on-demand' });
  t.after(() => open.link.close());
  const failures = (): LinkState[] => open.states.filter(({ state }) => state === 'failed');
  const isDown: Behave = ({ reply }) => {
    reply(500);
    return true;
  };
  server.behave = isDown;
  await until(async () => {
    await open.link.connectForTools(15_000);
    return failures().length === 5;
  });
  server.behave = () => false;
  await until(async () => {
    await open.link.connectForTools(15_000);
    return open.states.some(({ state }) => state === 'ready');
  });
  await until(() => open.link.state.state === 'idle');
  server.behave = isDown;
  await open.link.connectForTools(15_000);
  const last = failures()[5];
  assert.ok(last?.state === 'failed' && last.retryAt - Date.now() < 2 * timings.firstRetryMs);
});

test('a call to a server that cannot start says that it may be tried again, and spares it', async (t) => {
  const dead = onDemand(t, { atStart: 'die' }, { ...QUICK, minGapMs: 60_000 });
  const refused = { code: 'server_unavailable', message: /not available right now; try again shortly/ };
  await assert.rejects(dead.call('echo'), refused);
  await assert.rejects(dead.call('echo'), refused);
  assert.equal(dead.events.starts(), 1);
});

test('a process that dies while nobody uses it stays dead until somebody asks', async (t) => {
  const open = onDemand(t);
  await open.link.connectForTools(15_000);
  process.kill(open.events.pids()[0] ?? 0, 'SIGKILL');
  await until(() => open.link.state.state === 'failed');
  const always = openChild(t, { atStart: 'die' });
  always.link.start();
  await until(() => always.events.starts() >= 3, 15_000);
  assert.equal(open.events.starts(), 1);
  assert.equal(await open.call('echo', { text: 'again' }), '"again"');
  assert.equal(open.events.starts(), 2);
});

test('who asks waits no longer than said, and the start goes on', async (t) => {
  const open = onDemand(t, { onInitialize: 'hang' });
  await open.link.connectForTools(20);
  await open.link.connectForTools(20);
  assert.equal(open.link.state.state, 'connecting');
  await until(() => open.events.count('initialize') === 1, 10_000);
  assert.equal(open.events.starts(), 1);
});

test('closing ends a start under way, frees who waits for it, and allows no other', async (t) => {
  const open = onDemand(t, { onInitialize: 'hang' });
  const asked = open.link.connectForTools(60_000);
  await until(() => open.events.count('initialize') === 1, 10_000);
  await open.link.close();
  await asked;
  assert.ok(open.events.pids().every((pid) => !isRunning(pid)));
  await open.link.connectForTools(60_000);
  assert.equal(open.events.starts(), 1);
});

test('where a login is missing nobody who asks for tools starts anything', async (t) => {
  const open = onDemand(t);
  open.link.endLogin(authorizationRequired('test', 'ended'));
  await open.link.connectForTools(60_000);
  assert.deepEqual([open.link.state.state, open.events.starts()], ['needs-login', 0]);
});
