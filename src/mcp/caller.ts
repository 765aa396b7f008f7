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
  const { principal, elsewhere } = caller;
  const others = [...elsewhere].map(([name, { id }]) => [name, id]);
  return {
    endpoint: endpoint?.name ?? '',
    key: others.length === 0 ? principal.id : JSON.stringify([principal.id, ...others]),
    isOnePerson: isOnePerson(principal),
  };
}
