/** The notes server on loopback, behind a real authorization server: it records who asked what, and can be made to refuse. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  type Bearer,
  type Message,
  NotesServer,
  type NotesServerOptions,
  type Reply,
  readMessage,
  send,
} from '../../demo/notes-server.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { type Listening, listen } from './listen.ts';
import { pause } from './wait.ts';

export interface ProtectedServerOptions extends Omit<NotesServerOptions, 'resource'> {
  readonly authorization: AuthorizationServer;
  /** True: under the authorization server's own origin, as 2025-03-26 has it; it then has no address to stop. */
  readonly sameOrigin?: boolean;
  /** `/mcp` unless said otherwise. */
  readonly path?: string;
  /** Fields of the protected resource metadata, in place of the true ones. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Looks at each request first; true says that it was answered here. */
  readonly behave?: Behave;
}

export type Behave = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** One request to the MCP endpoint, or to the metadata. */
export interface SeenByServer {
  readonly http: string;
  readonly path: string;
  /** Of the token; undefined: none, or one that does not count. */
  readonly account: string | undefined;
  /** The token's `jti`, to tell tokens apart. */
  readonly token: string | undefined;
  readonly session: string | undefined;
  /** The tool that was called, else the method. */
  readonly name: string;
  /** Whether an `Authorization` header came, good or bad. */
  readonly hadToken: boolean;
  readonly at: number;
  status?: number;
}

export class ProtectedServer {
  /** What goes into `mcpServers`. */
  readonly url: URL;
  readonly notes: NotesServer;
  readonly seen: SeenByServer[] = [];
  /** Answers 401 to every token. */
  refuseAll = false;
  /** Each tool call takes this long, in milliseconds. */
  delayMs = 0;
  /** May be replaced at any time. */
  behave: Behave;
  readonly #overrides: Readonly<Record<string, unknown>>;
  readonly #hasMetadata: boolean;
  readonly #refused = new Set<string>();
  readonly #listening: Listening | undefined;

  static async start(options: ProtectedServerOptions): Promise<ProtectedServer> {
    const { authorization, sameOrigin = false, path = '/mcp' } = options;
    let server: ProtectedServer | undefined;
    const listener: RequestListener = (request, response) => {
      // Gone before the request was read: there is nobody to answer.
      server?.handle(request, response).catch(() => response.destroy());
    };
    const listening = sameOrigin ? undefined : await listen(listener);
    const url = new URL(path, listening?.origin ?? authorization.origin);
    server = new ProtectedServer(options, url, listening);
    if (sameOrigin) for (const place of [path, server.notes.metadataUrl.pathname]) authorization.mount(place, listener);
    return server;
  }

  private constructor(options: ProtectedServerOptions, url: URL, listening: Listening | undefined) {
    this.url = url;
    this.notes = new NotesServer(options.authorization.issuer, { ...options, resource: url.href });
    this.behave = options.behave ?? (() => false);
    this.#overrides = options.overrides ?? {};
    this.#hasMetadata = options.metadata !== false;
    this.#listening = listening;
  }

  /** From now on another authorization server's tokens are taken, and no others. */
  moveTo(authorization: AuthorizationServer): void {
    this.notes.issuer = authorization.issuer;
  }

  /** Refuses all tokens that this account has used so far, as introspection would after a revocation. */
  refuse(account: string): void {
    for (const { account: owner, token } of this.seen) if (owner === account && token) this.#refused.add(token);
  }

  /** Calls of this tool, or requests of this method, that were answered with 200; of one account or of all. */
  answered(name: string, account?: string): SeenByServer[] {
    const isIt = (one: SeenByServer): boolean => one.name === name && one.status === 200;
    return this.seen.filter((one) => isIt(one) && (account === undefined || one.account === account));
  }

  /** The different tokens that an account has used with success. */
  tokensOf(account: string): Set<string> {
    const used = this.seen.filter((one) => one.account === account && one.status !== 401);
    return new Set(used.flatMap(({ token }) => token ?? []));
  }

  /** Sessions that were ever asked for by more than one account; to be empty. */
  sharedSessions(): string[] {
    const owners = new Map<string, Set<string>>();
    for (const { session, account } of this.seen) {
      if (session === undefined || account === undefined) continue;
      owners.set(session, (owners.get(session) ?? new Set()).add(account));
    }
    return [...owners].filter(([, accounts]) => accounts.size > 1).map(([session]) => session);
  }

  async stop(): Promise<void> {
    await this.#listening?.stop();
    this.notes.forgetSessions();
  }

  async start(): Promise<void> {
    await this.#listening?.start();
  }

  close(): Promise<void> {
    return this.stop();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    const isEndpoint = pathname === this.url.pathname;
    const bearer = isEndpoint ? await this.notes.bearer(request) : undefined;
    const message = await readMessage(request);
    this.#note(request, response, pathname, bearer, message);
    if (await this.behave(request, response)) return;
    if (this.delayMs > 0 && message?.method === 'tools/call') await pause(this.delayMs);
    send(response, this.#reply(request, pathname, bearer, message));
  }

  #reply(request: IncomingMessage, path: string, bearer: Bearer | undefined, message: Message | undefined): Reply {
    if (path === this.notes.metadataUrl.pathname && this.#hasMetadata) {
      return { status: 200, body: { ...this.notes.metadata(), ...this.#overrides } };
    }
    if (path !== this.url.pathname) return { status: 404 };
    const isRefused = bearer === undefined || this.refuseAll || this.#refused.has(bearer.id);
    return isRefused ? this.notes.unauthorized(request) : this.notes.reply(request, bearer, message);
  }

  #note(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    bearer: Bearer | undefined,
    message: Message | undefined,
  ): void {
    const session = request.headers['mcp-session-id'];
    const record: SeenByServer = {
      http: request.method ?? '',
      path,
      account: bearer?.account,
      token: bearer?.id,
      session: typeof session === 'string' ? session : undefined,
      name: message?.method === 'tools/call' ? String(message.params?.name) : (message?.method ?? ''),
      hadToken: request.headers.authorization !== undefined,
      at: Date.now(),
    };
    this.seen.push(record);
    response.once('finish', () => {
      record.status = response.statusCode;
    });
  }
}

export function startProtectedServer(options: ProtectedServerOptions): Promise<ProtectedServer> {
  return ProtectedServer.start(options);
}
