/** Browsers at a gateway of a servers file with `auth`: what stays open for people, and what pages of others can do. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { RunningApp } from '../../helpers/app.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { Person } from '../login-story.ts';
import { basic, raw } from '../raw.ts';
import { startFor } from '../start-for.ts';
import { assertUnauthorized } from './unauthorized.ts';

const AUTH = {
  basic: { enabled: true, credentials: [{ username: 'ann', password: 'ann-pw' }] },
  bearer: { enabled: true, tokens: ['tok-1'] },
};
const EVIL = 'gate.evil.example';

let server: HttpServer;
before(async () => {
  server = await HttpServer.start();
});
after(() => server.stop());

function started(t: TestContext, keys: Record<string, unknown>): Promise<RunningApp> {
  return startFor(t, { servers: { time: { type: 'streamable-http', url: server.url.href } }, keys });
}

async function signedIn(app: RunningApp): Promise<Person> {
  const ann = new Person(app);
  const _csrf = await ann.formToken('/login');
  assert.equal((await ann.submit('/login', { _csrf, username: 'ann', password: 'ann-pw', next: '/' })).status, 303);
  return ann;
}

describe('a servers file with auth', () => {
  it('leaves open what people and machines need before they can show anything', async (t) => {
    const app = await started(t, { auth: AUTH });
    for (const path of ['/healthz', '/readyz', '/login', '/assets/latchkey.css']) {
      assert.equal((await app.get(path)).status, 200, path);
      assert.equal((await app.get(path, { authorization: 'Bearer wrong' })).status, 200, path);
    }
    const preflight = ['origin', 'https://chat.example', 'access-control-request-method', 'POST'];
    for (const path of ['/time', '/nowhere', '/api/time/echo?sessionId=x']) {
      assert.equal((await raw(app.url, { method: 'OPTIONS', path, headers: preflight })).status, 200, path);
    }
    for (const path of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-authorization-server/time']) {
      assert.equal((await app.get(path)).status, 404, path);
    }
  });

  it('opens the pages of a login where there is one, and tells nobody which other servers there are', async (t) => {
    const url = server.url.href;
    const type = 'streamable-http';
    const servers = { time: { type, url }, notes: { type, url, oauth: true } };
    const app = await startFor(t, { servers, keys: { auth: AUTH } });
    for (const page of ['callback?code=x&state=y', 'client-metadata.json']) {
      assert.notEqual((await app.get(`/oauth/notes/${page}`)).status, 401, page);
      for (const name of ['time', 'nobody']) assert.equal((await app.get(`/oauth/${name}/${page}`)).status, 401, name);
    }
  });

  it('sends people to the page where they can sign in, and lets them in then', async (t) => {
    const app = await started(t, { auth: AUTH });
    const headers = ['accept', 'text/html', 'sec-fetch-mode', 'navigate', 'host', `localhost:${app.settings.port}`];
    for (const path of ['/', '/time', '/docs', '/nowhere', '/api/sessionid']) {
      for (const more of [[], ['authorization', basic('ann', 'mistyped')]]) {
        const answer = await raw(app.url, { path, headers: [...headers, ...more] });
        assert.deepEqual([answer.status, answer.headers.location], [303, `/login?next=${encodeURIComponent(path)}`]);
      }
    }
    const old = ['accept', 'text/html', 'authorization', 'Bearer wrong'];
    for (const path of ['/', '/docs']) assert.equal((await raw(app.url, { path, headers: old })).status, 303, path);
    const ann = await signedIn(app);
    assert.equal((await ann.go('/')).status, 200);
    assert.equal((await ann.call('/time/echo', { text: 'hi' })).status, 200);
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    assertUnauthorized(await ann.call('/time/echo', { text: 'hi' }, foreign), 'the session, for a page of others');
  });

  it('does not count a password that a browser adds for a page of others', async (t) => {
    const app = await started(t, { auth: AUTH });
    const headers = ['authorization', basic('ann', 'ann-pw'), 'origin', 'https://evil.example'];
    assertUnauthorized(await raw(app.url, { path: '/time', headers }), 'Basic of a foreign page');
  });

  it('answers under any host name, as nothing is gained by one', async (t) => {
    const app = await started(t, { auth: AUTH });
    const bearer = ['authorization', 'Bearer tok-1'];
    assert.equal((await raw(app.url, { path: '/openapi.json', headers: ['host', EVIL, ...bearer] })).status, 200);
    assertUnauthorized(await raw(app.url, { path: '/time', headers: ['host', EVIL] }), 'without the credential');
  });

  it('takes no page for its own because it stands under the name that the request goes to', async (t) => {
    const app = await started(t, { auth: AUTH });
    const ann = await signedIn(app);
    const under = (host: string) =>
      ann.call('/time/echo', { text: 'hi' }, { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' });
    assertUnauthorized(await under(EVIL), 'the session');
    assert.equal((await under(`localhost:${app.settings.port}`)).status, 200);
    assert.equal((await under('gateway.internal')).status, 200);
    const headers = ['host', EVIL, 'origin', `http://${EVIL}`, 'authorization', basic('ann', 'ann-pw')];
    assertUnauthorized(await raw(app.url, { path: '/openapi.json', headers }), 'a password');
  });
});

describe('a servers file without auth', () => {
  it('answers under no name that an attacker may have', async (t) => {
    const app = await started(t, {});
    for (const path of ['/time', '/nowhere', '/api/sessionid']) {
      const answer = await raw(app.url, { path, headers: ['host', EVIL] });
      assert.deepEqual([answer.status, answer.headers['x-latchkey-error']], [403, 'host_not_allowed'], path);
    }
  });
});
