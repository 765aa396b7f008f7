/** How far a personal token reaches: to what programs use, and to no page, so that it cannot make another one. */
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import { wantsHtml } from './context.ts';
import { LOGINS } from './targets.ts';

/** Why the token of `request` does not open what it asks for; undefined: it does, or the caller comes with something else. */
export function tokenRefusal(request: FastifyRequest): GatewayError | undefined {
  if (request.principal.via !== 'token' || !isForPeople(request)) return undefined;
  return new GatewayError(
    'invalid_credentials',
    403,
    'An access token is for programs: it calls tools, and opens no page. Open this page in a browser where you sign in yourself.',
  );
}

/** What signs in, connects, makes tokens or shows something; `/` and `/<server>` answer programs with JSON. */
function isForPeople(request: FastifyRequest): boolean {
  const { method, place, route } = request;
  if (route === LOGINS) return place?.rest !== 'status';
  if (route === '/') return wantsHtml(request);
  if (request.routeOptions.config.page === true) return true;
  // A tool may be called `docs`.
  if (method !== 'GET' && method !== 'HEAD') return false;
  return place?.rest === 'docs' || (place?.rest === '' && wantsHtml(request));
}
