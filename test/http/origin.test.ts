/** What pages of other origins can do: CORS where a key is asked for, a refusal where none is, and no DNS rebinding. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type AppSetup, type RunningApp, startApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { basic, raw } from './raw.ts';
import { startFor } from './start-for.ts';

const KEY = 'correct horse battery';
const FOREIGN = 'https://evil.example';
const BEARER = { authorization: `Bearer ${KEY}` };

let server: HttpServer;
let setup: AppSetup;
before(async () => {
  server = await HttpServer.start();
  setup = { mcpServers: { time: { type: 'streamable-http', url: server.url.href } } };
});
after(() => server.stop());

const preflight = (origin: string) => [
  'origin',
  origin,
  'access-control-request-method',
  'POST',
  'access-control-request-headers',
  'authorization, content-type, x-session-id',
];

describe('CORS with a key', () => {
  let app: RunningApp;
  before(async () => {
    app = await startApp({ ...setup, argv: ['--api-key', KEY] });
  });
  after(() => app.close());

  it('answers any origin with *, errors included, and never allows credentials', async () => {
    const answers = [
      await app.post('/time/echo', { text: 'x' }, { origin: FOREIGN, ...BEARER }),
      await app.post('/time/echo', { text: 'x' }, { origin: FOREIGN }),
      await app.post('/time/echo', { text: 1 }, { origin: FOREIGN, ...BEARER }),
      await app.post('/time/nothing', {}, { origin: FOREIGN }),
      await app.post('/time/echo', {}, { origin: 'null', authorization: 'Bearer wrong' }),
      await app.get('/time/openapi.json', { origin: FOREIGN }),
      await app.get('/time/echo', { origin: FOREIGN }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 401, 422, 404, 403, 200, 405],
    );
    for (const { headers } of answers) {
      assert.equal(headers.get('access-control-allow-origin'), '*');
      assert.equal(headers.get('access-control-allow-credentials'), null);
      assert.match(headers.get('access-control-expose-headers') ?? '', /x-latchkey-error/);
    }
  });

  it('carries CORS headers on refusals of --strict-auth too', async (t) => {
    const strict = await startFor(t, { ...setup, argv: ['--api-key', KEY, '--strict-auth'] });
    const response = await strict.get('/openapi.json', { origin: FOREIGN });
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
  });

  it('answers a preflight without a credential, with the headers that Open WebUI sends', async () => {
    const answer = await raw(app.url, { method: 'OPTIONS', path: '/time/echo', headers: preflight(FOREIGN) });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.match(String(answer.headers['access-control-allow-headers']), /authorization, content-type, x-session-id/);
    assert.match(String(answer.headers['access-control-allow-methods']), /POST/);
    assert.equal(answer.headers['access-control-max-age'], '600');
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  });

  it('answers the probe of Open WebUI with a small 404', async () => {
    const response = await app.get('/api/config', { origin: FOREIGN });
    assert.equal(response.status, 404);
    assert.deepEqual(await response.json(), { detail: 'Not Found' });
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
  });

  it('says nothing about CORS to callers without an origin', async () => {
    assert.equal((await app.get('/openapi.json')).headers.get('access-control-allow-origin'), null);
  });
});

describe('CORS with a list', () => {
  it('answers the origins listed; others are served without the header, and their preflight is refused', async (t) => {
    const app = await startFor(t, {
      ...setup,
      argv: ['--api-key', KEY, '--cors-allow-origins', 'https://chat.example'],
    });
    const listed = await app.post('/time/echo', { text: 'x' }, { origin: 'https://chat.example', ...BEARER });
    assert.equal(listed.headers.get('access-control-allow-origin'), 'https://chat.example');
    assert.match(listed.headers.get('vary') ?? '', /origin/i);
    const other = await app.post('/time/echo', { text: 'x' }, { origin: FOREIGN, ...BEARER });
    assert.equal(other.status, 200);
    assert.equal(other.headers.get('access-control-allow-origin'), null);
    const refused = await raw(app.url, { method: 'OPTIONS', path: '/time/echo', headers: preflight(FOREIGN) });
    assert.equal(refused.status, 400);
    assert.match(refused.body, /Disallowed CORS origin/);
    const allowed = await raw(app.url, {
      method: 'OPTIONS',
      path: '/time/echo',
      headers: preflight('https://chat.example'),
    });
    assert.equal(allowed.headers['access-control-allow-origin'], 'https://chat.example');
  });

  it('opens a gateway without a key to the pages that the operator names', async (t) => {
    const app = await startFor(t, { ...setup, argv: ['--cors-allow-origins', 'https://chat.example'] });
    const listed = await app.post('/time/echo', { text: 'x' }, { origin: 'https://chat.example' });
    assert.equal(listed.status, 200);
    assert.equal(listed.headers.get('access-control-allow-origin'), 'https://chat.example');
    assert.equal((await app.post('/time/echo', { text: 'x' }, { origin: FOREIGN })).status, 403);
  });
});

describe('a gateway that asks for no credential', () => {
  let app: RunningApp;
  before(async () => {
    app = await startApp(setup);
  });
  after(() => app.close());

  it('refuses pages of others before anything runs, and says how to allow them', async () => {
    const origins = [
      FOREIGN,
      'null',
      'http://127.0.0.1.evil.example',
      'http://localhost.evil.example',
      'file://',
      'garbage',
      '',
    ];
    for (const origin of origins.filter((text) => text !== '')) {
      const attempts = [
        await raw(app.url, { method: 'POST', path: '/time/structured', headers: ['origin', origin] }),
        await raw(app.url, {
          method: 'POST',
          path: '/time/structured',
          headers: ['origin', origin, 'content-type', 'text/plain'],
          body: '{}',
        }),
        await raw(app.url, { path: '/time/openapi.json', headers: ['origin', origin] }),
        await raw(app.url, { path: '/', headers: ['origin', origin] }),
        await raw(app.url, { method: 'OPTIONS', path: '/time/structured', headers: preflight(origin) }),
      ];
      for (const answer of attempts) {
        assert.equal(answer.status, 403, origin);
        assert.equal(answer.headers['x-latchkey-error'], 'origin_not_allowed');
        assert.match(answer.body, /--cors-allow-origins/);
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
      }
    }
    assert.equal(server.record.count('structured'), 0);
  });

  it('serves pages of this machine, and its own under whatever name it was opened', async () => {
    const { port } = app.settings;
    const loopback = ['http://localhost:3000', 'http://127.0.0.1:5173', 'http://[::1]:1', 'https://app.localhost'];
    for (const origin of loopback) {
      const response = await app.post('/time/echo', { text: 'x' }, { origin });
      assert.equal(response.status, 200, origin);
      assert.equal(response.headers.get('access-control-allow-origin'), origin);
    }
    for (const host of [`192.168.1.5:${port}`, 'mybox', 'printer.local:8000']) {
      const own = ['host', host, 'origin', `http://${host}`, 'content-type', 'application/json'];
      const echo = { method: 'POST', path: '/time/echo', body: '{"text":"x"}' };
      assert.equal((await raw(app.url, { ...echo, headers: own })).status, 200, host);
      const other = ['host', host, 'origin', `http://${host}1`, 'content-type', 'application/json'];
      assert.equal((await raw(app.url, { ...echo, headers: other })).status, 403, host);
    }
  });
});

describe('Host', () => {
  it('must be a name that no attacker can own (DNS rebinding)', async (t) => {
    const argv = ['--allowed-host', 'Tools.Example', '--public-url', 'https://front.example/x'];
    const app = await startFor(t, { ...setup, argv });
    const statusFor = async (host: string) =>
      (await raw(app.url, { path: '/openapi.json', headers: ['host', host] })).status;
    for (const host of [
      'evil.example',
      'evil.example:8000',
      'localhost.evil.example',
      'evil.example.',
      '127.0.0.1.evil.example',
      'localhost@evil.example',
    ]) {
      assert.equal(await statusFor(host), 403, host);
    }
    for (const host of [
      'localhost',
      'LOCALHOST:1',
      '127.0.0.1',
      '[::1]:8000',
      '10.1.2.3',
      'mybox',
      'a.local',
      'host.docker.internal',
      'tools.example:99',
      'front.example',
      'FRONT.example.',
    ]) {
      assert.equal(await statusFor(host), 200, host);
    }
    const before = server.record.count('structured');
    const refused = await raw(app.url, {
      method: 'POST',
      path: '/time/structured',
      headers: ['host', 'evil.example', 'origin', 'http://evil.example'],
    });
    assert.equal(refused.status, 403);
    assert.match(refused.body, /--allowed-host/);
    assert.equal(server.record.count('structured'), before);
  });

  it('is checked where a key is asked for as well', async (t) => {
    const app = await startFor(t, { ...setup, argv: ['--api-key', KEY] });
    const headers = ['host', 'evil.example', 'authorization', `Bearer ${KEY}`];
    assert.equal((await raw(app.url, { path: '/openapi.json', headers })).status, 403);
  });
});

describe('Basic, which browsers send unasked', () => {
  let app: RunningApp;
  before(async () => {
    app = await startApp({ ...setup, argv: ['--api-key', KEY, '--strict-auth'] });
  });
  after(() => app.close());

  const call = (signs: Record<string, string>) =>
    app.post('/time/echo', { text: 'x' }, { authorization: basic('me', KEY), ...signs });

  it('counts without signs of a browser and on our own pages', async () => {
    const { port } = app.settings;
    const own = { 'sec-fetch-site': 'same-origin' };
    for (const signs of [
      {},
      own,
      { 'sec-fetch-site': 'none' },
      { ...own, origin: `http://localhost:${port}` },
      { ...own, origin: app.url },
    ]) {
      assert.equal((await call(signs)).status, 200, JSON.stringify(signs));
    }
  });

  it('does not count for requests of other pages, and the tool does not run', async () => {
    const before = server.record.count('echo');
    const foreign = [
      { origin: FOREIGN },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const signs of [
      ...foreign,
      { origin: 'http://localhost:1' },
      { origin: app.url, 'sec-fetch-site': 'cross-site' },
    ]) {
      assert.equal((await call(signs)).status, 401, JSON.stringify(signs));
    }
    assert.equal(server.record.count('echo'), before);
  });

  it('counts for a link to a page of ours, but never for a form of others', async () => {
    const navigation = [
      'sec-fetch-site',
      'cross-site',
      'sec-fetch-mode',
      'navigate',
      'authorization',
      basic('me', KEY),
      'host',
      `localhost:${app.settings.port}`,
    ];
    assert.equal((await raw(app.url, { path: '/', headers: navigation })).status, 200);
    const before = server.record.count('structured');
    assert.equal((await raw(app.url, { method: 'POST', path: '/time/structured', headers: navigation })).status, 401);
    assert.equal(server.record.count('structured'), before);
  });

  it('leaves explicit bearer keys alone', async () => {
    const response = await app.post(
      '/time/echo',
      { text: 'x' },
      { ...BEARER, origin: FOREIGN, 'sec-fetch-site': 'cross-site' },
    );
    assert.equal(response.status, 200);
  });
});
