/** Pages of other sites, and names that are not the gateway's, get nowhere at the MCP endpoints (DNS rebinding; Streamable HTTP, security warning). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { ACCEPT, McpSession } from '../../helpers/mcp-session.ts';
import { coded } from '../login-story.ts';
import { type RawAnswer, raw } from '../raw.ts';

const FOREIGN = [
  ['host', 'evil.example.com', 'host_not_allowed'],
  ['host', 'evil.example.com:8000', 'host_not_allowed'],
  ['origin', 'https://evil.example.com', 'origin_not_allowed'],
  ['origin', 'null', 'origin_not_allowed'],
] as const;
/** In all that the page sends. */
const PAGE = 'words of a page';
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: PAGE, version: '1' } },
};
const CALL = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo', arguments: { text: PAGE } } };
const MODERN = {
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'echo',
};
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

for (const apiKey of [undefined, 'key-of-the-gateway']) {
  describe(`at a gateway ${apiKey === undefined ? 'without' : 'with'} a key`, () => {
    let server: HttpServer;
    let app: RunningApp;
    /** A session that the page has learned of, so that nothing but the page itself can be what is refused. */
    const sessions = new Map<string, McpSession>();
    const credential: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };

    before(async () => {
      server = await HttpServer.start();
      const argv = apiKey === undefined ? [] : ['--api-key', apiKey];
      app = await startApp({ mcpServers: { bare: { type: 'streamable-http', url: server.url.href } }, argv });
      for (const path of ['/mcp', '/bare/mcp']) {
        sessions.set(path, await McpSession.open(app.url + path, { headers: credential }));
      }
    });
    after(async () => {
      for (const session of sessions.values()) await session.end();
      await app.close();
      await server.stop();
    });

    const reached = (): number =>
      server.seen.filter(({ http, message }) => http === 'DELETE' || JSON.stringify(message ?? '').includes(PAGE))
        .length;
    const send = (method: string, path: string, headers: Record<string, string>, body?: object): Promise<RawAnswer> =>
      raw(app.url, {
        method,
        path,
        headers: Object.entries({ 'content-type': 'application/json', ...ACCEPT, ...credential, ...headers }).flat(),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });

    for (const [header, value, code] of FOREIGN) {
      // With a credential that no browser sends unasked, any page may ask.
      if (apiKey !== undefined && header === 'origin') continue;
      for (const path of ['/mcp', '/bare/mcp', '/bare/sse', '/bare?sessionId=x', '/bare']) {
        test(`${header} ${value} is refused at ${path}, and nothing reaches the server`, async () => {
          const before = reached();
          const foreign = { [header]: value };
          const session = sessions.get(path)?.id;
          const known = session === undefined ? foreign : { ...foreign, 'mcp-session-id': session };
          const modern = { ...CALL, params: { ...CALL.params, _meta: META } };
          const answers = [
            await send('POST', path, foreign, INITIALIZE),
            await send('POST', path, known, CALL),
            await send('POST', path, { ...foreign, ...MODERN }, modern),
            await send('GET', path, known),
            await send('DELETE', path, known),
          ];
          assert.deepEqual(answers.map(coded), Array(5).fill([403, code]));
          assert.ok(answers.every(({ headers }) => headers['access-control-allow-origin'] === undefined));
          assert.equal(reached(), before);
        });
      }
    }

    test('what is not foreign gets through, and no session has ended', async () => {
      for (const session of sessions.values()) assert.equal((await session.ask('tools/list')).status, 200);
      const own = await send('POST', '/bare/mcp', { origin: app.url }, INITIALIZE);
      assert.deepEqual([own.status, reached()], [200, 1]);
      assert.equal(
        (await send('DELETE', '/bare/mcp', { 'mcp-session-id': String(own.headers['mcp-session-id']) })).status,
        204,
      );
    });
  });
}
