/** What the guide says of Open WebUI's connections of the type MCP: each user has a list of their own, by their own token. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { bearer, USER_JWT_SECRET, userJwt, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { type ProtectedServer, startProtectedServer } from '../helpers/protected-server.ts';
import { startFor } from '../http/start-for.ts';
import { ChatUser, CODE } from './chat-user.ts';

const VERSION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
};

interface Answer {
  readonly result: {
    readonly supportedVersions?: readonly string[];
    readonly tools?: readonly { readonly name: string }[];
    readonly content?: readonly { readonly text: string }[];
  };
}

describe('a connection of the type MCP in Open WebUI', () => {
  let as: AuthorizationServer;
  let notes: ProtectedServer;
  let app: RunningApp;
  before(async () => {
    as = await startAuthorizationServer();
    notes = await startProtectedServer({ authorization: as });
    app = await startApp({
      mcpServers: { notes: { type: 'streamable-http', url: notes.url.href, oauth: true } },
      keys: { webui_secret_key: WEBUI_SECRET },
    });
  });
  after(async () => {
    await app.close();
    await notes.close();
    await as.close();
  });

  async function ask(
    user: string,
    path: string,
    method: string,
    params: Record<string, unknown> = {},
  ): Promise<Answer> {
    const name = typeof params.name === 'string' ? { 'mcp-name': params.name } : {};
    const response = await app.post(
      path,
      { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } },
      { ...(await bearer(user)), 'mcp-protocol-version': VERSION, 'mcp-method': method, ...name },
    );
    assert.equal(response.status, 200, `${method}: ${await response.clone().text()}`);
    return (await response.json()) as Answer;
  }

  async function toolsOf(user: string, path: string): Promise<string[]> {
    const { result } = await ask(user, path, 'tools/list');
    return (result.tools ?? []).map(({ name }) => name);
  }

  it('is answered without a session, one server or all of them', async () => {
    for (const path of ['/notes/mcp', '/mcp']) {
      const { result } = await ask('ann', path, 'server/discover');
      assert.equal(result.supportedVersions?.[0], VERSION, path);
      assert.deepEqual(await toolsOf('ann', path), ['connect_notes'], path);
    }
  });

  it('has the tools of each user who has connected, from the link and the code in the chat', async () => {
    const told = await ask('ann', '/notes/mcp', 'tools/call', { name: 'connect_notes', arguments: {} });
    const [link = ''] = /http:\S+ticket=[\w-]+/.exec(told.result.content?.[0]?.text ?? '') ?? [];
    const { ended } = await new ChatUser(app.url, {}).follow(link, 'alice');
    const [code = ''] = CODE.exec(ended) ?? [];
    await ask('ann', '/notes/mcp', 'tools/call', { name: 'connect_notes', arguments: { code } });
    assert.ok((await toolsOf('ann', '/notes/mcp')).includes('whoami'));
    assert.ok((await toolsOf('ann', '/mcp')).includes('notes__whoami'));
    const who = await ask('ann', '/mcp', 'tools/call', { name: 'notes__whoami', arguments: {} });
    assert.equal(who.result.content?.[0]?.text, 'alice');
    assert.deepEqual(await toolsOf('ben', '/notes/mcp'), ['connect_notes']);
    assert.deepEqual(await toolsOf('ben', '/mcp'), ['connect_notes']);
  });

  it('knows its users by the signed header too, beside the API key', async (t) => {
    const signed = await startFor(t, {
      mcpServers: { notes: { type: 'streamable-http', url: notes.url.href, oauth: true } },
      keys: { open_webui: { user_jwt_secret: USER_JWT_SECRET } },
      argv: ['--api-key', 'key-of-the-gateway'],
    });
    const connectAs = async (more: Record<string, string>) => {
      const method = 'tools/call';
      const params = { name: 'connect_notes', arguments: {}, _meta: META };
      const shown = { authorization: 'Bearer key-of-the-gateway', 'mcp-protocol-version': VERSION };
      const headers = { ...shown, 'mcp-method': method, 'mcp-name': params.name, ...more };
      const answer = await signed.post('/notes/mcp', { jsonrpc: '2.0', id: 1, method, params }, headers);
      return ((await answer.json()) as Answer).result.content?.[0]?.text ?? '';
    };
    assert.match(
      await connectAs({ 'x-openwebui-user-jwt': await userJwt('ann') }),
      /^No account is connected.*ticket=/,
    );
    assert.match(await connectAs({}), /X-OpenWebUI-User-Jwt/, 'the key alone is nobody');
  });
});
