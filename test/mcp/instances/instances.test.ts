/** The sessions behind `/api` come and go, and leave nothing. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { pino } from 'pino';
import { ANONYMOUS } from '../../../src/identity/principal.ts';
import { Instances } from '../../../src/mcp/instances/instances.ts';
import type { LineHost } from '../../../src/mcp/lines/line-host.ts';
import { Transports } from '../../../src/mcp/lines/transports.ts';
import { KnownServer } from '../../../src/mcp/login/known-server.ts';
import { LoginStates } from '../../../src/mcp/login/login-state.ts';
import { ChildSlots } from '../../../src/upstream/child-slots.ts';
import type { Message } from '../../../src/upstream/peer/message.ts';
import type { Server } from '../../../src/upstream/server.ts';
import { StopSource } from '../../../src/upstream/stop-source.ts';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { until } from '../../helpers/wait.ts';
import { strict } from '../../http/acehoss/sse-servers.ts';

const NOBODY = { principal: ANONYMOUS, elsewhere: new Map(), hasBrowser: false };

let app: RunningApp;
let host: LineHost;
let instances: Instances;
let limits: { idleMs: number; startMs: number };
let held: number;

beforeEach(async () => {
  app = await startApp({ servers: { one: strict() } });
  const log = pino({ level: 'silent' });
  host = {
    gateway: app.gateway,
    log,
    transports: new Transports(),
    children: new ChildSlots({ most: 20, mostPerPrincipal: 10 }),
    states: new LoginStates(app.gateway.sealed, log),
    howToName: '',
    onCall: () => undefined,
    known: (server) => new KnownServer(server),
  };
  limits = { idleMs: 60_000, startMs: 10_000 };
  held = 0;
  const take = (amount: number): (() => void) => {
    held += amount;
    return () => {
      held -= amount;
    };
  };
  instances = new Instances({ host, limits, room: () => ({ fits: () => true, take }) });
});
afterEach(async () => {
  await instances.close();
  await host.transports.close();
  await app.close();
});

function call(sessionId: string, tool: string, args: unknown = {}, left = new StopSource()): Promise<Message> {
  const server = app.gateway.servers.get('one') as Server;
  return instances.call({ server, caller: NOBODY, sessionId, tool, args, headers: [], left });
}

test('a hundred sessions, ten at a time, leave no session, no room and no memory taken', async () => {
  const ids = Array.from({ length: 100 }, (_, index) => `session-${index}`);
  const work = async (): Promise<void> => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      assert.ok((await call(id, 'count')).result);
      assert.equal(await instances.end(ANONYMOUS.id, id), true);
    }
  };
  await Promise.all(Array.from({ length: 10 }, work));
  assert.deepEqual([instances.size, host.children.size, held], [0, 0, 0]);
});

test('who leaves during the start ends nothing: the session rests, and then ends by itself', async () => {
  const left = new StopSource();
  const called = call('a', 'count', {}, left);
  left.abort(new Error('gone'));
  await assert.rejects(called, /gone/);
  assert.equal(instances.size, 1);
  assert.match((await call('a', 'count')).text, /"text":"1"/, 'the call of who has left was never made');
  limits.idleMs = 1;
  await call('a', 'count');
  await until(() => instances.size === 0 && host.children.size === 0);
});

test('a newcomer is told when the session ends that has rested longest, and half a minute where none rests', async () => {
  for (let index = 0; index < 10; index += 1) await call(`s${index}`, 'count');
  const isRefused = (from: number, to: number) => (error: unknown) => {
    const { status, headers } = error as { status: number; headers: Record<string, string> };
    const seconds = Number(headers['retry-after']);
    return status === 429 && seconds >= from && seconds <= to;
  };
  await assert.rejects(call('more', 'count'), isRefused(1, 60));
  limits.idleMs = 3_600_000;
  await assert.rejects(call('more', 'count'), isRefused(600, 600));
  limits.idleMs = 60_000;
  const busy = Array.from({ length: 10 }, (_, index) => call(`s${index}`, 'hold', { key: 'x' }));
  await assert.rejects(call('more', 'count'), isRefused(30, 30));
  for (let index = 0; index < 10; index += 1) await call(`s${index}`, 'release');
  assert.equal((await Promise.all(busy)).length, 10);
});

test('once closed it begins nothing, and nothing of it is left', async () => {
  await call('a', 'count');
  await instances.close();
  assert.equal(instances.size, 0);
  await assert.rejects(call('a', 'count'), { status: 503 });
});
