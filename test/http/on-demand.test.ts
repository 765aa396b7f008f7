/** Servers that start on demand, over HTTP: who may start one, who may not, and what is told meanwhile. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { mayStartFor } from '../../src/http/targets.ts';
import { ANONYMOUS, API_KEY_HOLDER } from '../../src/identity/principal.ts';
import type { Server } from '../../src/upstream/server.ts';
import { DEFAULT_TIMINGS } from '../../src/upstream/timings.ts';
import { type AppSetup, type RunningApp, startApp } from '../helpers/app.ts';
import type { ChildOptions } from '../helpers/child-server.ts';
import { ChildRecord, childEndpoint, isRunning } from '../helpers/configs.ts';
import { until } from '../helpers/wait.ts';

type Started = RunningApp & { readonly events: ChildRecord };

/** A gateway with the server `one`, as it stands in a file with `servers`. */
async function start(t: TestContext, setup: AppSetup = {}, child: ChildOptions = {}): Promise<Started> {
  const events = new ChildRecord();
  t.after(() => events.remove());
  const { command, args } = childEndpoint({ record: events.file, ...child });
  const app = await startApp({ servers: { one: { command, args } }, ...setup });
  t.after(() => app.close());
  return Object.assign(app, { events });
}

async function paths(response: Response): Promise<string[]> {
  assert.equal(response.status, 200);
  return Object.keys(((await response.json()) as { paths: object }).paths);
}

async function wordsOf(app: RunningApp): Promise<string> {
  const { servers } = (await (await app.get('/')).json()) as { servers: { words: string }[] };
  return servers[0]?.words ?? '';
}

const DOCUMENTS = ['/one/openapi.json', '/openapi.json'];
const KEY = { authorization: 'Bearer the-key' };
const HTML = { accept: 'text/html' };

describe('a server that starts on demand', () => {
  it('is started by nothing that only tells about it', async (t) => {
    const app = await start(t);
    const ready = await app.get('/readyz');
    assert.deepEqual([ready.status, await ready.json()], [200, { status: 'ready', servers: { idle: 1 } }]);
    assert.match(await (await app.get('/metrics')).text(), /latchkey_upstream_state\{server="one",state="idle"\} 1/);
    const { servers } = (await (await app.get('/')).json()) as { servers: Record<string, unknown>[] };
    assert.deepEqual(
      servers.map(({ name, state, words, tools }) => [name, state, words, tools]),
      [['one', 'idle', 'Starts when it is needed', null]],
    );
    assert.match(await (await app.get('/', HTML)).text(), /Starts when it is needed/);
    assert.equal((await app.get('/one/docs', HTML)).status, 200);
    assert.equal(app.events.starts(), 0);
  });

  it('is started once by all who read its tools, and ends when nobody needs it, with its tools known', async (t) => {
    const app = await start(t, { timings: { ...DEFAULT_TIMINGS, idleMs: 30 } });
    const found = await Promise.all(DOCUMENTS.map(async (path) => paths(await app.get(path))));
    assert.ok(found[0]?.includes('/echo') && found[1]?.includes('/one/echo'));
    assert.equal(app.events.starts(), 1);
    await until(() => app.events.pids().every((pid) => !isRunning(pid)), 10_000);
    assert.match(await wordsOf(app), /^Starts when it is needed, \d+ tools$/);
    assert.ok((await paths(await app.get('/one/openapi.json'))).includes('/echo'));
    assert.equal((await app.get('/readyz')).status, 200);
    assert.equal(app.events.starts(), 1);
  });

  it('is started by the first call, whose tool nobody knew', async (t) => {
    const app = await start(t);
    const [echo, none] = await Promise.all([app.post('/one/echo', { text: 'a' }), app.post('/one/nope', {})]);
    assert.deepEqual([echo.status, await echo.json(), none.status], [200, 'a', 404]);
  });
});

describe('a server that starts on demand and cannot', () => {
  it('is told to be tried again when it is needed, and is not tried by everybody who asks', async (t) => {
    const app = await start(
      t,
      { timings: { ...DEFAULT_TIMINGS, firstRetryMs: 600_000, longestRetryMs: 600_000 } },
      { atStart: 'die' },
    );
    for (const path of [...DOCUMENTS, ...DOCUMENTS]) await paths(await app.get(path));
    const call = await app.post('/one/echo', { text: 'a' });
    assert.deepEqual([call.status, call.headers.get('retry-after')], [503, '5']);
    assert.equal(await wordsOf(app), 'Not available; tried again when it is needed');
    assert.equal((await app.get('/readyz')).status, 200);
    assert.equal(app.events.starts(), 1);
  });
});

describe('pages of somebody else', () => {
  it('start nothing on an open gateway, whatever they load, frame or open', async (t) => {
    const app = await start(t);
    for (const site of ['cross-site', 'same-site']) {
      for (const more of [
        { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
        { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
        { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      ]) {
        for (const path of DOCUMENTS) {
          assert.deepEqual(await paths(await app.get(path, { 'sec-fetch-site': site, ...more })), []);
        }
      }
    }
    // As browsers ask that say nothing more: to plain http that is not of this machine.
    for (const signs of [{ referer: 'http://evil.example/' }, { accept: 'image/avif,image/webp,*/*;q=0.8' }]) {
      for (const path of DOCUMENTS) assert.deepEqual(await paths(await app.get(path, signs)), []);
      assert.equal((await app.get('/one', signs)).status, 403);
    }
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    for (const path of DOCUMENTS) assert.equal((await app.get(path, foreign)).status, 403);
    assert.equal((await app.post('/one/echo', { text: 'a' }, foreign)).status, 403);
    assert.equal(app.events.starts(), 0);
    assert.ok((await paths(await app.get('/one/openapi.json', { 'sec-fetch-site': 'same-origin' }))).includes('/echo'));
  });

  it('is nobody who opens a document from a page of ours, or types the address', async (t) => {
    for (const signs of [{ referer: 'OURS/docs' }, { accept: 'text/html,image/avif,*/*;q=0.8' }]) {
      const app = await start(t);
      const headers = JSON.parse(JSON.stringify(signs).replace('OURS', app.url)) as Record<string, string>;
      assert.ok((await paths(await app.get('/one/openapi.json', headers))).includes('/echo'), JSON.stringify(signs));
    }
  });
});

describe('who was not let in', () => {
  const refused: readonly [string, AppSetup, readonly number[]][] = [
    ['an API key', { argv: ['--api-key', 'the-key'] }, [200, 200]],
    ['an API key for everything', { argv: ['--api-key', 'the-key', '--strict-auth'] }, [401, 401]],
    ['accounts', { keys: { auth: { bearer: { enabled: true, tokens: ['the-key'] } } } }, [401, 401]],
  ];
  for (const [what, setup, documents] of refused) {
    it(`starts nothing where the gateway has ${what}; whoever has it does`, async (t) => {
      const app = await start(t, setup);
      for (const headers of [{}, { authorization: 'Bearer wrong' }, { cookie: 'lk=nobody' }]) {
        const answers = await Promise.all(DOCUMENTS.map((path) => app.get(path, headers)));
        assert.deepEqual(
          answers.map(({ status }) => status),
          documents,
        );
        for (const answer of answers) {
          if (answer.status === 200) assert.deepEqual(await paths(answer), []);
        }
        for (const path of ['/one/echo', '/one/nope', '/one/a/b']) {
          assert.match(String((await app.post(path, { text: 'a' }, headers)).status), /^40[13]$/, path);
        }
      }
      assert.equal(app.events.starts(), 0);
      assert.ok((await paths(await app.get('/one/openapi.json', KEY))).includes('/echo'));
      assert.equal(await (await app.post('/one/echo', { text: 'a' }, KEY)).json(), 'a');
      // What others have started is told to everybody who may read it.
      if (documents[0] === 200) assert.ok((await paths(await app.get('/one/openapi.json'))).includes('/echo'));
    });
  }

  it('may have the key of the documents, which starts what it reads', async (t) => {
    const app = await start(t, { argv: ['--api-key', 'the-key'], keys: { document_key: 'rD4xW9kQ2mZ7tB5n' } });
    assert.deepEqual(await paths(await app.get('/one/openapi.json')), []);
    assert.ok((await paths(await app.get('/one/openapi.json?key=rD4xW9kQ2mZ7tB5n'))).includes('/echo'));
  });

  it('calls no tool by a list that came while they were being looked at', () => {
    const server = (isOnDemand: boolean, catalog?: object) => ({ isOnDemand, catalog }) as unknown as Server;
    const target = (one: Server) => ({ server: one, rest: 'echo', tool: undefined });
    assert.equal(mayStartFor(target(server(true)), ANONYMOUS), true);
    assert.equal(mayStartFor(target(server(true, {})), ANONYMOUS), false);
    assert.equal(mayStartFor(target(server(true, {})), API_KEY_HOLDER), true);
    assert.equal(mayStartFor(target(server(false)), API_KEY_HOLDER), false);
  });
});
