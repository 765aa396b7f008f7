/** Who the caller of `/mcp` is at the servers that know their callers by a secret of their own. */
import type { FastifyRequest } from 'fastify';
import type { Gateway } from '../../gateway.ts';
import type { Identity } from '../../identity/authenticators.ts';
import type { Principal } from '../../identity/principal.ts';
import { callerAt, realmOf } from '../caller.ts';

export interface CallerOptions {
  readonly gateway: Gateway;
  readonly identity: Identity;
  readonly isLocalOnly: boolean;
}

export const NOWHERE: ReadonlyMap<string, Principal> = new Map();

/** By server; at once where there is none. A server where the caller shows nothing that counts has nobody. */
export function callersElsewhere(
  request: FastifyRequest,
  { gateway, identity, isLocalOnly }: CallerOptions,
): ReadonlyMap<string, Principal> | Promise<ReadonlyMap<string, Principal>> {
  const servers = [...gateway.servers.values()].filter((server) => realmOf(server).secretKey !== undefined);
  if (servers.length === 0) return NOWHERE;
  const found = servers.map(
    async (server): Promise<[string, Principal]> => [
      server.name,
      await callerAt(identity, isLocalOnly, server, request),
    ],
  );
  return Promise.all(found).then((pairs) => new Map(pairs));
}
