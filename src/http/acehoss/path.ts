/** Which server and tool a path of `/api` names. */
import type { Gateway } from '../../gateway.ts';
import { decodePath, findPlace, type Place } from '../../routing.ts';
import type { Server } from '../../upstream/server.ts';
import { rawPath } from '../context.ts';

/** The route of all calls in sessions of one's own: `/api/<server>/<tool>`. */
export const API = '/api/*';
const PREFIX = '/api/';

/** As of all paths: the longest name of a server, and what follows it. Doubled slashes count once. */
export function apiPlace({ servers }: Pick<Gateway, 'servers'>, url: string): Place<Server> | undefined {
  const path = decodePath(rawPath(url))?.replace(/\/{2,}/g, '/');
  return path === undefined ? undefined : findPlace(servers, path, { pathPrefix: PREFIX });
}
