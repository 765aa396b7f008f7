/** `--api-key` beside each kind of file: what `/api` and processes that are not started yet ask for, and in whose words. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { HttpServer } from '../../helpers/http-server.ts';
import { bearer, USER_JWT_SECRET, WEBUI_SECRET } from '../../helpers/open-webui-users.ts';
import { protectedEntry, startProvider } from '../login-story.ts';
import { raw } from '../raw.ts';
import { startFor } from '../start-for.ts';
import { assertUnauthorized } from './unauthorized.ts';

const KEY = 'key of the gateway';
const argv = ['--api-key', KEY];
const CALL = { method: 'POST', path: '/api/time/echo?sessionId=x', body: '{"text":"hi"}' };

let entry: Record<string, unknown>;
let server: HttpServer;
before(async () => {
  server = await HttpServer.start();
  entry = { type: 'streamable-http', url: server.url.href };
});
after(() => server.stop());

describe('--api-key beside a servers file', () => {
  it('is asked for wherever a process may start, in the words of acehoss/mcp-gateway', async (t) => {
    const app = await startFor(t, { servers: { time: entry }, argv });
    for (const headers of [[], ['authorization', 'Bearer wrong'], ['authorization', 'Basic !']]) {
      assertUnauthorized(await raw(app.url, { ...CALL, headers }), 'a call in a session');
      for (const path of ['/api/sessionid', '/api/sessionid/', '/api/time/echo', '/time/mcp']) {
        assertUnauthorized(await raw(app.url, { path, headers }), path);
      }
      // Whatever the tool: which there are is not known before the server has been started.
      const body = '{}';
      assertUnauthorized(await raw(app.url, { method: 'POST', path: '/time/any', headers, body }), 'a tool');
    }
    assert.equal((await app.get('/openapi.json')).status, 200, 'documents stay open');
  });
});

describe('--api-key beside an mcpServers file', () => {
  it("is asked for at /api in mcpo's words", async (t) => {
    const app = await startFor(t, { mcpServers: { time: entry }, argv });
    for (const request of [
      CALL,
      { path: '/api/sessionid' },
      { method: 'DELETE', path: '/api/sessionid?sessionId=x' },
    ]) {
      const none = await raw(app.url, request);
      assert.deepEqual([none.status, none.headers['www-authenticate']], [401, 'Bearer'], request.path);
      assert.deepEqual(JSON.parse(none.body), { detail: 'Missing or invalid Authorization header' });
      const wrong = await raw(app.url, { ...request, headers: ['authorization', 'Bearer wrong'] });
      assert.deepEqual([wrong.status, JSON.parse(wrong.body)], [403, { detail: 'Invalid API key' }], request.path);
    }
    const right = await raw(app.url, { path: '/api/sessionid', headers: ['authorization', `Bearer ${KEY}`] });
    assert.equal(right.status, 200, right.body);
  });

  it('is asked for at every path of a server whose tools are not known', async (t) => {
    const app = await startFor(t, { mcpServers: { none: { command: 'no-such-program' } }, argv });
    assert.equal((await app.post('/none/any', {})).status, 401);
    assert.equal((await app.post('/none/any', {}, { authorization: `Bearer ${KEY}` })).status, 503);
  });
});

describe('/api of a server where each person has an account, on a gateway that asks for nothing', () => {
  it('does not take for nobody who is not who they say', async (t) => {
    const { notes } = await startProvider(t);
    const mcpServers = { notes: protectedEntry(notes, { webui_secret_key: USER_JWT_SECRET }) };
    const app = await startFor(t, { mcpServers });
    const answered = async (headers: Record<string, string>) =>
      (await app.post('/api/notes/whoami?sessionId=x', {}, headers)).headers.get('x-latchkey-error');
    assert.equal(await answered({}), 'identity_required');
    assert.equal(await answered(await bearer('ann', { secret: USER_JWT_SECRET })), 'authorization_required');
    assert.equal(await answered(await bearer('ann', { secret: WEBUI_SECRET })), 'invalid_credentials');
  });
});
