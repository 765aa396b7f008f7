/** The `?key=` of the configuration: who has it reads documents without any other credential. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import { digest, matchesDigest } from '../identity/compare.ts';
import type { FailureLimiter } from '../identity/failure-limiter.ts';

const ROOT = '/openapi.json';
const BELOW_ROOT = 'openapi.json';

/** True where a GET of a document carries the right key; `key`: the configured one. */
export function hasDocumentKey(request: FastifyRequest, key: string | undefined): boolean {
  const shown = shownKey(request, key);
  return typeof shown === 'string' && key !== undefined && matchesDigest(shown, digest(key));
}

/**
 * Refuses documents to whoever shows a wrong key: an empty document would say that there is nothing. Registered before
 * authentication; where no key is configured, `?key=` means nothing.
 */
export function installDocumentKey(
  app: FastifyInstance,
  options: { readonly documentKey: string | undefined; readonly limiter: FailureLimiter },
): void {
  const { documentKey, limiter } = options;
  if (documentKey === undefined) return;
  app.addHook('onRequest', (request, _reply, done) => {
    if (shownKey(request, documentKey) !== undefined && !hasDocumentKey(request, documentKey)) {
      limiter.record(request.ip);
      limiter.refuseIfExceeded(request.ip);
      throw new GatewayError('invalid_credentials', 403, 'The key in this address is not the document_key.');
    }
    done();
  });
}

/** What stands in `?key=`, which may be several; undefined: nothing, or this is no document. */
function shownKey(request: FastifyRequest, key: string | undefined): unknown {
  if (key === undefined || !isDocument(request)) return undefined;
  return (request.query as Record<string, unknown>).key;
}

function isDocument({ method, routeOptions, place }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return routeOptions.url === ROOT || place?.rest === BELOW_ROOT;
}
