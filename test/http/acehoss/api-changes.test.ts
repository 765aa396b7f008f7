/** Sessions of `/api` when the configuration changes, and when the gateway ends. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RestSession } from '../../acehoss/rest-client.ts';
import { commandEndpoint, configuration, isRunning, serverConfig } from '../../helpers/configs.ts';
import { until } from '../../helpers/wait.ts';
import { startFor } from '../start-for.ts';
import { callAround } from './call-around.ts';
import { Pids, strict } from './sse-servers.ts';

const { command, args } = strict();
const CALL = '/api/one/pid?sessionId=x';
const entry = (flag: string) => serverConfig({ name: 'one', endpoint: commandEndpoint(command, [...args, flag]) });

/** A call that waits until `one/release`. */
async function hold(session: RestSession) {
  const held = session.post('one/hold', { key: 'held' });
  await until(async () => (await session.text('one/holding')) === '1');
  return held;
}

it('a changed entry ends the sessions with the former one, once nobody waits there', async (t) => {
  const app = await startFor(t, { servers: { one: strict() } });
  const [busy, idle] = [new RestSession(app.url), new RestSession(app.url)];
  const pids = [await busy.pid('one'), await idle.pid('one')];
  const slow = busy.post('one/slow', { ms: 500 });
  await until(async () => (await busy.text('one/count')) === '1');
  await app.gateway.apply(configuration(entry('--changed')));
  assert.deepEqual(JSON.parse(await busy.text('one/argv')), ['--changed'], 'who calls now finds the new one');
  assert.equal((await slow).status, 200, 'what was under way has ended by itself');
  await until(() => !pids.some(isRunning));
  assert.equal(await busy.text('one/count'), '1');
});

it('a removed entry ends its sessions, and is not found any more', async (t) => {
  const app = await startFor(t, { servers: { one: strict() } });
  const session = new RestSession(app.url);
  const pid = await session.pid('one');
  await app.gateway.apply(configuration());
  const { status, body } = await session.post('one/pid');
  assert.deepEqual([status, body], [404, 'Server not found']);
  await until(() => !isRunning(pid));
});

it('an entry that is removed or changed while a body arrives is not used any more', async (t) => {
  const pids = new Pids();
  t.after(() => pids.remove());
  const app = await startFor(t, { servers: { one: strict(pids.flag) } });
  const changed = await callAround(app.url, CALL, () => app.gateway.apply(configuration(entry('--changed'))));
  const words = 'Error: The configuration of the server has just changed; try again.';
  assert.deepEqual([changed.status, changed.headers['retry-after'], changed.body], [503, '1', words]);
  const removed = await callAround(app.url, CALL, () => app.gateway.apply(configuration()));
  assert.deepEqual([removed.status, removed.body], [404, 'Server not found']);
  assert.deepEqual(pids.all(), []);
});

it('an entry that stays keeps its sessions', async (t) => {
  const app = await startFor(t, { servers: { one: strict() } });
  const session = new RestSession(app.url);
  const pid = await session.pid('one');
  const [same] = [...app.gateway.servers.values()];
  assert.ok(same);
  await app.gateway.apply(configuration(same.config, { ...entry('--more'), name: 'more' }));
  assert.equal(await session.pid('one'), pid);
});

it('the end of the gateway lets calls end for a while, answers all, and leaves no process', async (t) => {
  const app = await startFor(t, { servers: { one: strict() } });
  const [quick, stuck, idle] = [new RestSession(app.url), new RestSession(app.url), new RestSession(app.url)];
  const pids = await Promise.all([quick, stuck, idle].map((session) => session.pid('one')));
  const slow = quick.post('one/slow', { ms: 500 });
  const held = hold(stuck);
  await until(async () => (await stuck.text('one/holding')) === '1');
  const closed = app.close();
  assert.equal((await slow).status, 200);
  const { status, body } = await held;
  assert.deepEqual([status, body], [500, 'Error: Connection closed']);
  await closed;
  assert.deepEqual(pids.filter(isRunning), []);
});
