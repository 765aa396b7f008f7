/** One server without a file, with one login for all, and with tools whose paths are our own. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { until } from '../helpers/wait.ts';
import { coded, Person, startProvider } from './login-story.ts';
import { startGuard } from './login-story-guard.ts';
import { startFor } from './start-for.ts';

const OURS = ['login', 'logout', 'oauth/notes', 'login/tokens', 'login/tokens/revoke'];
const NAMES = [...OURS, 'logins', 'status', 'Login', 'login/other'];

interface Single {
  readonly app: RunningApp;
  readonly inner: HttpServer;
  /** The names of its tools; may be changed. */
  readonly names: string[];
}

/** A server with tools of these names behind a provider, served as `latchkey --oauth -- URL`. */
async function startSingle(t: TestContext, argv: readonly string[] = []): Promise<Single> {
  const { as } = await startProvider(t);
  const names = [...NAMES];
  const inner = await HttpServer.start();
  t.after(() => inner.stop());
  inner.behave = ({ message, name, reply }) => {
    if (name !== 'tools/list') return false;
    const tools = names.map((tool) => ({ name: tool, inputSchema: { type: 'object', properties: {} } }));
    reply(200, { jsonrpc: '2.0', id: message?.id, result: { tools } });
    return true;
  };
  const guard = await startGuard(t, as, inner.url);
  const app = await startFor(t, { argv: [...argv, '--oauth', '--', guard.url.href] });
  return { app, inner, names };
}

describe('a single server with a login', () => {
  it('is connected once for all, by the gateway page', async (t) => {
    const { app, inner } = await startSingle(t);
    const [ann, program] = [new Person(app), new Person(app)];
    const before = await program.call('/status');
    assert.deepEqual(coded(before), [401, 'authorization_required']);
    assert.match(JSON.parse(before.body).authorize_url, /\/oauth\/default\/authorize$/);
    await ann.connect({}, 'default');
    assert.equal((await program.call('/status')).body, '"status"');
    assert.equal((await program.call('/default/status')).body, '"status"');
    assert.equal(inner.record.count('status'), 2);
    await ann.disconnect('default');
    assert.deepEqual(coded(await program.call('/status')), [401, 'authorization_required']);
  });

  it('is disconnected by no page of anybody else', async (t) => {
    const { app } = await startSingle(t);
    const ann = new Person(app);
    await ann.connect({}, 'default');
    const path = '/oauth/default/disconnect';
    for (const person of [ann, new Person(app)]) {
      for (const site of ['same-site', 'cross-site']) {
        const answer = await person.submit(path, {}, { origin: 'http://localhost:1', 'sec-fetch-site': site });
        assert.equal(answer.status, 403, site);
      }
    }
    assert.deepEqual(coded(await ann.submit(path, {})), [403, 'form_expired']);
    assert.equal((await ann.status('default')).state, 'connected');
  });

  it('keeps our own paths at the root, has its tools below its name, and the log says so once each', async (t) => {
    const { app, inner, names } = await startSingle(t);
    const ann = new Person(app);
    await ann.connect({}, 'default');
    for (const name of NAMES) {
      assert.equal((await ann.call(`/default/${name}`)).body, JSON.stringify(name), name);
      const atRoot = await ann.call(`/${name}`);
      const isOurs = OURS.includes(name);
      assert.equal(atRoot.status === 200, !isOurs, `${name} ${atRoot.status}`);
      assert.equal(inner.record.count(name), isOurs ? 1 : 2, name);
    }
    await ann.disconnect('default');
    names.push('one-more');
    await ann.connect({}, 'default');
    await until(async () => (await ann.call('/one-more')).status === 200);
    const warned = app.records.filter(({ level, path }) => level === 40 && path !== undefined);
    assert.deepEqual(
      warned.map(({ tool, path }) => [tool, path]),
      OURS.map((name) => [name, `/default/${name}`]),
    );
  });

  it('documents each tool where it can be called', async (t) => {
    const { app } = await startSingle(t);
    const ann = new Person(app);
    await ann.connect({}, 'default');
    const { paths } = JSON.parse((await ann.fetch('/openapi.json')).body);
    const expected = NAMES.map((name) => (OURS.includes(name) ? `/default/${name}` : `/${name}`));
    assert.deepEqual(Object.keys(paths), expected);
    for (const path of expected) assert.equal((await ann.call(path)).status, 200, path);
  });

  it('has the same with a key, which guards the tools wherever they are', async (t) => {
    const { app, inner } = await startSingle(t, ['--api-key', 'the-key']);
    const authorization = 'Bearer the-key';
    const ann = new Person(app);
    const _csrf = await ann.formToken('/login');
    assert.equal((await ann.submit('/login', { _csrf, key: 'the-key', next: '/' })).status, 303);
    await ann.connect({}, 'default');
    for (const path of ['/default/login', '/status']) {
      assert.equal((await app.post(path, {})).status, 401, path);
      assert.equal((await app.post(path, {}, { authorization })).status, 200, path);
    }
    assert.equal(inner.record.count('login'), 1);
  });
});
