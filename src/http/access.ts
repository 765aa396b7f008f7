/** Who may come in, in order: host, origin, then the credential that the path asks for. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import type { Identity } from '../identity/authenticators.ts';
import { type Authorization, readAuthorization } from '../identity/authorization.ts';
import { ANONYMOUS, type Principal } from '../identity/principal.ts';
import { countHeader, header } from './context.ts';
import { addCorsHeaders, answerPreflight, isPreflight } from './cors.ts';
import { answerError } from './errors.ts';
import { FailureLimiter } from './failure-limiter.ts';
import {
  ambientCredentialCounts,
  type BrowserSigns,
  corsAnswer,
  isForeignPage,
  isHostAllowed,
  type OriginPolicy,
} from './origin.ts';

export interface AccessOptions {
  readonly identity: Identity;
  readonly policy: OriginPolicy;
  /** Every path needs the credential, documents and unknown paths included. */
  readonly everywhere: boolean;
}

/** Routes, not paths: `/%6detrics` and `/metrics/` reach `/metrics` as well. */
const ALWAYS_OPEN = new Set(['/healthz', '/readyz', '/assets/*', '/assets/swagger-ui/*']);

export function installAccess(app: FastifyInstance, options: AccessOptions): void {
  app.decorateRequest('principal');
  app.decorateRequest('target');
  app.decorateRequest('errorCode');
  app.addHook('onRequest', (request, reply, done) => {
    request.principal = ANONYMOUS;
    checkHost(request, options.policy);
    const signs = browserSigns(request);
    if (signs.origin === undefined) return done();
    checkOrigin(signs, request, options.policy);
    addCorsHeaders(signs.origin, reply, options.policy);
    if (!isPreflight(request)) return done();
    answerPreflight(request, reply);
  });
}

/** Registered after routing is known: decides whether this path needs a credential, and checks it. */
export function installAuthentication(app: FastifyInstance, options: AccessOptions): void {
  const limiter = new FailureLimiter();
  app.addHook('onRequest', (request, reply, done) => {
    if (!options.identity.required) return done();
    const needed = needsCredential(request, options.everywhere);
    if (request.headers.authorization === undefined && !needed) return done();
    try {
      request.principal = authenticate(request, options, limiter);
    } catch (error) {
      if (!needed && error instanceof GatewayError && error.code !== 'duplicate_authorization') return done();
      if (options.everywhere && error instanceof GatewayError && asksForCredential(error, request)) {
        // A browser asks the person for the key when Basic is offered.
        reply.header('www-authenticate', 'Bearer, Basic realm="latchkey"');
        answerError(new GatewayError(error.code, 401, error.message), request, reply);
        return;
      }
      throw error;
    }
    done();
  });
}

/** A browser keeps a mistyped password, and asks no more, if the answer to it is mcpo's 403. */
function asksForCredential(error: GatewayError, request: FastifyRequest): boolean {
  return error.status === 401 || (error.code === 'invalid_credentials' && isNavigation(request));
}

function isNavigation(request: FastifyRequest): boolean {
  return request.method === 'GET' && header(request, 'sec-fetch-mode') === 'navigate';
}

function checkHost(request: FastifyRequest, policy: OriginPolicy): void {
  if (isHostAllowed(header(request, 'host'), policy)) return;
  throw new GatewayError(
    'host_not_allowed',
    403,
    'This host name is not allowed. Start latchkey with --allowed-host NAME, or set --public-url.',
  );
}

function checkOrigin(signs: BrowserSigns, request: FastifyRequest, policy: OriginPolicy): void {
  if (isForeignPage(signs, policy)) {
    throw new GatewayError(
      'origin_not_allowed',
      403,
      'Pages of this origin may not use the gateway. Allow it with --cors-allow-origins, or ask for a credential with --api-key. If it is the address of the gateway itself, set --public-url.',
    );
  }
  if (isPreflight(request) && corsAnswer(signs.origin ?? '', policy) === undefined) {
    throw new GatewayError('origin_not_allowed', 400, 'Disallowed CORS origin');
  }
}

function browserSigns(request: FastifyRequest): BrowserSigns {
  return {
    origin: header(request, 'origin'),
    site: header(request, 'sec-fetch-site'),
    host: header(request, 'host'),
  };
}

/** With a key alone documents stay open, as in mcpo; `--strict-auth` and `auth` close everything. */
function needsCredential(request: FastifyRequest, everywhere: boolean): boolean {
  if (request.method === 'OPTIONS') return false;
  const route = request.routeOptions.url ?? '';
  // First of all: under a single server a tool may have any path, also one that looks open.
  if (request.target?.tool !== undefined) return true;
  if (!everywhere) return route === '/metrics';
  return !ALWAYS_OPEN.has(route);
}

function authenticate(request: FastifyRequest, options: AccessOptions, limiter: FailureLimiter): Principal {
  if (countHeader(request, 'authorization') > 1) {
    throw new GatewayError('duplicate_authorization', 400, 'Send one Authorization header, not several.');
  }
  const authorization = countedAuthorization(request, options.policy);
  const account = accountOf(authorization, request, options.identity);
  // Passwords can be guessed: a besieged account waits, even for the right one.
  if (account !== undefined) limiter.refuseIfExceeded(account);
  try {
    return options.identity.authenticate(authorization);
  } catch (error) {
    if (isGuess(authorization)) {
      limiter.record(request.ip);
      if (account !== undefined) limiter.record(account);
      limiter.refuseIfExceeded(request.ip);
    }
    throw error;
  }
}

/** Names that nobody has count as one: with the API key as password any name goes, so a fresh one must not help. */
function accountOf(authorization: Authorization, request: FastifyRequest, { accounts }: Identity): string | undefined {
  if (authorization.scheme !== 'basic') return undefined;
  return `${request.ip} ${accounts.has(authorization.username) ? authorization.username : ''}`;
}

function countedAuthorization(request: FastifyRequest, policy: OriginPolicy): Authorization {
  const authorization = readAuthorization(request.headers.authorization);
  if (authorization.scheme !== 'basic') return authorization;
  return isNavigation(request) || ambientCredentialCounts(browserSigns(request), policy)
    ? authorization
    : { scheme: 'none' };
}

/** A header that holds no secret is a misconfigured client, not an attacker. */
function isGuess({ scheme }: Authorization): boolean {
  return scheme === 'bearer' || scheme === 'basic';
}
