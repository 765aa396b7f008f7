/** Who uses an MCP endpoint: found out once for each request, before its body is read, and looked at again while a stream is open. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Principal } from '../../identity/principal.ts';
import type { McpCaller } from '../../mcp/caller.ts';
import { type AdmissionOptions, OpenStreams } from './admission.ts';
import { callersElsewhere, NOWHERE } from './callers-elsewhere.ts';

/** Registered after authentication. */
export function installMcpCallers(app: FastifyInstance, options: AdmissionOptions): void {
  const streams = new OpenStreams(app, options);
  app.addHook('onRequest', (request, reply, done) => {
    const { mcp } = request;
    if (mcp === undefined) return done();
    const settle = (elsewhere: ReadonlyMap<string, Principal>): void => {
      mcp.caller = callerOf(request, elsewhere);
      streams.watch(request, reply);
      done();
    };
    const found = mcp.server === undefined ? callersElsewhere(request, options) : NOWHERE;
    if (found instanceof Promise) found.then(settle, done);
    else settle(found);
  });
}

/** Of a request to an MCP endpoint. */
export function callerIn({ mcp, principal }: FastifyRequest): McpCaller {
  return mcp?.caller ?? { principal, elsewhere: NOWHERE, hasBrowser: false };
}

function callerOf({ principal, browser }: FastifyRequest, elsewhere: ReadonlyMap<string, Principal>): McpCaller {
  return { principal, elsewhere, hasBrowser: browser !== undefined };
}
