/** Which server the path of a request names, and what it asks of it. */
import type { Gateway } from '../gateway.ts';
import { decodePath, findPlace, type Place, type RoutingOptions } from '../routing.ts';
import type { Server } from '../upstream/server.ts';
import { rawPath } from './context.ts';

export interface PlaceOptions {
  readonly gateway: Gateway;
  readonly routing: RoutingOptions;
}

/** Undefined where the path names no server, or its escapes are malformed. */
export function placeOf({ gateway, routing }: PlaceOptions, url: string): Place<Server> | undefined {
  const path = decodePath(rawPath(url));
  return path === undefined ? undefined : findPlace(gateway.servers, path, routing);
}
