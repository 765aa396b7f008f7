/** Who is asking: the `Authorization` header, else the session of the browser; and whether the path needs to know. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import { type Identity, isOwnToken } from '../identity/authenticators.ts';
import { type Authorization, readAuthorization } from '../identity/authorization.ts';
import type { FailureLimiter } from '../identity/failure-limiter.ts';
import type { Principal } from '../identity/principal.ts';
import { browserSigns } from './access.ts';
import { asksEveryMethod, isApi, isWrongCredential } from './acehoss/contract.ts';
import type { BrowserSessions } from './browser-sessions.ts';
import { credentialsOf, realmOf } from './caller.ts';
import { countHeader, isNavigation, rawPath, wantsHtml } from './context.ts';
import { answerError } from './errors.ts';
import { countingFailures } from './guesses.ts';
import { ambientCredentialCounts, type OriginPolicy } from './origin.ts';
import { signInPath } from './person.ts';
import { sessionPrincipal } from './session-principal.ts';
import { LOGINS } from './targets.ts';
import { tokenRefusal } from './token-reach.ts';

export interface AuthenticationOptions {
  readonly identity: Identity;
  readonly policy: OriginPolicy;
  readonly sessions: BrowserSessions;
  /** Counts failed credentials, those of the sign-in form included. */
  readonly limiter: FailureLimiter;
  /** Every path needs the credential, documents and unknown paths included. */
  readonly everywhere: boolean;
  /** True where nobody but this machine is meant to come in. */
  readonly isLocalOnly: boolean;
  /** True where the request shows something else that lets it have just this answer: a ticket, a document's key. */
  readonly isOpenTo: (request: FastifyRequest) => boolean;
  readonly rootPath: string;
}

/** Routes, not paths: `/%6detrics` and `/metrics/` reach `/metrics` as well. */
const ALWAYS_OPEN = new Set(['/healthz', '/readyz', '/assets/*', '/assets/swagger-ui/*', '/login']);

/** Bound to the browser by cookies of their own; our client id metadata is read by authorization servers. */
const OPEN_LOGIN_PAGES = /\/(?:callback|code|drop|done|client-metadata\.json)\/?$/;
/** Opened by a link that was made for somebody; a ticket that is none gets no further than a page that says so. */
const WITH_TICKET = /\/authorize\/?$/;
const TICKET = /^\?(?:.*&)?ticket=[\w-]{43}(?:&|$)/;

function isOpenLoginPage(route: string, url: string): boolean {
  if (route !== LOGINS) return false;
  const path = rawPath(url);
  return OPEN_LOGIN_PAGES.test(path) || (WITH_TICKET.test(path) && TICKET.test(url.slice(path.length)));
}

/** Registered after routing is known: decides whether this path needs a credential, and checks it. */
export function installAuthentication(app: FastifyInstance, options: AuthenticationOptions): void {
  app.addHook('onRequest', (request, reply, done) => {
    // With an `Authorization` header, valid or not, cookies are ignored: programs may send along whatever they have.
    const id = request.headers.authorization === undefined ? sessionId(request, options) : undefined;
    if (id === undefined) return settle(request, reply, options, done);
    options.sessions.open(id).then((session) => {
      if (session !== undefined) {
        request.browser = { id, session };
        request.principal = sessionPrincipal(session, options.identity, realmOf(request.place?.server));
      }
      settle(request, reply, options, done);
    }, done);
  });
}

/** Lets in, or refuses. Errors go through `done`: what were thrown within a promise would be lost. */
function settle(
  request: FastifyRequest,
  reply: FastifyReply,
  options: AuthenticationOptions,
  done: (error?: Error) => void,
): void {
  const conclude = (error: Error): void => {
    const isAsked = error instanceof GatewayError && options.everywhere && asksForCredential(error, request);
    if (isAsked) refuse(error, request, reply, options);
    else done(error);
  };
  let checked: Promise<unknown> | undefined;
  try {
    checked = admit(request, options);
  } catch (error) {
    conclude(error as Error);
    return;
  }
  // Nearly always everything is known already.
  if (checked === undefined) done(tokenRefusal(request));
  else checked.then(() => done(tokenRefusal(request)), conclude);
}

/** Throws or rejects where the path needs a credential and there is none that counts. */
function admit(request: FastifyRequest, options: AuthenticationOptions): Promise<unknown> | undefined {
  const { identity } = options;
  if (request.principal.via !== 'anonymous') return undefined;
  if (request.headers.authorization !== undefined && countHeader(request, 'authorization') > 1) {
    throw new GatewayError('duplicate_authorization', 400, 'Send one Authorization header, not several.');
  }
  const authorization = countedAuthorization(request, options.policy);
  if (!identity.reads(authorization, realmOf(request.place?.server))) return undefined;
  const needed = identity.required && needsCredential(request, options);
  if (request.headers.authorization === undefined && !needed) return undefined;
  const goOn = (error: unknown): void => {
    const isMeant = needed || isPersonsOwn(request) || (isOwnToken(authorization) && !isAlwaysOpen(request));
    if (isMeant || !(error instanceof GatewayError)) throw error;
  };
  try {
    const principal = authenticate(request, authorization, options);
    if (!(principal instanceof Promise)) {
      request.principal = principal;
      return undefined;
    }
    return principal.then((found) => {
      request.principal = found;
    }, goOn);
  } catch (error) {
    goOn(error);
    return undefined;
  }
}

/** Who is not who they say must not be taken for nobody where it is a person's own matter: a login, a call. */
function isPersonsOwn(request: FastifyRequest): boolean {
  return isPersonalCall(request) || (request.route === LOGINS && !isOpenLoginPage(LOGINS, request.url));
}

function sessionId(request: FastifyRequest, { sessions, policy }: AuthenticationOptions): string | undefined {
  const id = sessions.idOf(request);
  if (id === undefined) return undefined;
  return countsAsOwn(request, policy) ? id : undefined;
}

/** What browsers send unasked counts on requests of our own pages, and where a person goes to one of our pages. */
function countsAsOwn(request: FastifyRequest, policy: OriginPolicy): boolean {
  if (isNavigation(request) && isPage(request)) return true;
  return ambientCredentialCounts(browserSigns(request), policy);
}

/** An address that shows something to a person and does nothing by being gone to. */
function isPage({ routeOptions, place }: FastifyRequest): boolean {
  return routeOptions.config.page === true || place?.rest === '' || place?.rest === 'docs';
}

/** People go to the page where they can sign in; programs are told which credentials there are. */
function refuse(
  error: GatewayError,
  request: FastifyRequest,
  reply: FastifyReply,
  options: AuthenticationOptions,
): void {
  if (request.method === 'GET' && wantsHtml(request)) {
    request.errorCode = error.code;
    reply.redirect(signInPath(options.rootPath, request.url), 303);
    return;
  }
  reply.header('www-authenticate', 'Bearer, Basic realm="latchkey"');
  answerError(new GatewayError(error.code, 401, error.message), request, reply);
}

function asksForCredential(error: GatewayError, request: FastifyRequest): boolean {
  if (error.status === 401 || isWrongCredential(error, request)) return true;
  return error.code === 'invalid_credentials' && isNavigation(request);
}

/** With a key alone documents stay open, as in mcpo; `--strict-auth` and `auth` close everything. */
function needsCredential(
  request: FastifyRequest,
  { everywhere, isOpenTo }: Pick<AuthenticationOptions, 'everywhere' | 'isOpenTo'>,
): boolean {
  if (request.method === 'OPTIONS') return everywhere && asksEveryMethod(request);
  // First of all: under a single server a tool may have any path, also one that looks open.
  if (mayBeCall(request) || isPersonalCall(request) || isMcp(request) || isApi(request)) return true;
  if (isAlwaysOpen(request)) return false;
  return everywhere ? !isOpenTo(request) : request.route === '/metrics';
}

/** Whatever the caller shows, right or wrong. */
function isAlwaysOpen({ route = '', url, place }: FastifyRequest): boolean {
  // Which servers without logins there are is nobody's business.
  return ALWAYS_OPEN.has(route) || (isOpenLoginPage(route, url) && place?.server.guarded !== undefined);
}

/** Which tools there are may not be known yet: to learn that, a process may have to be started. */
function mayBeCall({ target }: FastifyRequest): boolean {
  return target !== undefined && (target.tool !== undefined || target.server.catalog === undefined);
}

/** Where each person has their own tools, nobody learns without a credential which there are. */
function isPersonalCall(request: FastifyRequest): boolean {
  const { method, target, mcp, place } = request;
  // Of all servers one may be.
  if (mcp !== undefined) return mcp.server?.isPersonal !== false;
  const server = isApi(request) ? place?.server : target?.server;
  return method === 'POST' && server?.isPersonal === true;
}

/** Whatever comes in there may be a call. */
function isMcp({ method, mcp }: FastifyRequest): boolean {
  return mcp !== undefined && method !== 'OPTIONS';
}

function authenticate(
  request: FastifyRequest,
  authorization: Authorization,
  options: AuthenticationOptions,
): Principal | Promise<Principal> {
  const credentials = credentialsOf(request, options.isLocalOnly, authorization);
  const realm = realmOf(request.place?.server);
  return countingFailures(authorization, request.ip, options, () => options.identity.authenticate(credentials, realm));
}

function countedAuthorization(request: FastifyRequest, policy: OriginPolicy): Authorization {
  const authorization = readAuthorization(request.headers.authorization);
  if (authorization.scheme !== 'basic') return authorization;
  return isNavigation(request) || ambientCredentialCounts(browserSigns(request), policy)
    ? authorization
    : { scheme: 'none' };
}
