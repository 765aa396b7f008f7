/** `GET /api/v1/auths/` as Open WebUI answers it, on bare node:http; a test may replace any answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type JWTPayload, jwtVerify } from 'jose';
import { type Listening, listen } from '../../helpers/listen.ts';
import { WEBUI_SECRET } from '../../helpers/open-webui-users.ts';

export interface User {
  readonly name?: string;
  readonly email?: string;
  readonly role?: string;
}

export class AuthsServer {
  readonly listening: Listening;
  /** By id; those who are not here are unknown. */
  readonly users = new Map<string, User>();
  /** Tokens whose `jti` stands here are revoked. */
  readonly revoked = new Set<unknown>();
  /** Every request that came in. */
  readonly seen: IncomingMessage[] = [];
  /** Looks at each request first; true says that it was answered, or never will be. */
  behave: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;

  static async start(): Promise<AuthsServer> {
    let server: AuthsServer | undefined;
    const listening = await listen((request, response) => void server?.handle(request, response));
    server = new AuthsServer(listening);
    return server;
  }

  private constructor(listening: Listening) {
    this.listening = listening;
  }

  get url(): string {
    return this.listening.origin;
  }

  stop(): Promise<void> {
    return this.listening.stop();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.seen.push(request);
    if (this.behave(request, response)) return;
    // The frontend answers every path that the API does not have.
    if (request.method !== 'GET' || request.url !== '/api/v1/auths/') return reply(response, 200, '<!doctype html>');
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const claims = await jwtVerify(token, new TextEncoder().encode(WEBUI_SECRET)).then(
      ({ payload }): JWTPayload => payload,
      () => undefined,
    );
    const id = String(claims?.id);
    const user = this.users.get(id);
    if (claims === undefined || user === undefined || this.revoked.has(claims.jti)) {
      return reply(response, 401, { detail: 'Your session has expired or the token is invalid.' });
    }
    if (claims.typ !== undefined && claims.typ !== 'session') {
      return reply(response, 403, { detail: 'A human session is required' });
    }
    reply(response, 200, { token, token_type: 'Bearer', expires_at: claims.exp, id, role: 'user', ...user });
  }
}

export function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(text);
}
