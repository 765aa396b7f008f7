/** A real authorization server on loopback (oidc-provider): it records what it is asked, and it can be made to fail. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ClientMetadata, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { handleInteraction } from '../../demo/interactions.ts';
import { MemoryState } from '../../demo/memory-adapter.ts';
import { createProvider } from '../../demo/provider.ts';
import { type AsEndpoint, endpointOf, type Fault, Faults, refuseByPolicy } from './authorization-faults.ts';
import { type Listening, listen } from './listen.ts';
import { pause } from './wait.ts';

export type { AsEndpoint, Fault } from './authorization-faults.ts';
export { Browser, type SignIn, signIn } from './sign-in.ts';

export interface AuthorizationServerOptions {
  /** Seconds; 600 unless said otherwise. May be changed later by the property of the same name. */
  readonly accessTokenTtl?: number;
  /** Seconds; a day unless said otherwise. May be changed later. */
  readonly refreshTtl?: number;
  /** RFC 7591; `refuse`: advertised, but 403 as Keycloak's policy answers. */
  readonly registration?: boolean | 'refuse';
  /** What tokens for any resource may carry. */
  readonly scopes?: readonly string[];
  /** False: refresh tokens stay the same. May be changed later. */
  readonly rotate?: boolean;
  /** E.g. `/tenant`; the RFC 8414 place of its metadata is served too. */
  readonly issuerPath?: string;
  /** Clients that are there from the start. */
  readonly clients?: readonly ClientMetadata[];
  /** The only resources tokens are issued for; others: `invalid_target` at the callback. */
  readonly resources?: readonly string[];
  /** Whom to sign in, and allow, without pages. May be changed later. */
  readonly autoLogin?: 'alice' | 'bob';
  /** False: no metadata anywhere. */
  readonly metadata?: boolean;
  /** What a request without `scope` means (RFC 6749 3.3); undefined: it is denied. */
  readonly defaultScope?: string;
  /** The host name of the issuer: `127.0.0.1` unless said otherwise. */
  readonly host?: '127.0.0.1' | 'localhost';
}

/** One request, without its secrets. */
export interface SeenByAs {
  readonly endpoint: AsEndpoint;
  readonly method: string;
  readonly path: string;
  readonly at: number;
  /** Known once the request was looked at. */
  grantType?: string;
  clientId?: string;
  /** `resource`, `scope` and the like as they came; of a registration all fields. */
  params: Readonly<Record<string, unknown>>;
  /** Undefined while it runs, and where the connection was dropped. */
  status?: number;
}

export interface AsEvent {
  readonly kind: 'grant-revoked' | 'refresh-token-reused' | 'refreshed' | 'code-exchanged' | 'registered' | 'refused';
  /** `error` and the provider's reason, of those that were refused. */
  readonly detail?: string;
}

const SAFE_PARAMS = ['resource', 'scope', 'prompt', 'redirect_uri', 'code_challenge_method', 'token_type_hint'];

export class AuthorizationServer {
  readonly issuer: string;
  readonly origin: string;
  readonly provider: Provider;
  /** Every request that came in. */
  readonly seen: SeenByAs[] = [];
  readonly events: AsEvent[] = [];
  accessTokenTtl: number;
  refreshTtl: number;
  rotate: boolean;
  autoLogin: string | undefined;
  registration: boolean | 'refuse';
  /** How long each token request waits before it is looked at, in milliseconds. */
  tokenDelayMs = 0;
  readonly #options: AuthorizationServerOptions;
  readonly #listening: Listening;
  readonly #state = new MemoryState();
  readonly #callback: RequestListener;
  readonly #records = new WeakMap<IncomingMessage, SeenByAs>();
  readonly #faults = new Faults();
  readonly #mounted = new Map<string, RequestListener>();
  /** Token requests go one after the other, so that no reuse slips through between two awaits. */
  #tokenQueue: Promise<void> = Promise.resolve();

  static async start(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
    let server: AuthorizationServer | undefined;
    const listening = await listen((request, response) => void server?.handle(request, response));
    server = new AuthorizationServer(options, listening);
    return server;
  }

  private constructor(options: AuthorizationServerOptions, listening: Listening) {
    this.#options = options;
    this.#listening = listening;
    this.origin = listening.origin.replace('127.0.0.1', options.host ?? '127.0.0.1');
    this.issuer = this.origin + (options.issuerPath ?? '');
    this.accessTokenTtl = options.accessTokenTtl ?? 600;
    this.refreshTtl = options.refreshTtl ?? 86_400;
    this.rotate = options.rotate ?? true;
    this.autoLogin = options.autoLogin;
    this.registration = options.registration ?? true;
    this.provider = createProvider({
      issuer: this.issuer,
      state: this.#state,
      accounts: ACCOUNTS,
      scopes: options.scopes ?? ['notes:read', 'notes:write'],
      cookiePrefix: `as${new URL(this.origin).port}_`,
      accessTokenTtl: () => this.accessTokenTtl,
      refreshTokenTtl: () => this.refreshTtl,
      rotate: () => this.rotate,
      registration: this.registration !== false,
      ...(options.clients === undefined ? {} : { clients: options.clients }),
      ...(options.resources === undefined ? {} : { resources: options.resources }),
    });
    this.#watch();
    this.#callback = this.provider.callback();
  }

  /** How many requests came: by endpoint, or token requests by `grant_type`. */
  counts(what: AsEndpoint | 'refresh_token' | 'authorization_code'): number {
    return this.seen.filter(({ endpoint, grantType }) => endpoint === what || grantType === what).length;
  }

  happened(kind: AsEvent['kind']): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  /** The next `times` requests to this endpoint fail this way. */
  fail(endpoint: AsEndpoint, fault: Fault, times = 1): void {
    this.#faults.plan(endpoint, fault, times);
  }

  /** No more faults; what hangs is cut. */
  heal(): void {
    this.#faults.heal();
  }

  /** As after a reset of the server: no client is known any more, nor anything that was granted to one. */
  forgetClients(): void {
    this.#state.remove(['Client', 'Grant', 'RefreshToken', 'AccessToken', 'AuthorizationCode']);
  }

  /** As if the account had removed the connected applications at the provider; returns how many grants ended. */
  revokeGrantsOf(account: string): number {
    this.#state.remove(['RefreshToken', 'AccessToken', 'AuthorizationCode'], (one) => one.accountId === account);
    return this.#state.remove(['Grant'], (one) => one.accountId === account);
  }

  /** Grants that are alive, by account. */
  grantsOf(account: string): number {
    return this.#state.all('Grant').filter((one) => one.accountId === account).length;
  }

  /** Refresh tokens that would still be taken, by account. */
  refreshTokensOf(account: string): number {
    const tokens = this.#state.all('RefreshToken');
    return tokens.filter((one) => one.accountId === account && one.consumed === undefined).length;
  }

  clients(): number {
    return this.#state.all('Client').length;
  }

  /** Serves another path on this origin, e.g. an MCP server that has no address of its own. */
  mount(path: string, listener: RequestListener): void {
    this.#mounted.set(path, listener);
  }

  /** The port refuses until `start`; all that was granted stays. */
  async stop(): Promise<void> {
    await this.#listening.stop();
  }

  start(): Promise<void> {
    return this.#listening.start();
  }

  async close(): Promise<void> {
    this.heal();
    await this.stop();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? '/', this.origin);
    const mounted = this.#mounted.get(pathname);
    if (mounted !== undefined) return mounted(request, response);
    const path = this.#innerPath(pathname);
    const endpoint = endpointOf(path ?? pathname);
    const record: SeenByAs = { endpoint, method: request.method ?? '', path: pathname, at: Date.now(), params: {} };
    this.seen.push(record);
    this.#records.set(request, record);
    response.once('finish', () => {
      record.status = response.statusCode;
    });
    if (path === undefined) return void response.writeHead(404).end();
    if (endpoint === 'register' && this.registration === 'refuse') return refuseByPolicy(response);
    const failed = await this.#faults.strike(endpoint, request, response);
    if (failed?.grantType !== undefined) record.grantType = failed.grantType;
    if (failed !== undefined) return;
    await this.#serve(endpoint, path + search, request, response);
  }

  async #serve(endpoint: AsEndpoint, url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (endpoint === 'interaction') {
      return handleInteraction(this.provider, request, response, { accounts: ACCOUNTS, autoLogin: this.autoLogin });
    }
    // The provider does not know that it is mounted under a path, but for what it finds here.
    Object.assign(request, { originalUrl: (this.#options.issuerPath ?? '') + url, url });
    if (endpoint !== 'token') return void this.#callback(request, response);
    const turn = this.#tokenQueue.then(async () => {
      if (this.tokenDelayMs > 0) await pause(this.tokenDelayMs);
      await this.#callback(request, response);
    });
    this.#tokenQueue = turn.catch(() => undefined);
    await turn;
  }

  /** The path as an issuer without a path would have it; undefined: nothing is there. */
  #innerPath(pathname: string): string | undefined {
    const { issuerPath = '', metadata } = this.#options;
    if (metadata === false && pathname.includes('/.well-known/')) return undefined;
    const rfc8414 = '/.well-known/oauth-authorization-server';
    if (pathname === rfc8414 + issuerPath) return rfc8414;
    return pathname.startsWith(`${issuerPath}/`) ? pathname.slice(issuerPath.length) : undefined;
  }

  /** Fills the records with what the provider has read, and turns its events into ours. */
  #watch(): void {
    const { provider } = this;
    provider.use(async (ctx, next) => {
      if (ctx.path === '/authorize' && this.#options.defaultScope !== undefined && ctx.query.scope === undefined) {
        ctx.query = { ...ctx.query, scope: this.#options.defaultScope };
      }
      await next();
      this.#note(ctx as KoaContextWithOIDC);
    });
    provider.on('grant.revoked', () => void this.events.push({ kind: 'grant-revoked' }));
    provider.on('registration_create.success', () => void this.events.push({ kind: 'registered' }));
    provider.on('grant.success', ({ oidc }) => {
      this.events.push({ kind: oidc.params?.grant_type === 'refresh_token' ? 'refreshed' : 'code-exchanged' });
    });
    provider.on('grant.error', (_ctx, error) => {
      if (error.error_detail === 'refresh token already used') this.events.push({ kind: 'refresh-token-reused' });
      this.events.push({ kind: 'refused', detail: `${error.error}: ${error.error_detail ?? error.error_description}` });
    });
  }

  #note({ req, oidc }: KoaContextWithOIDC): void {
    const record = this.#records.get(req);
    if (record === undefined || oidc === undefined) return;
    const params = { ...(oidc.params ?? {}) };
    if (typeof params.grant_type === 'string') record.grantType = params.grant_type;
    if (typeof params.client_id === 'string') record.clientId = params.client_id;
    if (oidc.client !== undefined) record.clientId = oidc.client.clientId;
    const fields = record.endpoint === 'register' ? { ...oidc.body, client_secret: undefined } : params;
    const isSafe = ([name]: [string, unknown]): boolean => record.endpoint === 'register' || SAFE_PARAMS.includes(name);
    record.params = Object.fromEntries(Object.entries(fields).filter(isSafe));
  }
}

export function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  return AuthorizationServer.start(options);
}

const ACCOUNTS = ['alice', 'bob'];
