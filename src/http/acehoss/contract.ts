/** Which requests are answered as acehoss/mcp-gateway answers them, and what differs for them; all others are none of its business. */
import type { FastifyRequest } from 'fastify';
import type { FileShape } from '../../config/model.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Settings } from '../../settings.ts';
import { API, SESSION_ID } from './path.ts';

/** Whether the configuration is a file with `servers`, whose callers know the contract. Of settings, or of the server of a request. */
export function isServersFile({ shape }: { readonly shape: FileShape }): boolean {
  return shape === 'servers';
}

/**
 * True for what is answered in the words of the contract: all of it under a file with `servers`, else calls and what names a
 * server. A path that names nothing there is everybody's: Open WebUI reads `/api/config` of whatever it is connected to.
 */
export function isApi({ route, method, place, server }: FastifyRequest): boolean {
  if (route !== API) return route === SESSION_ID;
  return method === 'POST' || place !== undefined || isServersFile(server);
}

/** `/<server>`, where the original has an event stream and its messages and nothing else; below it are addresses of ours alone. */
export function isStreamAddress({ place, server }: FastifyRequest): boolean {
  return place?.rest === '' && isServersFile(server);
}

/** Whether requests with OPTIONS, too, need the credential. A preflight never comes so far. */
export function asksEveryMethod({ server }: FastifyRequest): boolean {
  return isServersFile(server);
}

/** Before anything else is looked at all wrong credentials are alike; who has come in is told what else is amiss. */
export function isWrongCredential(
  { status, code }: { readonly status: number; readonly code: ErrorCode },
  { principal, server }: FastifyRequest,
): boolean {
  return isServersFile(server) && (status === 401 || (code === 'invalid_credentials' && principal.via === 'anonymous'));
}

/**
 * Whether any `Host` is let in. The original never looked, so its users have gateways under names that no configuration
 * tells; and rebinding gains nothing where every address needs a credential, because browsers keep credentials for the name
 * that they were entered under.
 */
export function takesAnyHost(settings: Pick<Settings, 'shape' | 'auth'>): boolean {
  return isServersFile(settings) && settings.auth !== undefined;
}
