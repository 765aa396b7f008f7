/** What who comes for the first time is told: without a credential, at a wrong address, or with a browser. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { HttpServer } from '../../helpers/http-server.ts';
import { ACCEPT, type Json } from '../../helpers/mcp-session.ts';
import { WEBUI_SECRET } from '../../helpers/open-webui-users.ts';
import { basic } from '../raw.ts';
import { startFor } from '../start-for.ts';

const AUTH = { basic: { enabled: true, credentials: [{ username: 'ann', password: 'of-ann' }] } };
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const METADATA = ['oauth-protected-resource', 'oauth-authorization-server', 'openid-configuration'];

let server: HttpServer;
before(async () => {
  server = await HttpServer.start();
});
after(() => server.stop());

const start = (t: TestContext, more: { keys?: Json; argv?: string[] } = {}) =>
  startFor(t, { mcpServers: { time: { type: 'streamable-http', url: server.url.href } }, ...more });

async function told(response: Response): Promise<{ id: unknown; code: unknown; message: string; data: Json }> {
  const { jsonrpc, id, error } = (await response.json()) as { jsonrpc: string; id: unknown; error: Json };
  assert.equal(jsonrpc, '2.0');
  return { id, code: error.code, message: String(error.message), data: error.data as Json };
}

describe('an MCP client without a credential', () => {
  it('is told where to make a token, or what else lets it in', async (t) => {
    const withAccounts = await start(t, { keys: { auth: AUTH } });
    const base = `http://localhost:${withAccounts.settings.port}`;
    const withKey = await start(t, { argv: ['--api-key', 'key of the gateway'] });
    const withChat = await start(t, { keys: { webui_secret_key: WEBUI_SECRET } });
    for (const path of ['/time/mcp', '/mcp']) {
      const answers = await Promise.all([withAccounts, withKey, withChat].map((app) => app.post(path, PING, ACCEPT)));
      assert.deepEqual(
        answers.map((answer) => [answer.status, answer.headers.get('x-latchkey-error')]),
        [
          [401, 'missing_credentials'],
          [401, 'missing_credentials'],
          [401, 'missing_credentials'],
        ],
      );
      const [accounts = '', key = '', chat = ''] = await Promise.all(
        answers.map(async (answer) => (await told(answer)).message),
      );
      assert.equal(
        accounts,
        `Make an access token at ${base}, and let the client send it as a header: Authorization: Bearer lk_...`,
      );
      assert.match(key, /API key of this gateway.*Authorization: Bearer/);
      assert.match(chat, /"Session"/);
    }
    const rest = await withKey.post('/time/echo', {});
    assert.deepEqual(await rest.json(), { detail: 'Missing or invalid Authorization header' }, 'as in mcpo');
  });

  it('is told what is wrong with what it sends', async (t) => {
    const app = await start(t, { keys: { auth: AUTH, cors_allow_origins: ['https://chat.example'] } });
    const send = async (authorization: string, more: Record<string, string> = {}) => {
      const { message } = await told(await app.post('/time/mcp', PING, { ...ACCEPT, authorization, ...more }));
      return message;
    };
    assert.match(await send('Token abc'), /neither Bearer nor Basic.*Make an access token/);
    assert.match(await send('Bearer'), /Make an access token/);
    assert.match(await send(`Bearer "lk_${'A'.repeat(43)}"`), /quotes.*Send it without them/);
    assert.match(await send('Bearer wrong'), /name and password.*or an access token, which people make on the page/);
    const foreign = { origin: 'https://chat.example', 'sec-fetch-site': 'cross-site' };
    assert.match(await send(basic('ann', 'of-ann'), foreign), /do not count in requests of pages of another site/);
  });

  it('finds no sign-in of the gateway, rather than a refusal, also where all else needs a credential', async (t) => {
    const app = await start(t, { keys: { auth: AUTH } });
    for (const name of METADATA) {
      for (const path of [`/.well-known/${name}`, `/.well-known/${name}/time/mcp`]) {
        for (const headers of [{}, { 'mcp-protocol-version': '2025-11-25' }]) {
          const answer = await app.get(path, headers);
          assert.deepEqual([answer.status, await answer.json()], [404, { detail: 'Not Found' }], path);
        }
      }
    }
    assert.equal((await app.get('/time/mcp/.well-known/openid-configuration')).status, 404);
    assert.equal((await app.post('/.well-known/oauth-protected-resource', {})).status, 401);
    assert.equal((await app.get('/.well-known/other')).status, 401);
  });
});

describe('an MCP client at an address where no server is', () => {
  it('reads JSON-RPC, by its headers or the path', async (t) => {
    const app = await start(t);
    const tries: readonly [string, Record<string, string>][] = [
      ['/tme/mcp', {}],
      ['/tme/sse', {}],
      ['/time', ACCEPT],
      ['/', ACCEPT],
      ['/time', { 'mcp-protocol-version': '2025-11-25' }],
    ];
    for (const [path, headers] of tries) {
      const answer = await app.post(path, PING, headers);
      assert.deepEqual([answer.status, answer.headers.get('x-latchkey-error')], [404, 'not_found'], path);
      const { id, code, message, data } = await told(answer);
      assert.deepEqual([id, code, data.error], [null, -32602, 'not_found']);
      assert.equal(message, 'No MCP server is here. The addresses are /<server>/mcp and /mcp.');
    }
    assert.deepEqual(await (await app.post('/time', PING)).json(), { detail: 'Not Found' }, 'a program of REST');
    assert.deepEqual(await (await app.post('/time/none', {})).json(), { detail: 'Not Found' });
  });

  it('reads JSON-RPC too where the page that it runs in may not come', async (t) => {
    const app = await start(t);
    const answer = await app.post('/time/mcp', PING, { ...ACCEPT, origin: 'https://evil.example' });
    assert.equal(answer.status, 403);
    assert.equal((await told(answer)).data.error, 'origin_not_allowed');
  });
});

describe('a person who opens an MCP address in a browser', () => {
  it('is led to the page that has the addresses, or to where they sign in', async (t) => {
    const open = await start(t, { argv: ['--root-path', '/door'] });
    const closed = await start(t, { keys: { auth: AUTH } });
    for (const path of ['/mcp', '/time/mcp', '/time/sse']) {
      const led = await open.get(path, { accept: 'text/html,*/*' });
      assert.deepEqual([led.status, led.headers.get('location')], [303, '/door/'], path);
      const asked = await closed.get(path, { accept: 'text/html,*/*' });
      assert.deepEqual(
        [asked.status, asked.headers.get('location')],
        [303, `/login?next=${encodeURIComponent(path)}`],
        path,
      );
    }
    assert.equal((await open.get('/time/mcp', { accept: 'text/event-stream' })).status, 405);
    assert.equal((await open.get('/mcp', { accept: 'application/json' })).status, 405);
  });
});

describe('a revision that nobody knows', () => {
  it('is answered with those that are spoken, however it is told', async (t) => {
    const app = await start(t);
    const supported = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
    const requested = '2099-01-01';
    const headers = { ...ACCEPT, 'mcp-protocol-version': requested };
    const byHeader = await app.post('/time/mcp', PING, headers);
    assert.equal(byHeader.status, 400);
    assert.deepEqual((await told(byHeader)).data, { supported, requested, error: 'bad_mcp_request' });
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': requested,
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const byBody = await app.post('/time/mcp', { ...PING, params: { _meta } }, headers);
    assert.equal(byBody.status, 400);
    const { code, data } = await told(byBody);
    assert.deepEqual([code, data], [-32022, { supported: ['2026-07-28'], requested }]);
  });
});

describe('a single server', () => {
  it('is reached with its name, which is default, and without it', async (t) => {
    const app = await startFor(t, { argv: ['--type', 'streamable-http', '--', server.url.href] });
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
    for (const path of ['/mcp', '/default/mcp']) {
      const answer = await app.post(path, { ...PING, method: 'initialize', params }, ACCEPT);
      assert.equal(answer.status, 200, path);
      await answer.body?.cancel();
    }
    for (const [path, endpoint] of [
      ['/sse', '/default?'],
      ['/default/sse', '/default?'],
    ] as const) {
      const answer = await app.get(path, { accept: 'text/event-stream' });
      const reader = answer.body?.getReader();
      const begun = new TextDecoder().decode((await reader?.read())?.value);
      await reader?.cancel();
      assert.ok(begun.startsWith(`event: endpoint\ndata: ${endpoint}`), begun);
    }
  });
});
