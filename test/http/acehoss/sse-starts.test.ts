/** What becomes of event streams of a servers file whose process cannot be started, or may not be. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type AppSetup, type RunningApp, startApp } from '../../helpers/app.ts';
import { until } from '../../helpers/wait.ts';
import { SseClient } from '../mcp/sse-client.ts';
import { raw } from '../raw.ts';
import { MIRROR, Pids, strict } from './sse-servers.ts';

const basic = (name: string): Record<string, string> => ({ authorization: `Basic ${btoa(`${name}:${name}-pw`)}` });
const CREDENTIALS = ['ann', 'ben'].map((username) => ({ username, password: `${username}-pw` }));
const AUTH = { basic: { enabled: true, credentials: CREDENTIALS } };

describe('an event stream of a servers file', () => {
  let app: RunningApp | undefined;
  const open: SseClient[] = [];
  afterEach(async () => {
    for (const client of open.splice(0)) client.leave();
    await app?.close();
  });

  async function start(servers: NonNullable<AppSetup['servers']>, keys: object = {}): Promise<RunningApp> {
    app = await startApp({ servers, keys: { port: 8000, ...keys } });
    return app;
  }

  async function stream(path: string, headers: Record<string, string> = {}): Promise<SseClient> {
    const client = await SseClient.open(app?.url ?? '', path, headers);
    open.push(client);
    assert.equal(client.response.statusCode, 200);
    return client;
  }

  async function refusal(path: string, headers: Record<string, string> = {}): Promise<unknown[]> {
    const answer = (await app?.get(path, headers)) as Response;
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
    return [answer.status, await answer.text(), answer.headers.get('retry-after')];
  }

  it('is none where the system does not start the process, and says so', async () => {
    const secret = 'hunter2';
    const { url } = await start(
      {
        none: { command: 'no-such-command', args: [secret] },
        nowhere: { ...MIRROR, path: '/no/such/folder' },
        folder: { command: '/tmp', args: [secret] },
        long: { command: 'node', args: [secret.repeat(40_000)] },
      },
      { sessions: { per_principal: 1 } },
    );
    assert.ok(url);
    // Twice: nothing is remembered, and a failure takes up no room.
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(await refusal('/none'), [500, 'Error: spawn no-such-command ENOENT', null]);
      assert.deepEqual(await refusal('/nowhere'), [500, `Error: spawn ${process.execPath} ENOENT`, null]);
      assert.deepEqual(await refusal('/folder'), [500, 'Error: spawn /tmp EACCES', null]);
      assert.deepEqual(await refusal('/long'), [500, 'Error: spawn node E2BIG', null]);
    }
    const elsewhere = (await app?.get('/none/sse')) as Response;
    const { error } = (await elsewhere.json()) as { error: { message: string; data: { error: string } } };
    assert.deepEqual([elsewhere.status, error.message], [500, 'spawn no-such-command ENOENT']);
    assert.equal(error.data.error, 'start_failed');
    assert.ok(app?.records.some(({ reason }) => reason === 'spawn no-such-command ENOENT'));
    assert.ok(!JSON.stringify(app?.records).includes(secret));
  });

  it('is one of a few that a caller may have, and of those that all may have', async () => {
    const pids = new Pids();
    await start({ one: strict(pids.flag), two: MIRROR }, { auth: AUTH, sessions: { per_principal: 2, total: 3 } });
    const first = await stream('/one', basic('ann'));
    await stream('/two', basic('ann'));
    const own = 'Error: You have 2 sessions with processes of their own or at /api; close some, or try again later.';
    const [status, text, seconds] = await refusal('/two', basic('ann'));
    assert.deepEqual([status, text], [429, own]);
    assert.match(String(seconds), /^\d+$/);
    await stream('/two', basic('ben'));
    const all = 'Error: All callers together have 3 sessions with processes of their own or at /api.';
    assert.deepEqual((await refusal('/one', basic('ben'))).slice(0, 2), [503, all]);
    await until(() => pids.running().length === 1);
    first.leave();
    await until(async () => (await app?.get('/none', basic('ann')))?.status === 404 && pids.running().length === 0);
    await until(async () => {
      const client = await SseClient.open(app?.url ?? '', '/two', basic('ann'));
      open.push(client);
      return client.response.statusCode === 200;
    });
    pids.remove();
  });

  it('counts for callers without a name as for one caller', async () => {
    await start({ one: MIRROR }, { sessions: { per_principal: 2 } });
    await stream('/one');
    await stream('/one');
    assert.equal((await refusal('/one'))[0], 429);
  });

  it('is nothing for pages of other sites', async () => {
    const pids = new Pids();
    const { url } = await start({ one: strict(pids.flag) });
    for (const site of ['cross-site', 'same-site']) {
      const image = ['sec-fetch-site', site, 'sec-fetch-mode', 'no-cors', 'sec-fetch-dest', 'image'];
      assert.equal((await raw(url, { path: '/one', headers: image })).status, 403);
    }
    const page = ['origin', 'https://evil.example', 'accept', 'text/event-stream'];
    assert.equal((await raw(url, { path: '/one', headers: page })).status, 403);
    await stream('/one');
    await until(() => pids.all().length > 0);
    assert.equal(pids.all().length, 1);
    pids.remove();
  });

  it('is nothing for callers without a credential', async () => {
    const pids = new Pids();
    await start({ one: strict(pids.flag) }, { auth: AUTH });
    assert.deepEqual(await refusal('/one'), [401, 'Unauthorized', null]);
    await stream('/one', basic('ann'));
    await until(() => pids.all().length > 0);
    assert.equal(pids.all().length, 1);
    pids.remove();
  });
});
