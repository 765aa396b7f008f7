/** Every server's `/<server>/mcp`, `/mcp` for all of them, and the event streams of older clients. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { sessionOwner } from '../../mcp/caller.ts';
import type { McpEndpoints } from '../../mcp/endpoints.ts';
import type { Conversation } from '../../mcp/session/conversation.ts';
import type { Message } from '../../upstream/peer/message.ts';
import { notFound } from '../errors.ts';
import { readBody } from './body.ts';
import { callerIn } from './caller.ts';
import { isModern } from './checks.ts';
import { type SseHandlers, sseHandlers } from './sse.ts';
import { answerStateless } from './stateless.ts';
import { endSession, listenToSession, postToSession } from './streamable.ts';
import { ALL_SERVERS, MCP_METHODS } from './target.ts';
import { countUnsent } from './unsent.ts';

export interface McpOptions {
  readonly endpoints: McpEndpoints;
  /** What of the caller's headers may go on to servers, flat. */
  readonly headersOf: (request: FastifyRequest) => readonly string[];
  /** Where a server's own paths begin, as a client needs it. */
  readonly pathOf: (request: FastifyRequest) => string;
  /** Undefined where event streams have the answers of the specification. */
  readonly streams: StreamContract | undefined;
}

/** What is otherwise at event streams whose clients know another contract. */
export interface StreamContract {
  /** Begins a session for whoever sends the request; undefined: as elsewhere. */
  readonly begin: (request: FastifyRequest) => Promise<Conversation> | undefined;
  /** What the body of a message holds; throws where that is no message. */
  readonly messagesOf: (request: FastifyRequest) => readonly Message[];
  /** Why a message is for no stream: its id is unknown or over, or of another caller or server. */
  readonly unknown: (request: FastifyRequest) => GatewayError;
}

/**
 * Answers a request whose `mcp` is set, now or later; throws what is wrong with it. No promise: what Fastify makes of one
 * costs as much as finding the session does.
 */
export type McpAnswer = (request: FastifyRequest, reply: FastifyReply) => void;

/** Registers `/mcp`; what comes in below a server's name is answered by whoever has that route, with what this returns. */
export function mcpRoutes(app: FastifyInstance, options: McpOptions): McpAnswer {
  const { endpoints, headersOf, pathOf, streams } = options;
  const sse = sseHandlers({
    sessions: endpoints.sessions,
    pathOf,
    headersOf,
    ownerOf: (request) => sessionOwner(callerIn(request), request.mcp?.server),
    begin: (request) => streams?.begin(request) ?? endpoints.open(callerIn(request), request.mcp?.server, false),
    messagesOf: streams?.messagesOf ?? (({ body }) => readBody(body).messages),
    ...(streams === undefined ? {} : { unknown: streams.unknown }),
  });
  const answer: McpAnswer = (request, reply) => {
    countUnsent(reply.raw, endpoints.allowances.room(callerIn(request), request.mcp?.server));
    if (request.mcp?.via === 'sse') answerSse(sse, request, reply);
    else answerMcp(options, request, reply);
  };
  const hide = { schema: { hide: true } };
  app.post(ALL_SERVERS, hide, answer);
  app.get(ALL_SERVERS, hide, (request, reply) =>
    // A person: `/` has the addresses, and what to do with them.
    request.mcp === undefined ? reply.redirect(`${pathOf(request)}/`, 303) : answer(request, reply),
  );
  app.delete(ALL_SERVERS, hide, answer);
  app.delete('/*', hide, (request, reply) => {
    if (request.mcp === undefined) throw notFound();
    return answer(request, reply);
  });
  // Streams never end by themselves, and would keep the gateway from closing.
  app.addHook('preClose', () => endpoints.close());
  // Before a body is read: nobody fills the memory for a 404.
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.mcp?.via === 'sse' && request.method === 'POST') sse.check(request);
    done();
  });
  return answer;
}

function answerSse(sse: SseHandlers, request: FastifyRequest, reply: FastifyReply): void {
  if (request.method === 'POST') sse.post(request, reply);
  else sse.open(request, reply);
}

function answerMcp(options: McpOptions, request: FastifyRequest, reply: FastifyReply): void {
  switch (request.method) {
    case 'POST':
      answerPost(options, request, reply);
      break;
    case 'GET':
      listenToSession(options, request, reply);
      break;
    case 'DELETE':
      endSession(options, request, reply);
      break;
    default:
      throw new GatewayError('method_not_allowed', 405, 'Method Not Allowed', {
        headers: { allow: MCP_METHODS.join(', ') },
      });
  }
}

/** Which era a request is of is seen by how it opens: with an envelope, or with a session. */
function answerPost(options: McpOptions, request: FastifyRequest, reply: FastifyReply): void {
  const body = readBody(request.body);
  const modern = body.messages.find((message) => isModern(message, request.headers));
  if (body.messages.length === 0) reply.code(202).send();
  else if (modern === undefined) postToSession(options, body, request, reply);
  else if (!body.isBatch) answerStateless(options, modern, request, reply);
  else throw new GatewayError('bad_mcp_request', 400, 'This revision knows no batches; send one message at a time.');
}
