/** The `?key=` of the configuration: who has it reads documents without any other credential. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import { digest, matchesDigest } from '../identity/compare.ts';
import type { FailureLimiter } from '../identity/failure-limiter.ts';

const ROOT = '/openapi.json';
const BELOW_ROOT = 'openapi.json';

const WRONG_KEY =
  "The key in this address is not the document_key. Copy the path anew from the log of the gateway's start, or from its page at /.";

/**
 * Decides `request.hasDocumentKey`: true where a GET of a document carries the right key. Refuses documents to whoever
 * shows a wrong one: an empty document would say that there is nothing. Registered before authentication; where no key
 * is configured, `?key=` means nothing.
 */
export function installDocumentKey(
  app: FastifyInstance,
  options: { readonly documentKey: string | undefined; readonly limiter: FailureLimiter },
): void {
  const { documentKey, limiter } = options;
  app.decorateRequest('hasDocumentKey', false);
  if (documentKey === undefined) return;
  const expected = digest(documentKey);
  app.addHook('onRequest', (request, _reply, done) => {
    const shown = isDocument(request) ? (request.query as Record<string, unknown>).key : undefined;
    if (shown === undefined) return done();
    request.hasDocumentKey = typeof shown === 'string' && matchesDigest(shown, expected);
    if (request.hasDocumentKey) return done();
    limiter.record(request.ip);
    limiter.refuseIfExceeded(request.ip);
    throw new GatewayError('invalid_credentials', 403, WRONG_KEY);
  });
}

function isDocument({ method, route, place }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return route === ROOT || place?.rest === BELOW_ROOT;
}
