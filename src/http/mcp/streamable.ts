/** Streamable HTTP with sessions (2025-03-26 to 2025-11-25). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { sessionOwner } from '../../mcp/caller.ts';
import type { McpEndpoints } from '../../mcp/endpoints.ts';
import type { Conversation } from '../../mcp/session/conversation.ts';
import type { Message } from '../../upstream/peer/message.ts';
import { header, type McpTarget } from '../context.ts';
import { JSON_TYPE } from '../media-types.ts';
import type { Body } from './body.ts';
import { callerIn } from './caller.ts';
import { checkVersionHeader, takesEvents } from './checks.ts';
import { EventOutlet } from './event-outlet.ts';
import { noteAnswer, noteRequests } from './log.ts';

export interface SessionOptions {
  readonly endpoints: McpEndpoints;
  /** What of the caller's headers may go on to servers, flat. */
  readonly headersOf: (request: FastifyRequest) => readonly string[];
}

const SESSION_ID = 'mcp-session-id';

export function postToSession(
  options: SessionOptions,
  { messages, isBatch }: Body,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  checkVersionHeader(request.headers);
  const requests = messages.filter(({ kind }) => kind === 'request');
  const opens = requests.some(({ method }) => method === 'initialize');
  if (opens && messages.length > 1) throw badRequest('initialize must come alone.');
  const conversation = opens ? openSession(options, request) : sessionOf(options, request);
  if (isBatch) checkBatch(conversation);
  for (const message of messages) if (message.kind !== 'request') conversation.tell(message);
  if (requests.length === 0) {
    reply.code(202).send();
    return;
  }
  if (opens) reply.header(SESSION_ID, conversation.id);
  ask(options, conversation, { requests, isBatch }, request, reply);
}

/** The stream for what belongs to no request, or the rest of one that was broken. */
export function listenToSession({ endpoints }: SessionOptions, request: FastifyRequest, reply: FastifyReply): void {
  if (header(request, SESSION_ID) === undefined)
    throw noStream('This address takes MCP messages by POST; there is no stream without a session.');
  checkVersionHeader(request.headers);
  if (!takesEvents(header(request, 'accept')))
    throw new GatewayError('bad_mcp_request', 406, 'Accept must name text/event-stream.');
  const conversation = sessionOf({ endpoints }, request);
  const outlet = new EventOutlet(reply, { canStream: true, onAnswer: () => undefined });
  reply.raw.once('close', () => conversation.left(outlet));
  const lastEventId = header(request, 'last-event-id');
  if (lastEventId === undefined || lastEventId === '') conversation.listen(outlet);
  else if (!conversation.resume(lastEventId, outlet)) {
    throw badRequest('Last-Event-ID names no event of this session that is still known. Open the stream without it.');
  }
}

export function endSession({ endpoints }: SessionOptions, request: FastifyRequest, reply: FastifyReply): void {
  if (header(request, SESSION_ID) === undefined)
    throw noStream('There is no session to end; name it in Mcp-Session-Id.');
  endpoints.sessions.end(sessionOf({ endpoints }, request)).then(
    () => reply.code(204).send(),
    (error: unknown) => reply.send(error),
  );
}

function openSession({ endpoints }: SessionOptions, request: FastifyRequest): Conversation {
  if (header(request, SESSION_ID) !== undefined)
    throw badRequest('initialize begins a session, so it must not name one in Mcp-Session-Id.');
  const { server } = request.mcp as McpTarget;
  return endpoints.open(callerIn(request), server);
}

function sessionOf({ endpoints }: Pick<SessionOptions, 'endpoints'>, request: FastifyRequest): Conversation {
  const id = header(request, SESSION_ID);
  if (id === undefined) throw badRequest('Mcp-Session-Id is missing; begin a session with initialize.');
  const { server } = request.mcp as McpTarget;
  return endpoints.sessions.find(id, sessionOwner(callerIn(request), server));
}

/** 2025-06-18 took batches out of the protocol. */
function checkBatch({ version }: Conversation): void {
  if (version > '2025-03-26') throw badRequest(`Revision ${version} knows no batches; send one message at a time.`);
}

function ask(
  { endpoints, headersOf }: SessionOptions,
  conversation: Conversation,
  { requests, isBatch }: { readonly requests: readonly Message[]; readonly isBatch: boolean },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const outlet = new EventOutlet(reply, {
    canStream: takesEvents(header(request, 'accept')),
    onAnswered: (message) => {
      noteAnswer(request, message);
      if (!isFailedStart(requests, message)) return;
      // Too late where a stream has begun; the client learns it from the answer.
      reply.removeHeader(SESSION_ID);
      // The answer goes out first.
      queueMicrotask(() => void endpoints.sessions.end(conversation));
    },
    onAnswer: (messages) => sendMessages(reply, messages, isBatch),
  });
  reply.raw.on('close', () => conversation.left(outlet));
  noteRequests(request, requests);
  conversation.ask(requests, outlet, headersOf(request));
}

/** A session that could not be begun is none. */
function isFailedStart([request]: readonly Message[], { error }: Message): boolean {
  return request?.method === 'initialize' && error !== undefined;
}

function sendMessages(reply: FastifyReply, messages: readonly Message[], isBatch: boolean): void {
  const [only] = messages;
  if (only === undefined) {
    // All were cancelled.
    reply.code(202).send();
    return;
  }
  const text = isBatch ? `[${messages.map((message) => message.text).join(',')}]` : only.text;
  reply.type(JSON_TYPE).send(text);
}

function badRequest(message: string): GatewayError {
  return new GatewayError('bad_mcp_request', 400, message);
}

/** To clients 405 says that the address offers no such stream (2025-11-25, Streamable HTTP, listening 3). */
function noStream(message: string): GatewayError {
  return new GatewayError('method_not_allowed', 405, message, { headers: { allow: 'POST' } });
}
