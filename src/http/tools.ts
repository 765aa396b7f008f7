/** REST tool calls: find the tool, check the arguments, call, answer in mcpo's shapes. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';
import { isOnePerson } from '../identity/principal.ts';
import { identityRequired } from '../oauth/errors.ts';
import type { Owner } from '../oauth/model.ts';
import { CallScope } from '../upstream/call-scope.ts';
import { answerText } from '../upstream/result.ts';
import { type CallerKeys, noCatalog } from '../upstream/server.ts';
import { invalidRoute } from './acehoss/errors.ts';
import { API, API_ROOT, SESSION_ID, servesApi } from './acehoss/path.ts';
import { readArguments } from './arguments.ts';
import { realmOf } from './caller.ts';
import { connectAnswers } from './connect.ts';
import { type CallTarget, header, rawPath } from './context.ts';
import { notFound } from './errors.ts';
import { forwardedHeaders } from './forwarded-headers.ts';
import type { McpAnswer } from './mcp/routes.ts';
import { JSON_TYPE } from './media-types.ts';
import { notTaken } from './methods.ts';
import type { Site } from './site.ts';
import { type PlaceOptions, placeOf } from './targets.ts';

/**
 * Refuses, before a body is read, what no route takes: nobody fills the memory for a 404. Registered after
 * authentication. Other methods than GET and POST, an OPTIONS that is no preflight included, get mcpo's answer.
 */
export function refuseUntaken(app: FastifyInstance, options: PlaceOptions): void {
  app.addHook('onRequest', (request, _reply, done) => {
    // What an MCP endpoint takes, it says itself.
    if (request.mcp !== undefined && request.route !== undefined) return done();
    // And so does `/api`.
    if (request.route === API || request.route === SESSION_ID) return done();
    // To the router it is `/api`, which a single server may have as a tool.
    if (isApiRoot(request, options)) throw invalidRoute();
    if (request.method === 'POST' && request.route === '/*') knownTarget(request);
    else if (!TAKEN_METHODS.has(request.method)) throw notTaken(placeOf(options, request.url), rawPath(request.url));
    done();
  });
}

function isApiRoot({ url, target }: FastifyRequest, { routing }: PlaceOptions): boolean {
  return servesApi(routing) && rawPath(url) === API_ROOT && target?.tool === undefined;
}

const TAKEN_METHODS = new Set(['GET', 'HEAD', 'POST']);

export function toolRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  { sessions, howToName }: Pick<Site, 'sessions' | 'howToName'>,
  answerMcp: McpAnswer,
): void {
  // Bodies are read here and not by Fastify's parser, which refuses an empty one.
  app.removeAllContentTypeParsers();
  // The first is found without a search, and nearly all requests are of it.
  app.addContentTypeParser(['application/json', '*'], { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  const countsTokens = tokenCounter(gateway);
  const answerConnect = connectAnswers(gateway, howToName);
  const answer = (target: CallTarget, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    target.isConnect === true ? answerConnect(target, request, reply) : callTool(target, request, reply, countsTokens);
  app.post('/*', { schema: { hide: true } }, (request, reply) => {
    if (request.mcp !== undefined) return answerMcp(request, reply);
    const target = knownTarget(request);
    if (request.browser === undefined || target.owner === undefined) return answer(target, request, reply);
    // A body may take minutes to arrive: by then the session may be over, or be another person's.
    return sessions.isAlive(request.browser).then((alive) => {
      if (!alive) throw identityRequired(target.server.name);
      return answer(target, request, reply);
    });
  });
}

/** Whether some server knows its callers by tokens of its own. */
export function tokenCounter(gateway: Gateway): () => boolean {
  return () => [...gateway.servers.values()].some((server) => realmOf(server).secretKey !== undefined);
}

async function callTool(
  target: CallTarget,
  request: FastifyRequest,
  reply: FastifyReply,
  countsTokens: () => boolean,
): Promise<FastifyReply> {
  const { server, tool, owner } = target;
  if (tool === undefined) throw notFound();
  const args = readArguments(request, tool);
  const scope = new CallScope(server.config.timeoutMs);
  reply.raw.once('close', scope.abandon);
  // Gone while we waited for the server or read the body.
  if (reply.raw.destroyed) scope.abandon();
  try {
    const caller = callerKeys(request, owner);
    const result = await server.call(tool, args, caller, scope, forwardedHeaders(request, server.config, countsTokens));
    return reply.type(JSON_TYPE).send(answerText(result));
  } finally {
    scope.end();
    reply.raw.off('close', scope.abandon);
  }
}

function callerKeys(request: FastifyRequest, owner: Owner | undefined): CallerKeys {
  const { principal } = request;
  return {
    principalId: owner ?? principal.id,
    isOnePerson: isOnePerson(principal),
    sessionId: header(request, 'x-session-id'),
  };
}

function knownTarget(request: FastifyRequest): CallTarget {
  const { target } = request;
  if (target?.tool !== undefined || target?.isConnect === true) return target;
  throw target !== undefined && target.server.catalog === undefined && !target.server.isPersonal
    ? noCatalog(target.server)
    : notTaken(target, rawPath(request.url));
}
