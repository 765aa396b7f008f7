/** Which server and tool a path of `/api` names. */
import type { Gateway } from '../../gateway.ts';
import { decodePath, findPlace, type Place, type RoutingOptions } from '../../routing.ts';
import type { Server } from '../../upstream/server.ts';
import { rawPath } from '../context.ts';

/** The route of all calls in sessions of one's own: `/api/<server>/<tool>`. */
export const API = '/api/*';
/** All that is below it, and itself where it ends in a slash, is answered as the contract has it. */
export const API_ROOT = '/api/';
/** Where a session id is had, and a session ended. */
export const SESSION_ID = '/api/sessionid';

/** False where the addresses of servers lie there themselves. */
export function servesApi({ pathPrefix }: Pick<RoutingOptions, 'pathPrefix'>): boolean {
  return !pathPrefix.startsWith(API_ROOT);
}

/** As of all paths: the longest name of a server, and what follows it. Doubled slashes count once. */
export function apiPlace({ servers }: Pick<Gateway, 'servers'>, url: string): Place<Server> | undefined {
  const path = decodePath(rawPath(url))?.replace(/\/{2,}/g, '/');
  return path === undefined ? undefined : findPlace(servers, path, { pathPrefix: API_ROOT });
}
