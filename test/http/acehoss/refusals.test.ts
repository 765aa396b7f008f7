/** What is answered where there is nothing: nothing, on paths that callers of a servers file know; and on ours what we say elsewhere. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { coded, protectedEntry, startProvider } from '../login-story.ts';
import { bytes, type RawAnswer, raw } from '../raw.ts';
import { startFor } from '../start-for.ts';
import { assertUnauthorized } from './unauthorized.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
const TOO_LARGE = ['content-length', String(33 * 1024 * 1024)];
const CALL = { method: 'POST', path: '/api/time/echo?sessionId=x', body: '{}' };

let entry: Record<string, unknown>;
let server: HttpServer;
let app: RunningApp;
before(async () => {
  server = await HttpServer.start();
  entry = { type: 'streamable-http', url: server.url.href };
  app = await startApp({ servers: { time: entry } });
});
after(async () => {
  await app.close();
  await server.stop();
});

function assertEmpty({ status, headers, body }: RawAnswer, what: string): void {
  assert.deepEqual([status, body, headers['content-type']], [404, '', undefined], what);
  assert.equal(headers['x-latchkey-error'], 'not_found', what);
  assert.match(String(headers['x-request-id']), /^[0-9a-f]{8}-/, what);
}

describe('under a servers file', () => {
  it('a path that names no server is an empty 404, whatever the method', async () => {
    const inherited = ['/__proto__', '/constructor', '/toString', '/hasOwnProperty'];
    for (const path of ['/nowhere', '/nowhere?x=1', '/nowhere/echo', '/Time', '/time%2', '/%ff', ...inherited]) {
      for (const method of METHODS) assertEmpty(await raw(app.url, { method, path }), `${method} ${path}`);
    }
  });

  it('so is the path of a server with another method than GET and POST', async () => {
    for (const path of ['/time', '/time/', '/time?sessionId=x']) {
      for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
        assertEmpty(await raw(app.url, { method, path }), `${method} ${path}`);
      }
    }
  });

  it('a server is found by its name alone, also one that every object has something under', async (t) => {
    const named = await startFor(t, { servers: JSON.parse(`{"__proto__": ${JSON.stringify(entry)}}`) });
    assert.equal((await named.post('/__proto__/echo', { text: 'hi' })).status, 200);
    assertEmpty(await raw(named.url, { path: '/constructor' }), 'constructor');
  });

  it('addresses that the original does not have are answered as elsewhere', async () => {
    const answers: [string, string, number, string][] = [
      ['POST', '/time/no-such-tool', 404, '{"detail":"Not Found"}'],
      ['PUT', '/time/mcp', 405, '{"detail":"Method Not Allowed"}'],
      ['POST', '/time/openapi.json', 405, '{"detail":"Method Not Allowed"}'],
      ['DELETE', '/docs', 405, '{"detail":"Method Not Allowed"}'],
    ];
    await app.post('/time/echo', { text: 'the tools are known now' });
    for (const [method, path, status, body] of answers) {
      const answer = await raw(app.url, { method, path });
      assert.deepEqual([answer.status, answer.body], [status, body], `${method} ${path}`);
    }
    const headers = ['mcp-session-id', 'gone', 'accept', 'application/json, text/event-stream'];
    const lost = await raw(app.url, { method: 'POST', path: '/time/mcp', headers, body: '{"jsonrpc":"2.0"}' });
    assert.equal(typeof JSON.parse(lost.body).error.code, 'number');
  });

  it('a caller who is in, but has no account at the server, reads where to get one', async (t) => {
    const { notes } = await startProvider(t);
    const auth = { bearer: { enabled: true, tokens: ['tok-1'] } };
    const gateway = await startFor(t, { servers: { notes: protectedEntry(notes) }, keys: { auth } });
    const headers = ['authorization', 'Bearer tok-1', 'content-type', 'application/json'];
    const answer = await raw(gateway.url, { method: 'POST', path: '/notes/whoami', headers, body: '{}' });
    assert.deepEqual(coded(answer), [401, 'authorization_required']);
    assert.match(JSON.parse(answer.body).authorize_url, /\/oauth\/notes\/authorize/);
    assertUnauthorized(await raw(gateway.url, { method: 'POST', path: '/notes/whoami', body: '{}' }), 'nobody');
  });
});

describe('/api', () => {
  it('answers errors as text, as acehoss/mcp-gateway does, under either kind of file', async (t) => {
    const keys = { auth: { bearer: { enabled: true, tokens: ['tok-1'] } } };
    for (const setup of [{ servers: { time: entry } }, { mcpServers: { time: entry } }]) {
      const guarded = await startFor(t, { ...setup, keys });
      const bearer = ['authorization', 'Bearer tok-1'];
      const large = await raw(guarded.url, { ...CALL, headers: [...bearer, ...TOO_LARGE] });
      assert.deepEqual([large.status, large.headers['x-latchkey-error']], [413, 'body_too_large']);
      assert.equal(large.body, 'Error: The request body is too large; the limit is 32 MiB.');
      const twice = await raw(guarded.url, { ...CALL, headers: [...bearer, ...bearer] });
      assert.equal(twice.status, 400);
      assert.equal(twice.body, 'Error: Send one Authorization header, not several.');
      assert.equal(twice.headers['content-type'], 'text/plain; charset=utf-8');
    }
  });
});

describe('request lines that are odd', () => {
  const STARS = ['OPTIONS *', 'POST *', 'M-SEARCH *'];
  const ABSOLUTE = ['http://evil.example/nowhere', 'http://u:p@x/nowhere', 'http://evil.example/time/..', 'ftp://x/y'];
  const TARGETS = [...ABSOLUTE, '//nowhere', '//evil.example/time', '/./x', '/nowhere#x', '/nowhere;x', '/%00'];
  const LINES = [...STARS, ...TARGETS.map((target) => `GET ${target}`), 'QUERY /nowhere', 'TRACE /nowhere'];
  const BROKEN = ['GET foo', 'GET http://', 'GET https://[', 'FOO /time', 'GET ?', 'GET'];

  const ask = async (to: RunningApp, line: string): Promise<RawAnswer> => {
    const text = await bytes(to.url, `${line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    const [head = '', body = ''] = text.split('\r\n\r\n');
    const [first = '', ...fields] = head.split('\r\n');
    const headers = fields.map((field) => [field.slice(0, field.indexOf(':')), field.replace(/^[^:]*: */, '')]);
    return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body };
  };
  const assertWell = async (of: RunningApp): Promise<void> => {
    for (const line of BROKEN) assert.equal((await ask(of, line)).status, 400, line);
    // No server is reached through us.
    await ask(of, 'CONNECT 127.0.0.1:1');
    assert.equal((await of.get('/healthz')).status, 200);
    assert.deepEqual(
      of.records.filter(({ msg }) => msg === 'unexpected error'),
      [],
    );
  };

  it('name nothing, and hurt nobody', async () => {
    for (const line of LINES) assertEmpty(await ask(app, line), line);
    await assertWell(app);
  });

  it('are refused as all others where a credential is asked for', async (t) => {
    const guarded = await startFor(t, { servers: { time: entry }, keys: { auth: {} } });
    for (const line of LINES) assertUnauthorized(await ask(guarded, line), line);
    await assertWell(guarded);
  });
});
