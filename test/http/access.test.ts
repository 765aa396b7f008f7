/** Who may come in with `--api-key` and `--strict-auth`, through the whole gateway to a real server. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type AppSetup, type RunningApp, startApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { basic, raw } from './raw.ts';
import { startFor } from './start-for.ts';

const KEY = 'correct horse battery';
const ECHO = { text: 'hi' };
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2ln';

let server: HttpServer;
let setup: AppSetup;
before(async () => {
  server = await HttpServer.start();
  setup = { mcpServers: { time: { type: 'streamable-http', url: server.url.href } } };
});
after(() => server.stop());

describe('--api-key', () => {
  let app: RunningApp;
  before(async () => {
    app = await startApp({ ...setup, argv: ['--api-key', KEY] });
  });
  after(() => app.close());

  const call = (authorization?: string) =>
    app.post('/time/echo', ECHO, authorization === undefined ? {} : { authorization });

  it('lets the key in, whatever the case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const response = await call(`${scheme} ${KEY}`);
      assert.equal(response.status, 200, scheme);
      assert.equal(await response.json(), 'hi');
    }
  });

  it('takes the key as the password of any user', async () => {
    assert.equal((await call(basic('anyone', KEY))).status, 200);
    assert.equal((await call(basic('', KEY))).status, 200);
  });

  it("refuses all else in mcpo's words, and the tool does not run", async () => {
    const before = server.record.count('echo');
    const missing = 'Missing or invalid Authorization header';
    const refusals: [string | undefined, number, RegExp | string][] = [
      [undefined, 401, missing],
      ['Digest abc', 401, missing],
      ['Bearer', 401, missing],
      [KEY, 401, missing],
      ['Bearer wrong', 403, 'Invalid API key'],
      [`Bearer ${KEY} `.replace('horse', 'Horse'), 403, 'Invalid API key'],
      [basic('x', 'wrong'), 403, 'Invalid credentials'],
      ['Basic !!!', 401, 'Invalid Basic Authentication format'],
      [`Basic ${Buffer.from(KEY).toString('base64')}`, 401, 'Invalid Basic Authentication format'],
      [`Bearer ${JWT}`, 401, /webui_secret_key.*API key as Bearer/],
      ['Bearer sk-1234567890', 401, /API key of Open WebUI.*gateway's own API key/],
    ];
    for (const [authorization, status, detail] of refusals) {
      const response = await call(authorization);
      const body = (await response.json()) as { detail: string };
      assert.equal(response.status, status, authorization);
      if (typeof detail === 'string') assert.deepEqual(body, { detail });
      else assert.match(body.detail, detail);
      if (status === 401) assert.equal(response.headers.get('www-authenticate'), 'Bearer');
      assert.match(response.headers.get('x-latchkey-error') ?? '', /^(missing|invalid)_credentials$/);
    }
    assert.equal(server.record.count('echo'), before);
  });

  it('refuses two Authorization headers, though one of them is right', async () => {
    const before = server.record.count('echo');
    for (const values of [
      [`Bearer ${KEY}`, 'Bearer wrong'],
      ['Bearer wrong', `Bearer ${KEY}`],
      [`Bearer ${KEY}`, `Bearer ${KEY}`],
    ]) {
      const headers = ['content-type', 'application/json', ...values.flatMap((value) => ['authorization', value])];
      const answer = await raw(app.url, { method: 'POST', path: '/time/echo', headers, body: JSON.stringify(ECHO) });
      assert.equal(answer.status, 400);
      assert.equal(answer.headers['x-latchkey-error'], 'duplicate_authorization');
    }
    assert.equal(server.record.count('echo'), before);
  });

  it('leaves documents, pages, health, wrong paths and methods open, also with a wrong key', async () => {
    const paths = [
      '/',
      '/docs',
      '/openapi.json',
      '/time/openapi.json',
      '/time/docs',
      '/docs/gateway.json',
      '/healthz',
      '/readyz',
    ];
    for (const path of [...paths, '/assets/latchkey.css']) {
      assert.equal((await app.get(path)).status, 200, path);
      assert.equal((await app.get(path, { authorization: 'Bearer wrong' })).status, 200, path);
    }
    assert.equal((await app.post('/nowhere/echo', ECHO)).status, 404);
    assert.equal((await app.post('/time/no-such-tool', ECHO)).status, 404);
    const wrongMethod = await app.get('/time/echo');
    assert.equal(wrongMethod.status, 405);
    assert.equal(wrongMethod.headers.get('allow'), 'POST');
  });

  it('checks the key before the body', async () => {
    assert.equal((await app.post('/time/echo', '{broken')).status, 401);
    assert.equal((await app.post('/time/echo', '{broken', { authorization: `Bearer ${KEY}` })).status, 422);
  });

  it('guards the metrics under every spelling of their path', async () => {
    for (const path of ['/metrics', '/metrics/', '/%6detrics', '/metrics?x=1', '/metrics/?', '/m%65trics/']) {
      for (const method of ['GET', 'HEAD']) {
        assert.equal((await raw(app.url, { method, path })).status, 401, `${method} ${path}`);
      }
    }
    const metrics = await app.get('/metrics', { authorization: `Bearer ${KEY}` });
    assert.match(await metrics.text(), /latchkey_tool_calls_total\{server="time",tool="echo"\}/);
  });
});

describe('--strict-auth', () => {
  let app: RunningApp;
  before(async () => {
    app = await startApp({ ...setup, argv: ['--api-key', KEY, '--strict-auth'] });
  });
  after(() => app.close());

  it('closes every path and method but the few that are always open', async () => {
    const paths = [
      '/',
      '/docs',
      '/openapi.json',
      '/time/openapi.json',
      '/time',
      '/time/echo',
      '/metrics',
      '/nowhere',
      '/redoc',
    ];
    for (const path of [
      ...paths,
      '/docs/gateway.json',
      '/%61ssets',
      '/healthz/x',
      '/assets',
      '/assetsx/latchkey.css',
    ]) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await raw(app.url, { method, path });
        assert.equal(answer.status, 401, `${method} ${path}`);
        assert.equal(answer.headers['www-authenticate'], 'Bearer, Basic realm="latchkey"');
      }
    }
    for (const path of ['/healthz', '/readyz', '/assets/latchkey.css', '/assets/swagger-ui/swagger-ui.css']) {
      assert.equal((await app.get(path)).status, 200, path);
      assert.equal((await raw(app.url, { method: 'POST', path })).status, 401, `POST ${path}`);
    }
    const preflight = ['origin', 'https://chat.example', 'access-control-request-method', 'POST'];
    assert.equal((await raw(app.url, { method: 'OPTIONS', path: '/time/echo', headers: preflight })).status, 200);
    assert.notEqual((await raw(app.url, { method: 'OPTIONS', path: '/time/echo' })).status, 401);
  });

  it('does not let an open path lead to a closed one', async () => {
    for (const path of [
      '/assets/../metrics',
      '/assets/%2e%2e/metrics',
      '/assets/..%2fmetrics',
      '/assets/swagger-ui/..%2f..%2fmetrics',
    ]) {
      const answer = await raw(app.url, { path });
      assert.ok([401, 403, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert.doesNotMatch(answer.body, /latchkey_tool/);
    }
  });

  it('lets the key in everywhere, as Bearer and as Basic, calls included', async () => {
    for (const authorization of [`Bearer ${KEY}`, `bearer ${KEY}`, basic('me', KEY)]) {
      assert.equal((await app.get('/openapi.json', { authorization })).status, 200);
      assert.equal((await app.get('/nowhere', { authorization })).status, 404);
      assert.equal((await app.post('/time/echo', ECHO, { authorization })).status, 200);
    }
  });

  it('asks a person who mistyped the key again, while programs get 403', async () => {
    const headers = ['authorization', basic('me', 'mistyped')];
    const host = ['host', `localhost:${app.settings.port}`];
    const person = await raw(app.url, { path: '/docs', headers: [...host, ...headers, 'sec-fetch-mode', 'navigate'] });
    assert.equal(person.status, 401);
    assert.equal(person.headers['www-authenticate'], 'Bearer, Basic realm="latchkey"');
    const program = await raw(app.url, { path: '/docs', headers });
    assert.equal(program.status, 403);
    assert.equal(program.headers['www-authenticate'], undefined);
  });

  it('sends a person at a browser to the page where they can sign in', async () => {
    const headers = ['accept', 'text/html', 'sec-fetch-mode', 'navigate', 'host', `localhost:${app.settings.port}`];
    for (const path of ['/', '/docs?x=1', '/nowhere', '/time']) {
      const answer = await raw(app.url, { path, headers });
      assert.deepEqual([answer.status, answer.headers.location], [303, `/login?next=${encodeURIComponent(path)}`]);
    }
  });

  it('is not opened by tools that are named like an open path', async (t) => {
    const named = await startFor(t, {
      mcpServers: setup.mcpServers ?? {},
      argv: ['--api-key', KEY, '--strict-auth', '--path-prefix', '/login'],
    });
    const before = server.record.count('echo');
    assert.equal((await named.post('/login/time/echo', ECHO)).status, 401);
    assert.equal(server.record.count('echo'), before);
  });
});

describe('the auth map of the file', () => {
  const guarded = (t: TestContext, auth: unknown, argv: string[] = []) =>
    startFor(t, { ...setup, keys: { auth }, argv });

  it('lets configured accounts and tokens in, with colons and UTF-8, and closes everything', async (t) => {
    const credentials = [
      { username: 'ann', password: 'a:b::c' },
      { username: 'bjørn', password: 'pässwörd ✓' },
    ];
    const app = await guarded(t, {
      basic: { enabled: true, credentials },
      bearer: { enabled: true, tokens: ['tok-1', JWT] },
    });
    for (const authorization of [
      ...credentials.map((one) => basic(one.username, one.password)),
      'Bearer tok-1',
      `Bearer ${JWT}`,
    ]) {
      assert.equal((await app.post('/time/echo', ECHO, { authorization })).status, 200, authorization);
      assert.equal((await app.get('/openapi.json', { authorization })).status, 200, authorization);
    }
    for (const wrong of [basic('ann', 'a'), basic('ann', 'a:b::c:'), basic('bjørn', 'a:b::c'), 'Bearer tok-2']) {
      assert.equal((await app.get('/openapi.json', { authorization: wrong })).status, 403, wrong);
    }
    assert.equal((await app.get('/openapi.json')).status, 401);
    assert.equal((await app.get('/nowhere')).status, 401);
  });

  it('refuses all when nothing in it is enabled', async (t) => {
    for (const auth of [{}, { basic: { enabled: false, credentials: [{ username: 'a', password: 'b' }] } }]) {
      const app = await guarded(t, auth);
      assert.equal((await app.post('/time/echo', ECHO)).status, 401);
      assert.equal((await app.get('/', { authorization: basic('a', 'b') })).status, 403);
    }
  });

  it('stands beside the key: any match admits', async (t) => {
    const app = await guarded(t, { bearer: { enabled: true, tokens: ['tok-1'] } }, ['--api-key', KEY]);
    for (const token of ['tok-1', KEY]) {
      assert.equal((await app.get('/openapi.json', { authorization: `Bearer ${token}` })).status, 200);
    }
  });
});
