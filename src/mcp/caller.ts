/** Who uses an MCP endpoint, as the servers behind it know them. */
import { isOnePerson, type Principal } from '../identity/principal.ts';
import type { Server } from '../upstream/server.ts';
import type { SessionOwner } from './session/registry.ts';

export interface McpCaller {
  /** At the endpoint. */
  readonly principal: Principal;
  /** At the servers that know their callers by tokens of their own, by the server's name. */
  readonly elsewhere: ReadonlyMap<string, Principal>;
  /** True for a browser with a session of ours: it is known where it opens a link. */
  readonly hasBrowser: boolean;
}

export function principalAt({ principal, elsewhere }: McpCaller, { name }: Server): Principal {
  return elsewhere.get(name) ?? principal;
}

/** Whose a session is: of one who is the same person at every server. */
export function sessionOwner(caller: McpCaller, endpoint: Server | undefined): SessionOwner {
  return {
    endpoint: endpoint?.name ?? '',
    key: keyOf(caller),
    isOnePerson: isOnePerson(caller.principal),
  };
}

/** Who holds what is kept at one server for a caller, such as a process: the caller as that server knows them. */
export function holderAt(caller: McpCaller, server: Server): Omit<SessionOwner, 'endpoint'> {
  return sessionOwner({ ...caller, principal: principalAt(caller, server) }, undefined);
}

function keyOf({ principal, elsewhere }: McpCaller): string {
  if (elsewhere.size === 0) return principal.id;
  return JSON.stringify([principal.id, ...[...elsewhere].map(([name, { id }]) => [name, id])]);
}
