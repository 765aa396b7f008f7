/** `/api`: tool calls in sessions that callers name themselves, as in acehoss/mcp-gateway. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { Gateway } from '../../gateway.ts';
import type { McpEndpoints } from '../../mcp/endpoints.ts';
import { identityRequired } from '../../oauth/errors.ts';
import { parseJson } from '../../schema/json.ts';
import type { Server } from '../../upstream/server.ts';
import { isBearable } from '../../upstream/shape.ts';
import { StopSource } from '../../upstream/stop-source.ts';
import { unavailable } from '../../upstream/wire.ts';
import { rawPath } from '../context.ts';
import { notFound } from '../errors.ts';
import { unbearableBody } from '../mcp/body.ts';
import { callerIn } from '../mcp/caller.ts';
import { noteAnswer, toolNamed } from '../mcp/log.ts';
import { sessionIdOf } from '../mcp/target.ts';
import { countUnsent, noteUnsent } from '../mcp/unsent.ts';
import type { Site } from '../site.ts';
import { answerJson } from './answer.ts';
import { API, isApi, SESSION_ID } from './path.ts';

export interface ApiOptions {
  readonly gateway: Gateway;
  readonly endpoints: Pick<McpEndpoints, 'instances' | 'allowances'>;
  /** What of the caller's headers may go on to servers, flat. */
  readonly headersOf: (request: FastifyRequest) => readonly string[];
  readonly sessions: Pick<Site['sessions'], 'isAlive'>;
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
      const refusal = refusalOf(request);
      if (refusal !== undefined) throw refusal;
      done();
    },
    handler: (request, reply) => callTool(options, request, reply),
  });
}

/**
 * Why there is nothing to call, in the order of the contract. That other methods than POST are refused is not of it: the
 * original takes all, and a link could run a tool.
 */
function refusalOf(request: FastifyRequest): GatewayError | undefined {
  const { url, method, place } = request;
  if (!isApi(request)) return notFound();
  const segments = rawPath(url).split('/').filter(Boolean);
  if (segments.length < 3 || place?.rest === '') return invalidRoute();
  if (method !== 'POST') return told('method_not_allowed', 405, 'Method Not Allowed', { allow: 'POST' });
  if (!sessionIdOf(request)) return noSessionId();
  return place === undefined ? serverNotFound() : undefined;
}

async function callTool(options: ApiOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { endpoints, headersOf } = options;
  const args = argumentsIn(request.body);
  const server = await serverOf(options, request);
  const tool = request.place?.rest ?? '';
  noteCall(request, server, tool);
  const caller = callerIn(request);
  countUnsent(reply.raw, endpoints.allowances.room(caller, server));
  const left = new StopSource();
  const leave = (): void => left.abort(new GatewayError('cancelled', 499, 'The caller closed the connection.'));
  reply.raw.once('close', leave);
  // Gone while the body was read.
  if (reply.raw.destroyed) leave();
  try {
    const sessionId = sessionIdOf(request) ?? '';
    const headers = headersOf(request);
    const answer = await endpoints.instances.call({ server, caller, sessionId, tool, args, headers, left });
    noteAnswer(request, answer);
    return sendJson(reply, answerJson(answer));
  } finally {
    reply.raw.off('close', leave);
  }
}

/** A body may take minutes to arrive: by then the server may be another, and the browser's session over or somebody else's. */
async function serverOf({ gateway, sessions }: ApiOptions, { place, browser }: FastifyRequest): Promise<Server> {
  const server = place?.server;
  if (server === undefined || !gateway.servers.has(server.name)) throw serverNotFound();
  if (server.isPersonal && browser !== undefined && !(await sessions.isAlive(browser))) {
    throw identityRequired(server.name);
  }
  if (gateway.servers.get(server.name) === server) return server;
  throw unavailable('The configuration of the server has just changed; try again.', 1);
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
  const sessionId = sessionIdOf(request);
  if (!sessionId) throw noSessionId();
  const isEnded = await endpoints.instances.end(request.principal.id, sessionId);
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

/** 404 where a path names no tool. */
export function invalidRoute(): GatewayError {
  return told('not_found', 404, 'Invalid REST route');
}

function noSessionId(): GatewayError {
  return told('bad_request', 400, 'sessionId query parameter is required');
}

function serverNotFound(): GatewayError {
  return told('not_found', 404, 'Server not found');
}

function told(code: GatewayError['code'], status: number, text: string, headers = {}): GatewayError {
  return new GatewayError(code, status, text, { text, headers });
}
