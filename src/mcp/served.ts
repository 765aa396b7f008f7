/** Whether there is still somebody to serve a caller: the gateway, and the entry that was found for them. */
import { GatewayError } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import type { Server } from '../upstream/server.ts';
import { unavailable } from '../upstream/wire.ts';

/**
 * For whoever has waited since `server` was found: throws 404 where its name means nothing any more, and 503 where it means
 * another entry, whose callers may be others.
 */
export function checkServed({ servers }: Pick<Gateway, 'servers'>, server: Pick<Server, 'name'>): void {
  const current = servers.get(server.name);
  if (current === undefined) throw new GatewayError('not_found', 404, 'Server not found');
  if (current !== server) throw unavailable('The configuration of the server has just changed; try again.', 1);
}

/** 503 for those who come while the gateway closes. */
export function ending(): GatewayError {
  return unavailable('latchkey is ending.', 5);
}
