/** Processes behind REST calls: they count as those of MCP sessions and of `/api` do, for whoever calls. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RestSession } from '../acehoss/rest-client.ts';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { isRunning } from '../helpers/configs.ts';
import { askStateless, McpSession, resultOf } from '../helpers/mcp-session.ts';
import { until } from '../helpers/wait.ts';
import { Pids, strict } from './acehoss/sse-servers.ts';
import { accounts } from './login-story.ts';
import { pidIn } from './mcp/children-story.ts';
import { basic } from './raw.ts';

const TOO_MANY_OF_ONE = {
  detail: { message: 'You have 2 sessions with processes of their own or at /api; close some, or try again later.' },
};
const TOO_MANY_OF_ALL = {
  detail: { message: 'All callers together have 3 sessions with processes of their own or at /api.' },
};

/** A server with a process for each session, where two are allowed to one caller and three to all. */
class Desk {
  readonly #app: RunningApp;
  readonly #pids: Pids;
  readonly #held = new Map<string, Promise<unknown>>();

  private constructor(app: RunningApp, pids: Pids) {
    this.#app = app;
    this.#pids = pids;
  }

  static async start(t: TestContext, keys: Record<string, unknown> = {}): Promise<Desk> {
    const pids = new Pids();
    const app = await startApp({
      mcpServers: { one: { ...strict(pids.flag), isolation: 'session' } },
      keys: { sessions: { per_principal: 2, total: 3 }, ...keys },
    });
    const desk = new Desk(app, pids);
    t.after(() => desk.#close());
    return desk;
  }

  get url(): string {
    return this.#app.url;
  }

  /** How many processes sessions have; one more told the tools. */
  running(): number {
    return this.#pids.running().length - 1;
  }

  call(who: string, sessionId: string, tool = 'pid', args: object = {}): Promise<Response> {
    return this.#app.post(`/one/${tool}`, args, { authorization: basic(who, `${who}-pw`), 'x-session-id': sessionId });
  }

  async pid(who: string, sessionId: string): Promise<number> {
    const response = await this.call(who, sessionId);
    assert.equal(response.status, 200);
    return Number(await response.json());
  }

  /** A call that lasts until `free`; resolves once the server has it. */
  async hold(who: string, sessionId: string): Promise<void> {
    const held = this.call(who, sessionId, 'hold', { key: sessionId });
    this.#held.set(JSON.stringify([who, sessionId]), held);
    await until(async () => (await (await this.call(who, sessionId, 'holding')).text()) === '1', 15_000);
  }

  async free(who: string, sessionId: string): Promise<void> {
    const key = JSON.stringify([who, sessionId]);
    assert.equal((await this.call(who, sessionId, 'release')).status, 200);
    await this.#held.get(key);
    this.#held.delete(key);
  }

  async #close(): Promise<void> {
    for (const key of this.#held.keys()) await this.free(...(JSON.parse(key) as [string, string]));
    await this.#app.close();
    this.#pids.remove();
  }
}

async function refused(response: Promise<Response>, status: number, body: unknown): Promise<void> {
  const { headers, ...answer } = await response.then(async (one) => ({
    headers: one.headers,
    status: one.status,
    body: await one.json(),
  }));
  assert.deepEqual(answer, { status, body });
  assert.deepEqual([headers.get('retry-after'), headers.get('x-latchkey-error')], ['30', 'too_many_sessions']);
}

test('a caller with ever new session ids never has more processes than the limit', async (t) => {
  const desk = await Desk.start(t, accounts('ann', 'ben'));
  const running: number[] = [];
  for (let id = 1; id <= 5; id += 1) {
    await desk.pid('ann', `session ${id}`);
    running.push(desk.running());
  }
  assert.deepEqual(running, [1, 2, 2, 2, 2]);
  const storm = Array.from({ length: 20 }, (_, index) => desk.call('ann', `storm ${index}`));
  const statuses = (await Promise.all(storm)).map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)].sort(), [200, 429]);
  assert.ok(desk.running() <= 2);
  assert.ok(await desk.pid('ben', '1'), 'another caller');
});

test('where all are in use, the next is refused with 429, until a session rests', async (t) => {
  const desk = await Desk.start(t, accounts('ann', 'ben'));
  await desk.hold('ann', '1');
  await desk.hold('ann', '2');
  await refused(desk.call('ann', '3'), 429, TOO_MANY_OF_ONE);
  assert.equal(await (await desk.call('ann', '1', 'holding')).text(), '1', 'what there is goes on');
  await desk.hold('ben', '1');
  await refused(desk.call('ben', '2'), 503, TOO_MANY_OF_ALL);
  await desk.free('ann', '1');
  assert.ok(await desk.pid('ann', '3'));
  assert.equal(desk.running(), 3);
});

test('sessions of MCP, of /api and of REST calls are counted together', async (t) => {
  const desk = await Desk.start(t, accounts('ann', 'ben'));
  const authorization = basic('ann', 'ann-pw');
  const mcp = await McpSession.open(`${desk.url}/one/mcp`, { headers: { authorization }, capabilities: { roots: {} } });
  const api = new RestSession(desk.url, ['authorization', authorization]);
  await api.pid('one');
  await refused(desk.call('ann', '1'), 429, TOO_MANY_OF_ONE);
  await mcp.end();
  await desk.hold('ann', '1');
  assert.equal((await new RestSession(desk.url, ['authorization', authorization]).post('one/pid')).status, 429);
  await desk.free('ann', '1');
  const other = new RestSession(desk.url, ['authorization', authorization]);
  await other.pid('one');
  assert.equal(await api.text('one/count'), '1', 'the session that has a contract goes on');
  await refused(desk.call('ann', '1'), 429, TOO_MANY_OF_ONE);
});

test('a process of stateless requests that rests gives way to a REST call', async (t) => {
  const desk = await Desk.start(t, accounts('ann'));
  const headers = { authorization: basic('ann', 'ann-pw') };
  const answered = await askStateless(`${desk.url}/one/mcp`, 'tools/call', { name: 'pid', arguments: {} }, { headers });
  const pid = pidIn(resultOf(answered));
  await desk.hold('ann', '1');
  assert.ok(isRunning(pid));
  assert.ok(await desk.pid('ann', '2'));
  await until(() => !isRunning(pid));
});

test('callers who may be many are bound by what all together may have', async (t) => {
  const desk = await Desk.start(t);
  for (const id of ['1', '2', '3']) await desk.hold('', id);
  await refused(desk.call('', '4'), 503, TOO_MANY_OF_ALL);
  await desk.free('', '2');
  assert.ok(await desk.pid('', '4'));
  assert.equal(desk.running(), 3);
});
