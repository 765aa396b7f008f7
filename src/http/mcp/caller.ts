/** Who uses an MCP endpoint: found out once for each request, before its body is read. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Gateway } from '../../gateway.ts';
import type { Identity } from '../../identity/authenticators.ts';
import type { Principal } from '../../identity/principal.ts';
import type { McpCaller } from '../../mcp/caller.ts';
import { callerAt, realmOf } from '../caller.ts';

export interface CallerOptions {
  readonly gateway: Gateway;
  readonly identity: Identity;
  readonly isLocalOnly: boolean;
}

const NOWHERE: ReadonlyMap<string, Principal> = new Map();

/** Registered after authentication. */
export function installMcpCallers(app: FastifyInstance, options: CallerOptions): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { mcp } = request;
    if (mcp === undefined) return done();
    const found = mcp.server === undefined ? callersElsewhere(request, options) : NOWHERE;
    if (!(found instanceof Promise)) {
      mcp.caller = callerOf(request, found);
      return done();
    }
    found.then((elsewhere) => {
      mcp.caller = callerOf(request, elsewhere);
      done();
    }, done);
  });
}

/** Of a request to an MCP endpoint. */
export function callerIn({ mcp, principal }: FastifyRequest): McpCaller {
  return mcp?.caller ?? { principal, elsewhere: NOWHERE, hasBrowser: false };
}

function callerOf({ principal, browser }: FastifyRequest, elsewhere: ReadonlyMap<string, Principal>): McpCaller {
  return { principal, elsewhere, hasBrowser: browser !== undefined };
}

/** Servers with a secret of their own know their callers by tokens of their own. */
function callersElsewhere(
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
