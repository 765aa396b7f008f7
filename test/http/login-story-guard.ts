/** A door in front of any MCP server: it lets in who has a token of the provider, and says where to get one. */
import { type IncomingHttpHeaders, type IncomingMessage, request as onward, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { AuthorizationServer } from '../helpers/authorization-server.ts';
import { listen } from '../helpers/listen.ts';

export interface Guard {
  /** Where the server is reached, and what its tokens are for. */
  readonly url: URL;
  /** Each request with a token that counted. */
  readonly passed: { readonly account: string; readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** How many tokens came that were not for this server. */
  readonly wrong: () => number;
}

export async function startGuard(t: TestContext, as: AuthorizationServer, target: URL): Promise<Guard> {
  const keys = createRemoteJWKSet(new URL(`${as.issuer}/jwks`));
  const passed: { account: string; path: string; headers: IncomingHttpHeaders }[] = [];
  let wrong = 0;
  const listening = await listen((request, response) => void answer(request, response));
  t.after(() => listening.stop());
  const url = new URL(target.pathname, listening.origin);
  const place = `${listening.origin}/.well-known/oauth-protected-resource`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (path.startsWith('/.well-known/oauth-protected-resource')) {
      const metadata = { resource: url.href, authorization_servers: [as.issuer], scopes_supported: ['notes:read'] };
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata));
    }
    const account = await accountOf(request);
    if (account === undefined) {
      const challenge = { 'www-authenticate': `Bearer resource_metadata="${place}", scope="notes:read"` };
      return void response.writeHead(401, challenge).end();
    }
    passed.push({ account, path, headers: request.headers });
    const { method, headers } = request;
    const inner = onward(new URL(path, target), { method, headers: { ...headers, host: target.host } }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      response.flushHeaders();
      reply.pipe(response);
    });
    inner.on('error', () => response.destroy());
    response.on('close', () => inner.destroy());
    request.pipe(inner);
  }

  async function accountOf({ headers }: IncomingMessage): Promise<string | undefined> {
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    try {
      return (await jwtVerify(token, keys, { issuer: as.issuer, audience: url.href })).payload.sub;
    } catch {
      wrong += 1;
      return undefined;
    }
  }

  return { url, passed, wrong: () => wrong };
}
