/** Who comes in where a servers file has `auth`: whoever shows one of its credentials, at any address; nobody else, anywhere. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { RunningApp } from '../../helpers/app.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { basic, raw } from '../raw.ts';
import { startFor } from '../start-for.ts';
import { assertUnauthorized } from './unauthorized.ts';

const ECHO = { text: 'hi' };
const CREDENTIALS = [
  { username: 'admin', password: 'secret' },
  { username: 'admin', password: 'another' },
  { username: 'ann', password: 'a:b::c' },
  { username: 'bjørn', password: 'pässwörd ✓' },
];
const TOKENS = ['tok-1', 'with two  spaces', 'sk-configured', 'aaaa.bbbb.cccc'];
const BOTH = { basic: { enabled: true, credentials: CREDENTIALS }, bearer: { enabled: true, tokens: TOKENS } };

let server: HttpServer;
before(async () => {
  server = await HttpServer.start();
});
after(() => server.stop());

function guarded(t: TestContext, auth: unknown = BOTH, argv: readonly string[] = []): Promise<RunningApp> {
  const servers = { time: { type: 'streamable-http', url: server.url.href } };
  return startFor(t, { servers, keys: { auth }, argv });
}

describe('a servers file with auth', () => {
  it('asks for the credential at every URL and method, before it looks at what is there', async (t) => {
    const app = await guarded(t);
    const paths = ['/', '/time', '/time?sessionId=x', '/time/echo', '/time/mcp', '/mcp', '/nowhere', '/nowhere/x'];
    const ours = ['/openapi.json', '/time/openapi.json', '/docs', '/metrics', '/oauth/time/status', '/__proto__'];
    for (const path of [...paths, ...ours, '/api/sessionid', '/api/', '/api/x', '/api/time/echo?sessionId=x', '//']) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
        assertUnauthorized(await raw(app.url, { method, path }), `${method} ${path}`);
      }
    }
    assert.equal(server.record.count('echo'), 0);
  });

  it('refuses all wrong credentials alike', async (t) => {
    const wrong = [
      'Bearer wrong',
      'Bearer "tok-1"',
      'Bearer sk-1234567890',
      'Bearer eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2ln',
      `Bearer lk_${'A'.repeat(43)}`,
      'Bearer with two spaces',
      'Bearer tok-1 x',
      'Bearer',
      'tok-1',
      'Digest tok-1',
      'Basic',
      'Basic !!!',
      `Basic ${Buffer.from('nocolon').toString('base64')}`,
      basic('admin', 'secret:x'),
      basic('admin', 'secre'),
      basic('ann', 'a'),
      basic('ann', 'a:b::c:'),
      basic('bjørn', 'secret'),
      basic('', ''),
    ];
    // A fresh one each few, since failures are counted.
    for (let at = 0; at < wrong.length; at += 7) {
      const app = await guarded(t);
      for (const authorization of wrong.slice(at, at + 7)) {
        const headers = ['authorization', authorization];
        assertUnauthorized(await raw(app.url, { path: '/time', headers }), `GET ${authorization}`);
        const path = '/api/time/echo?sessionId=x';
        assertUnauthorized(await raw(app.url, { method: 'POST', path, headers, body: '{' }), `POST ${authorization}`);
      }
    }
  });

  it('admits each account and each token, in any case of the scheme', async (t) => {
    const app = await guarded(t);
    const accounts = CREDENTIALS.map(({ username, password }) => basic(username, password));
    const tokens = TOKENS.map((token) => `Bearer ${token}`);
    const schemes = ['bearer tok-1', 'BEARER tok-1', basic('admin', 'secret').replace('Basic', 'bAsIC')];
    for (const authorization of [...accounts, ...tokens, ...schemes]) {
      const answer = await app.post('/time/echo', ECHO, { authorization });
      assert.equal(answer.status, 200, `${authorization}: ${await answer.text()}`);
      assert.equal((await app.get('/nowhere', { authorization })).status, 404, authorization);
    }
  });

  it('takes no token from the query', async (t) => {
    const app = await guarded(t);
    for (const name of ['token', 'access_token', 'authorization', 'key', 'api_key']) {
      assertUnauthorized(await raw(app.url, { path: `/time?${name}=tok-1` }), name);
    }
  });

  it('refuses two Authorization headers, though both are right', async (t) => {
    const app = await guarded(t);
    const headers = ['authorization', 'Bearer tok-1', 'authorization', basic('admin', 'secret')];
    for (const path of ['/time', '/nowhere', '/time/mcp', '/api/time/echo?sessionId=x']) {
      const { status, headers: answered } = await raw(app.url, { method: 'POST', path, headers, body: '{}' });
      assert.deepEqual([status, answered['x-latchkey-error']], [400, 'duplicate_authorization'], path);
    }
  });

  it('makes those wait who guess', async (t) => {
    const app = await guarded(t);
    const guess = (authorization = 'Bearer guess') =>
      raw(app.url, { path: '/nowhere', headers: ['authorization', authorization] });
    for (let count = 0; count < 20; count += 1) assertUnauthorized(await guess(), String(count));
    const answer = await guess();
    assert.equal(answer.status, 429);
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    assert.match(answer.body, /^Error: Too many attempts\. Try again in \d+ seconds\.$/);
    assert.match(String(answer.headers['retry-after']), /^\d+$/);
    assert.equal((await guess('Bearer tok-1')).status, 404, 'a token cannot be locked out by others');
  });

  it('refuses everybody where it enables nothing', async (t) => {
    const credentials = [{ username: 'a', password: 'b' }];
    const off = { basic: { enabled: false, credentials }, bearer: { enabled: false, tokens: ['t'] } };
    for (const auth of [{}, off, { basic: {} }, { basic: { enabled: true }, bearer: { enabled: true } }]) {
      const app = await guarded(t, auth);
      for (const headers of [[], ['authorization', basic('a', 'b')], ['authorization', 'Bearer t']]) {
        assertUnauthorized(await raw(app.url, { path: '/time', headers }), JSON.stringify(auth));
      }
    }
  });

  it('is open to all where it is null', async (t) => {
    const app = await guarded(t, null);
    assert.equal((await app.post('/time/echo', ECHO)).status, 200);
  });

  it('admits the API key as well, if there is one', async (t) => {
    const app = await guarded(t, BOTH, ['--api-key', 'key of the gateway']);
    for (const authorization of ['Bearer key of the gateway', 'Bearer tok-1', basic('any', 'key of the gateway')]) {
      assert.equal((await app.post('/time/echo', ECHO, { authorization })).status, 200, authorization);
    }
    assertUnauthorized(await raw(app.url, { path: '/openapi.json' }), 'closed as without it');
  });

  it('logs no credential', async (t) => {
    const auth = {
      basic: { enabled: true, credentials: [{ username: 'SECRETuser', password: 'SECRETpassword' }] },
      bearer: { enabled: true, tokens: ['SECRETtoken'] },
    };
    const app = await guarded(t, auth);
    const right = [basic('SECRETuser', 'SECRETpassword'), 'Bearer SECRETtoken'];
    for (const authorization of [
      ...right,
      'Bearer SECRETwrong',
      basic('SECRETuser', 'SECRETx'),
      'SECRET',
      'Basic SE',
    ]) {
      await app.post('/time/echo', ECHO, { authorization });
      await app.get('/time?token=SECRET', { authorization, accept: 'text/html' });
      await app.post('/api/time/echo?sessionId=SECRET', ECHO, { authorization });
    }
    const encoded = right.map((one) => one.split(' ')[1] ?? '');
    const log = JSON.stringify(app.records);
    for (const secret of ['SECRET', ...encoded]) assert.ok(!log.includes(secret), secret);
  });
});
