/** `/api`: tool calls in sessions that callers name themselves, as in acehoss/mcp-gateway. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayError } from '../../errors.ts';
import type { Gateway } from '../../gateway.ts';
import type { McpEndpoints } from '../../mcp/endpoints.ts';
import { identityRequired } from '../../oauth/errors.ts';
import { parseJson } from '../../schema/json.ts';
import { callerLeft } from '../../upstream/call-scope.ts';
import type { Server } from '../../upstream/server.ts';
import { isBearable } from '../../upstream/shape.ts';
import { StopSource } from '../../upstream/stop-source.ts';
import { rawPath } from '../context.ts';
import { notFound } from '../errors.ts';
import { unbearableBody } from '../mcp/body.ts';
import { callerIn } from '../mcp/caller.ts';
import { noteAnswer, toolNamed } from '../mcp/log.ts';
import { sessionIdOf } from '../mcp/target.ts';
import { countUnsent, noteUnsent } from '../mcp/unsent.ts';
import type { Site } from '../site.ts';
import { answerJson } from './answer.ts';
import { isApi } from './contract.ts';
import { invalidRoute, told } from './errors.ts';
import { API, SESSION_ID } from './path.ts';

export interface ApiOptions {
  readonly gateway: Gateway;
  readonly endpoints: Pick<McpEndpoints, 'instances' | 'allowances'>;
  /** What of the caller's headers may go on to servers, flat. */
  readonly headersOf: (request: FastifyRequest) => readonly string[];
  readonly sessions: Pick<Site['sessions'], 'isAlive'>;
}

/** What a request asks for that has passed all checks. */
interface ApiCall {
  readonly server: Server;
  readonly tool: string;
  readonly sessionId: string;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export function apiRoutes(app: FastifyInstance, options: ApiOptions): void {
  const schema = { hide: true };
  app.get(SESSION_ID, { schema }, (_request, reply) => sendJson(reply, JSON.stringify({ sessionId: randomUUID() })));
  app.delete(SESSION_ID, { schema }, (request, reply) => endSession(options, request, reply));
  app.route({
    method: METHODS,
    url: API,
    schema,
    // Before a body is read: nobody fills the memory for a 404.
    onRequest: (request, _reply, done) => {
      callIn(request);
      done();
    },
    handler: (request, reply) => callTool(options, callIn(request), request, reply),
  });
}

/**
 * Throws where there is nothing to call, in the order of the contract. That other methods than POST are refused is not of it:
 * the original takes all, and a link could run a tool.
 */
function callIn(request: FastifyRequest): ApiCall {
  const { url, method, place } = request;
  if (!isApi(request)) throw notFound();
  const segments = rawPath(url).split('/').filter(Boolean);
  if (segments.length < 3 || place?.rest === '') throw invalidRoute();
  if (method !== 'POST') throw told('method_not_allowed', 405, 'Method Not Allowed', { allow: 'POST' });
  const sessionId = sessionIdIn(request);
  if (place === undefined) throw serverNotFound();
  return { server: place.server, tool: place.rest, sessionId };
}

async function callTool(
  options: ApiOptions,
  { server, tool, sessionId }: ApiCall,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { endpoints, headersOf } = options;
  const args = argumentsIn(request.body);
  await checkAgain(options, server, request.browser);
  noteCall(request, server, tool);
  const caller = callerIn(request);
  countUnsent(reply.raw, endpoints.allowances.room(caller, server));
  const left = new StopSource();
  const leave = (): void => left.abort(callerLeft());
  reply.raw.once('close', leave);
  // Gone while the body was read.
  if (reply.raw.destroyed) leave();
  try {
    const headers = headersOf(request);
    const answer = await endpoints.instances.call({ server, caller, sessionId, tool, args, headers, left });
    noteAnswer(request, answer);
    return sendJson(reply, answerJson(answer));
  } finally {
    reply.raw.off('close', leave);
  }
}

/** A body may take minutes to arrive: by then the server may be gone, and the browser's session over or somebody else's. */
async function checkAgain(
  { gateway, sessions }: ApiOptions,
  server: Server,
  browser: FastifyRequest['browser'],
): Promise<void> {
  if (!gateway.servers.has(server.name)) throw serverNotFound();
  if (server.isPersonal && browser !== undefined && !(await sessions.isAlive(browser))) {
    throw identityRequired(server.name);
  }
}

/** For the log and the metrics, where it is a tool that the server lists. */
function noteCall(request: FastifyRequest, server: Server, name: string): void {
  const tool = toolNamed(server, name);
  if (tool !== undefined) request.target = { server, rest: name, tool };
}

async function endSession(
  { endpoints }: ApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const isEnded = await endpoints.instances.end(request.principal.id, sessionIdIn(request));
  if (!isEnded) throw told('session_unknown', 404, 'No such session');
  return reply.code(204).send();
}

/** Any JSON; integers beyond 2^53 as bigints. */
function argumentsIn(body: unknown): unknown {
  const text = typeof body === 'string' ? body : '';
  if (!isBearable(text)) throw unbearableBody();
  try {
    return parseJson(text);
  } catch (error) {
    throw told('invalid_json', 500, String(error));
  }
}

/** As bytes: to a text Fastify adds a charset, which the contract does not have. */
function sendJson(reply: FastifyReply, json: string): FastifyReply {
  reply.header('content-type', 'application/json').send(Buffer.from(json));
  noteUnsent(reply.raw);
  return reply;
}

/** Throws 400 where none is named. */
function sessionIdIn(request: FastifyRequest): string {
  const sessionId = sessionIdOf(request);
  if (!sessionId) throw told('bad_request', 400, 'sessionId query parameter is required');
  return sessionId;
}

function serverNotFound(): GatewayError {
  return told('not_found', 404, 'Server not found');
}
