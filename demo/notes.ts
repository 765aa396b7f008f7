/**
 * The notes service of the demo: an MCP server and its authorization server at one address of this machine.
 * Prints its address, and ends when its stdin does, so that it never outlives who started it.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { handleInteraction } from './interactions.ts';
import { MemoryState } from './memory-adapter.ts';
import { READ, WRITE } from './notebook.ts';
import { NotesServer, type Reply, readMessage, send } from './notes-server.ts';
import { createProvider } from './provider.ts';

const ACCOUNTS = ['alice', 'bob'];
/** Short, so that a visitor sees a login renewed by itself. */
const ACCESS_TOKEN_SECONDS = 120;
const REFRESH_TOKEN_SECONDS = 24 * 3600;

const server = createServer();
// Not `localhost`: cookies know no ports, and the gateway's own pages are there.
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const resource = `${origin}/mcp`;
const notes = new NotesServer(origin, { resource });
const state = new MemoryState();
const provider = createProvider({
  issuer: origin,
  state,
  accounts: ACCOUNTS,
  scopes: [READ, WRITE],
  resources: [resource],
  cookiePrefix: 'notes_demo_',
  accessTokenTtl: () => ACCESS_TOKEN_SECONDS,
  refreshTokenTtl: () => REFRESH_TOKEN_SECONDS,
  rotate: () => true,
  registration: true,
});
// The session ends with the login, so that one browser can be two people.
provider.use(async (ctx, next) => {
  await next();
  if (String(ctx.response.get('location')).startsWith('/interaction/')) return;
  const session = (ctx as KoaContextWithOIDC).oidc?.entities.Session?.jti;
  state.remove(['Session'], ({ jti }) => session !== undefined && jti === session);
});
const authorize = provider.callback();

server.on('request', (request, response) => {
  serve(request, response).catch(() => response.destroy());
});
process.stdin.on('end', () => process.exit()).resume();
process.stdout.write(`${resource}\n`);

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', origin);
  if (pathname === '/mcp') return send(response, await mcp(request));
  if (pathname === notes.metadataUrl.pathname) return send(response, { status: 200, body: notes.metadata() });
  if (pathname.startsWith('/interaction/')) {
    return handleInteraction(provider, request, response, { accounts: ACCOUNTS });
  }
  await authorize(request, response);
}

async function mcp(request: IncomingMessage): Promise<Reply> {
  const bearer = await notes.bearer(request);
  if (bearer === undefined) return notes.unauthorized(request);
  return notes.reply(request, bearer, await readMessage(request));
}
