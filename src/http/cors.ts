/** Cross-origin answers (Fetch standard, CORS protocol): only requests with an `Origin` pay for them. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { corsAnswer, type OriginPolicy } from './origin.ts';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const EXPOSED = 'x-request-id, x-latchkey-error, mcp-session-id';
const MAX_AGE_SECONDS = '600';

/** Tells the page at `origin` whether it may read the answer; credentials mode is never offered. */
export function addCorsHeaders(origin: string, reply: FastifyReply, policy: OriginPolicy): void {
  const allowed = corsAnswer(origin, policy);
  reply.header('vary', 'Origin');
  if (allowed === undefined) return;
  reply.header('access-control-allow-origin', allowed).header('access-control-expose-headers', EXPOSED);
}

export function isPreflight(request: FastifyRequest): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

/** Answers a preflight that the policy allows; whatever headers the page asks for are granted, as in mcpo. */
export function answerPreflight(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = request.headers['access-control-request-headers'];
  if (asked !== undefined) reply.header('access-control-allow-headers', asked);
  return reply
    .header('access-control-allow-methods', METHODS)
    .header('access-control-max-age', MAX_AGE_SECONDS)
    .header('vary', 'Origin, Access-Control-Request-Headers')
    .send('');
}
