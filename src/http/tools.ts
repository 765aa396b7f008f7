/** REST tool calls: find the tool, check the arguments, call, answer in mcpo's shapes. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CallScope } from '../upstream/call-scope.ts';
import type { Tool } from '../upstream/catalog.ts';
import { answerText } from '../upstream/result.ts';
import { noCatalog, type Server } from '../upstream/server.ts';
import { readArguments } from './arguments.ts';
import { header, rawPath } from './context.ts';
import { forwardedHeaders } from './forwarded-headers.ts';
import { notTaken } from './methods.ts';
import { type PlaceOptions, placeOf } from './place.ts';

/** How long a caller waits for a server that has never been connected. */
export const FIRST_CONNECT_MS = 5_000;

/** Resolves the target of each POST before authentication, which depends on it. */
export function installRouting(app: FastifyInstance, options: PlaceOptions): void {
  app.addHook('onRequest', (request, _reply, done) => {
    mendContentType(request.headers);
    const place = request.method === 'POST' ? placeOf(options, request.url) : undefined;
    if (place === undefined || place.rest === '') return done();
    const { server, rest } = place;
    if (server.catalog !== undefined) {
      request.target = { server, rest, tool: server.catalog.byPath.get(rest) };
      return done();
    }
    // A server in its very first connect: its tools are worth a short wait.
    server.firstCatalog(FIRST_CONNECT_MS).then((catalog) => {
      request.target = { server, rest, tool: catalog?.byPath.get(rest) };
      done();
    }, done);
  });
}

const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+[\t ]*(?:;|$)/;

/** To mcpo an empty `Content-Type` is none and a malformed one is not JSON; Fastify would answer 415 to both. */
function mendContentType(headers: FastifyRequest['headers']): void {
  const type = headers['content-type'];
  if (type === '') delete headers['content-type'];
  else if (type !== undefined && !MEDIA_TYPE.test(type)) headers['content-type'] = 'application/octet-stream';
}

/**
 * Refuses, before a body is read, what no route takes: nobody fills the memory for a 404. Registered after
 * authentication. Other methods than GET and POST, an OPTIONS that is no preflight included, get mcpo's answer.
 */
export function refuseUntaken(app: FastifyInstance, options: PlaceOptions): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.method === 'POST') knownTarget(request);
    else if (!READ_METHODS.has(request.method)) throw notTaken(placeOf(options, request.url), rawPath(request.url));
    done();
  });
}

const READ_METHODS = new Set(['GET', 'HEAD']);

export function toolRoutes(app: FastifyInstance): void {
  // Bodies are read here and not by Fastify's parser, which refuses an empty one.
  app.removeAllContentTypeParsers();
  // The first is found without a search, and nearly all requests are of it.
  app.addContentTypeParser(['application/json', '*'], { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/*', { schema: { hide: true } }, callTool);
}

async function callTool(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { server, tool } = knownTarget(request);
  const args = readArguments(request, tool);
  const scope = new CallScope(server.config.timeoutMs);
  reply.raw.once('close', scope.abandon);
  // Gone while we waited for the server or read the body.
  if (reply.raw.destroyed) scope.abandon();
  try {
    const caller = { principalId: request.principal.id, sessionId: header(request, 'x-session-id') };
    const result = await server.call(tool, args, caller, scope, forwardedHeaders(request, server.config));
    return reply.type('application/json; charset=utf-8').send(answerText(result));
  } finally {
    scope.end();
    reply.raw.off('close', scope.abandon);
  }
}

function knownTarget(request: FastifyRequest): { server: Server; tool: Tool } {
  const { target } = request;
  if (target?.tool !== undefined) return { server: target.server, tool: target.tool };
  throw target !== undefined && target.server.catalog === undefined
    ? noCatalog(target.server)
    : notTaken(target, rawPath(request.url));
}
