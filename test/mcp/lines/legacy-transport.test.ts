/** Which way a session takes to a server that speaks both eras, or one of them. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { type Exchange, HttpServer } from '../../helpers/http-server.ts';
import { errorOf, type Json, McpSession } from '../../helpers/mcp-session.ts';

const SOUND = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
const DISCOVERED = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28', '2025-11-25'],
  capabilities: { tools: {} },
  ttlMs: 0,
  cacheScope: 'public',
};

const open: { readonly app: RunningApp; readonly server: HttpServer }[] = [];

afterEach(async () => {
  for (const { app, server } of open.splice(0)) {
    await app.close();
    await server.stop();
  }
});

/** Sessions, and 2026-07-28 besides; `refuse`: the error that an `initialize` with these params has. */
async function start(refuse: (params: Json) => Json | undefined): Promise<{ server: HttpServer; url: string }> {
  const server = await HttpServer.start({ behave: (exchange) => modern(exchange) || refused(exchange, refuse) });
  const app = await startApp({ mcpServers: { both: { type: 'streamable-http', url: server.url.href } } });
  open.push({ app, server });
  return { server, url: `${app.url}/both/mcp` };
}

function modern({ request, message, reply }: Exchange): boolean {
  if (request.headers['mcp-protocol-version'] !== '2026-07-28' || message?.id === undefined) return false;
  const tools = { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'public' };
  reply(200, { jsonrpc: '2.0', id: message.id, result: message.method === 'server/discover' ? DISCOVERED : tools });
  return true;
}

function refused({ name, message, reply }: Exchange, refuse: (params: Json) => Json | undefined): boolean {
  const error = name === 'initialize' ? refuse(message?.params ?? {}) : undefined;
  if (error === undefined) return false;
  reply(200, { jsonrpc: '2.0', id: message?.id, error });
  return true;
}

const countOf = (server: HttpServer): number => server.requests('initialize').length;

/** Whether the next session of a client is one of the server, too. */
async function hasSession({ server, url }: { server: HttpServer; url: string }): Promise<boolean> {
  const former = countOf(server);
  const session = await McpSession.open(url);
  await session.result('tools/list');
  await session.end();
  return countOf(server) > former;
}

for (const code of [-32602, -32022]) {
  test(`one initialize that the server refuses with ${code} does not cost others their sessions`, async () => {
    const place = await start(({ clientInfo }) =>
      clientInfo === undefined ? { code, message: 'clientInfo is required' } : undefined,
    );
    const { clientInfo: _, ...unsound } = SOUND;
    const answered = await new McpSession(place.url).ask('initialize', unsound);
    assert.equal(errorOf(answered).code, code);
    assert.equal(await hasSession(place), true);
  });
}

for (const code of [-32601, -32600]) {
  test(`a server that refuses a sound initialize with ${code} is spoken to in 2026-07-28 from then on`, async () => {
    const place = await start(() => ({ code, message: 'no' }));
    const session = await McpSession.open(place.url);
    assert.deepEqual((await session.result('tools/list')).tools, []);
    await session.end();
    assert.equal(await hasSession(place), false);
  });
}
