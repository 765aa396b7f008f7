/** Where a request may come from, in order: host, then origin. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import { ANONYMOUS } from '../identity/principal.ts';
import { API } from './acehoss/path.ts';
import { header } from './context.ts';
import { addCorsHeaders, answerPreflight, isPreflight } from './cors.ts';
import {
  type BrowserSigns,
  corsAnswer,
  hostName,
  isForeignLoad,
  isForeignPage,
  isHostAllowed,
  isSentFromElsewhere,
  type LoadSigns,
  type OriginPolicy,
} from './origin.ts';

declare module 'fastify' {
  interface FastifyInstance {
    originPolicy: OriginPolicy;
  }
}

export function installAccess(app: FastifyInstance, policy: OriginPolicy): void {
  app.decorate('originPolicy', policy);
  app.decorateRequest('principal');
  app.decorateRequest('browser');
  app.decorateRequest('route');
  app.decorateRequest('place');
  app.decorateRequest('target');
  app.decorateRequest('mcp');
  app.decorateRequest('errorCode');
  app.addHook('onRequest', (request, reply, done) => {
    request.principal = ANONYMOUS;
    // Fastify makes the whole of the route's options anew each time it is asked.
    request.route = request.routeOptions.url;
    checkHost(request, policy);
    const signs = browserSigns(request);
    if (signs.origin === undefined) return done();
    checkOrigin(signs, request, policy);
    addCorsHeaders(signs.origin, reply, policy);
    if (!isPreflight(request)) return done();
    answerPreflight(request, reply);
  });
}

/** Registered after all that finds out what a request is for, and who sends it; no body has been read yet. */
export function installLoadCheck(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.mcp !== undefined || request.route === API) checkLoad(request);
    done();
  });
}

/** Whoever opens a session is a program, or a page that names its origin. */
function checkLoad(request: FastifyRequest): void {
  const { originPolicy } = request.server;
  if (isForeignLoad(browserSigns(request), loadSigns(request), isNavigation(request), originPolicy))
    throw foreignPage();
}

/**
 * Whether a process may be started for what is only read: not for somebody who was not let in, nor because a page of
 * somebody else makes a browser load or open an address: a page opens windows, too.
 */
export function mayStart(request: FastifyRequest): boolean {
  const { principal, hasDocumentKey, server } = request;
  const isLetIn = !server.originPolicy.credentialRequired || principal.via !== 'anonymous' || hasDocumentKey;
  return isLetIn && !isSentFromElsewhere(browserSigns(request), loadSigns(request), server.originPolicy);
}

/** Of a whole window; frames are navigated by pages. */
function isNavigation(request: FastifyRequest): boolean {
  return header(request, 'sec-fetch-mode') === 'navigate' && header(request, 'sec-fetch-dest') === 'document';
}

function checkHost(request: FastifyRequest, policy: OriginPolicy): void {
  const host = header(request, 'host');
  if (isHostAllowed(host, policy)) return;
  const name = shownName(host ?? '');
  const called = name === undefined ? 'This host name' : `The host name ${name}`;
  const remedy = `If it is one of this gateway, start latchkey with --allowed-host ${name ?? 'NAME'}, or set --public-url (in a file: allowed_hosts, public_url).`;
  throw new GatewayError('host_not_allowed', 403, `${called} is not allowed. ${remedy}`);
}

/** The longest name that DNS knows (RFC 1035 2.3.4). */
const LONGEST_NAME = 253;

/** Anybody can send any name: only what can be one is repeated. */
function shownName(host: string): string | undefined {
  const name = hostName(host);
  return name.length <= LONGEST_NAME && /^[a-z0-9][a-z0-9._-]*$/.test(name) ? name : undefined;
}

function checkOrigin(signs: BrowserSigns, request: FastifyRequest, policy: OriginPolicy): void {
  if (isForeignPage(signs, policy)) throw foreignPage();
  if (isPreflight(request) && corsAnswer(signs.origin ?? '', policy) === undefined) {
    throw new GatewayError('origin_not_allowed', 400, 'Disallowed CORS origin');
  }
}

function foreignPage(): GatewayError {
  return new GatewayError(
    'origin_not_allowed',
    403,
    'Pages of this origin may not use the gateway. Allow it with --cors-allow-origins, or ask for a credential, with --api-key or auth in the file. If it is the address of the gateway itself, set --public-url.',
  );
}

/** What a browser says of the page that sends the request. */
export function browserSigns(request: FastifyRequest): BrowserSigns {
  return {
    origin: header(request, 'origin'),
    site: header(request, 'sec-fetch-site'),
    host: header(request, 'host'),
  };
}

/** Read only where a request might start something: each costs a little. */
function loadSigns(request: FastifyRequest): LoadSigns {
  return { referer: header(request, 'referer'), accept: header(request, 'accept') };
}
