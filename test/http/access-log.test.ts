/** What is said about a request: one log line without secrets, an id, security headers, and no reasons for strangers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { until } from '../helpers/wait.ts';
import { basic, raw } from './raw.ts';
import { startFor } from './start-for.ts';

const KEY = 'SECRET-of-the-gateway';

let server: HttpServer;
before(async () => {
  server = await HttpServer.start();
});
after(() => server.stop());

describe('the log', () => {
  it('holds no query, header, argument, answer, key or unknown path', async (t) => {
    const { url } = server;
    const config = {
      type: 'streamable-http',
      url: `${url.href}?token=SECRET-url`,
      headers: { 'x-api-key': 'SECRET-header' },
    };
    const app = await startFor(t, { mcpServers: { time: config }, argv: ['--api-key', KEY] });
    const key = { authorization: `Bearer ${KEY}`, cookie: 'token=SECRET-cookie', 'x-any': 'SECRET-any' };
    await app.post('/time/echo?code=SECRET-query', { text: 'SECRET-argument' }, key);
    await app.post('/time/echo?ticket=SECRET', { text: { no: 'SECRET-type' } }, key);
    await app.post('/time/echo', '{"text": "SECRET-broken', key);
    await app.post('/time/fail', { text: 'SECRET-of-the-tool' }, key);
    await app.post('/time/rpc-error', { code: -32000, message: 'SECRET-rpc', data: 'SECRET-data' }, key);
    await app.post('/time/echo', {}, { authorization: 'Bearer SECRET-wrong' });
    await app.post('/time/echo', {}, { authorization: basic('SECRET-user', 'SECRET-password') });
    await app.get('/time/openapi.json?key=SECRET-document', key);
    await app.get('/SECRET-path/SECRET-tool?x=SECRET', key);
    await app.post('/time/SECRET-tool', {}, key);
    await app.get('/', { ...key, host: 'SECRET.example', origin: 'https://SECRET.example' });
    await raw(app.url, { headers: ['host', 'SECRET.example'] });
    await raw(app.url, { path: '/%zzSECRET' });
    const lines = await until(() => {
      const found = app.records.filter(({ msg }) => msg === 'request' || msg === 'call');
      return found.length >= 12 && found;
    });
    assert.doesNotMatch(JSON.stringify(app.records), /SECRET/i);
    const call = lines.find(({ msg, status }) => msg === 'call' && status === 200);
    assert.deepEqual([call?.method, call?.route, call?.server, call?.tool], ['POST', '/:server/:tool', 'time', 'echo']);
    const refused = lines.find(({ status }) => status === 403);
    assert.equal(refused?.code, 'invalid_credentials');
    assert.ok(lines.every(({ reqId }) => typeof reqId === 'string'));
  });

  it('names a request as its answer does', async (t) => {
    const app = await startFor(t, { mcpServers: { time: { type: 'streamable-http', url: server.url.href } } });
    const response = await app.post('/time/echo', { text: 'x' }, { 'x-request-id': 'chosen-by-the-caller' });
    const id = response.headers.get('x-request-id');
    assert.match(id ?? '', /^[0-9a-f]{8}-[0-9a-z]+$/);
    await until(() => app.records.some(({ reqId, msg }) => reqId === id && msg === 'call'));
  });
});

describe('strangers', () => {
  const down = { down: { type: 'streamable-http', url: 'http://127.0.0.1:9/PRIVATE-path' } };
  const child = { child: { command: '/PRIVATE/command', args: ['PRIVATE-argument'] } };
  const html = { accept: 'text/html' };

  const texts = async (app: RunningApp, headers: Record<string, string> = {}) => {
    const all = [];
    for (const [path, accept] of [
      ['/', {}],
      ['/', html],
      ['/down', {}],
      ['/child', {}],
      ['/readyz', {}],
      ['/openapi.json', {}],
      ['/child/docs', {}],
    ] as const) {
      all.push(await (await app.get(path, { ...headers, ...accept })).text());
    }
    all.push(await (await app.post('/child/tool', {}, headers)).text());
    return all.join('\n');
  };

  it('see states, but never reasons, commands or addresses', async (t) => {
    const app = await startFor(t, { mcpServers: { ...down, ...child }, argv: ['--api-key', KEY] });
    const seen = await texts(app);
    assert.match(seen, /"state":"failed"/);
    assert.match(seen, /Not available/);
    assert.doesNotMatch(seen, /PRIVATE|ECONNREFUSED|ENOENT|127\.0\.0\.1:9/);
    const known = await texts(app, { authorization: `Bearer ${KEY}` });
    assert.match(known, /ECONNREFUSED/);
    assert.match(known, /PRIVATE\/command/);
  });

  it('who come through a public address are not taken for the person at this machine', async (t) => {
    const open = await startFor(t, { mcpServers: down });
    assert.match(await texts(open), /ECONNREFUSED/);
    const tunnelled = await startFor(t, { mcpServers: down, argv: ['--public-url', 'https://tunnel.example'] });
    assert.doesNotMatch(await texts(tunnelled), /ECONNREFUSED/);
  });
});

describe('security headers', () => {
  it('stand on every answer, and the policy for pages allows nothing inline or foreign', async (t) => {
    const app = await startFor(t, { mcpServers: { time: { type: 'streamable-http', url: server.url.href } } });
    for (const path of ['/', '/time/openapi.json', '/nowhere', '/assets/docs.js']) {
      assert.equal((await app.get(path)).headers.get('x-content-type-options'), 'nosniff', path);
    }
    for (const path of ['/', '/docs', '/time/docs']) {
      const { headers } = await app.get(path, { accept: 'text/html' });
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('referrer-policy'), 'same-origin');
      assert.equal(headers.get('cache-control'), 'private, no-store');
      assert.equal(headers.get('strict-transport-security'), null);
      assert.equal(headers.get('server'), null);
      assert.equal(headers.get('x-powered-by'), null);
    }
  });
});
