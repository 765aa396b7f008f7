/** What bounds requests on behalf of a server, and what they tell when they fail. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as oauth from 'oauth4webapi';
import { oauthFetch } from '../../src/oauth/fetch.ts';
import { listen } from '../helpers/listen.ts';
import { until } from '../helpers/wait.ts';
import { loginError, metadataOf, protectedServer, redirectTo, Site } from './network-site.ts';

const MIB = 1024 * 1024;

test('a body of 1 MiB is read, one byte more is refused', async (t) => {
  const site = await Site.start(t);
  site.pages['/full'] = (_request, response) => response.end(Buffer.alloc(MIB));
  site.pages['/over'] = (_request, response) => response.end(Buffer.alloc(MIB + 1));
  const fetch = oauthFetch(protectedServer(site.origin));
  assert.equal((await (await fetch(`${site.origin}/full`)).arrayBuffer()).byteLength, MIB);
  await assert.rejects(fetch(`${site.origin}/over`), loginError('discovery_failed', /more than 1 MiB/));
});

test('a chunked body of 100 MiB is cut off long before its end', async (t) => {
  const site = await Site.start(t);
  let sent = 0;
  let isClosed = false;
  site.pages['/'] = (_request, response) => {
    const write = (): void => {
      while (!isClosed && sent < 100 * MIB) {
        sent += MIB;
        if (!response.write(Buffer.alloc(MIB))) return;
      }
      response.end();
    };
    response.on('drain', write);
    response.on('close', () => {
      isClosed = true;
    });
    write();
  };
  await assert.rejects(
    oauthFetch(protectedServer(site.origin))(`${site.origin}/`),
    loginError('discovery_failed', /1 MiB/),
  );
  await until(() => isClosed);
  assert.ok(sent < 50 * MIB, `${sent} bytes`);
});

test('a small compressed body that unpacks to 100 MiB is refused', async (t) => {
  const site = await Site.start(t);
  const bomb = gzipSync(Buffer.alloc(100 * MIB));
  assert.ok(bomb.length < MIB);
  site.pages['/'] = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  await assert.rejects(
    oauthFetch(protectedServer(site.origin))(`${site.origin}/`),
    loginError('discovery_failed', /1 MiB/),
  );
});

test('a compressed body is unpacked, and no header speaks of its packing', async (t) => {
  const site = await Site.start(t);
  site.pages['/'] = (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"ok":true}'));
  const answer = await oauthFetch(protectedServer(site.origin))(`${site.origin}/`);
  assert.deepEqual([await answer.json(), answer.headers.get('content-encoding')], [{ ok: true }, null]);
});

for (const [what, page] of [
  ['never answers', () => undefined],
  ['sends a body without end, bit by bit', (_request, response) => void response.writeHead(200).write('{')],
] as const satisfies readonly (readonly [string, RequestListener])[]) {
  test(`a server that ${what} is given up, and its connection closed`, async (t) => {
    const site = await Site.start(t);
    let isClosed = false;
    site.pages['/'] = (request, response) => {
      response.on('close', () => {
        isClosed = true;
      });
      page(request, response);
    };
    const fetch = oauthFetch(protectedServer(site.origin), { timeoutMs: 500 });
    await assert.rejects(
      fetch(`${site.origin}/`),
      loginError('discovery_failed', /"127.0.0.1" did not answer in time/),
    );
    await until(() => isClosed);
  });
}

test('a resolver that never answers is given up', async () => {
  const fetch = oauthFetch(protectedServer('https://mcp.test/mcp'), {
    timeoutMs: 50,
    resolve: () => new Promise(() => undefined),
  });
  await assert.rejects(fetch('https://as.test/'), loginError('discovery_failed', /"as.test" did not answer in time/));
});

test('the time is for all redirects together', async (t) => {
  const site = await Site.start(t);
  site.pages['/'] = redirectTo('/slow');
  site.pages['/slow'] = () => undefined;
  const fetch = oauthFetch(protectedServer(site.origin), { timeoutMs: 500 });
  await assert.rejects(fetch(`${site.origin}/`), loginError('discovery_failed', /did not answer in time/));
  assert.deepEqual(site.asked, ['GET /', 'GET /slow']);
});

test('a caller can give up, before and during a request', async (t) => {
  const site = await Site.start(t);
  site.pages['/'] = () => undefined;
  const fetch = oauthFetch(protectedServer(site.origin));
  const reason = new Error('enough');
  await assert.rejects(fetch(`${site.origin}/`, { signal: AbortSignal.abort(reason) }), reason);
  assert.deepEqual(site.asked, []);
  const stop = new AbortController();
  const running = fetch(`${site.origin}/`, { signal: stop.signal });
  await Promise.all([
    assert.rejects(running, reason),
    until(() => site.asked.length === 1).then(() => stop.abort(reason)),
  ]);
});

test('a refused connection and a broken answer are errors without what was sent', async (t) => {
  const site = await Site.start(t);
  site.pages['/broken?code=secret'] = (request) => request.socket.end('HTTP/1.1 nonsense\r\n\r\n');
  site.pages['/cut?code=secret'] = (request) => request.socket.destroy();
  const fetch = oauthFetch(protectedServer(site.origin));
  const gone = await listen(() => undefined);
  await gone.stop();
  for (const origin of [`${site.origin}/broken`, `${site.origin}/cut`, `${gone.origin}/`]) {
    const request = { method: 'POST', headers: { authorization: 'Basic secret' }, body: 'secret' };
    await assert.rejects(
      fetch(`${origin}?code=secret`, request),
      (error: Error & { body?: unknown; privateDetail?: unknown }) => {
        assert.ok(!JSON.stringify([error.message, error.body, error.privateDetail]).includes('secret'));
        assert.equal(typeof error.privateDetail, 'string');
        return loginError('discovery_failed', /could not be reached/)(error);
      },
    );
  }
});

test('it is a fetch for oauth4webapi, for discovery and for the token endpoint', async (t) => {
  const site = await Site.start(t);
  site.pages['/.well-known/oauth-authorization-server'] = metadataOf(site.origin);
  site.pages['/token'] = { access_token: 'a', token_type: 'bearer' };
  const issuer = new URL(site.origin);
  const options = {
    [oauth.customFetch]: oauthFetch(protectedServer(site.origin)),
    [oauth.allowInsecureRequests]: true,
  };
  const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
  const as = await oauth.processDiscoveryResponse(issuer, found);
  const client = { client_id: 'c' };
  const answer = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), 'r', options);
  assert.equal((await oauth.processRefreshTokenResponse(as, client, answer)).access_token, 'a');
  assert.equal(site.headers[1]?.['content-type'], 'application/x-www-form-urlencoded;charset=UTF-8');
});
