/** HTTP+SSE (2024-11-05, transports): one stream for all that the client hears, and a POST for each message that it sends. */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { Conversation } from '../../mcp/session/conversation.ts';
import type { SessionOwner, SessionRegistry } from '../../mcp/session/registry.ts';
import type { Message } from '../../upstream/peer/message.ts';
import { isInContract, noTransport } from '../acehoss/stream.ts';
import { noteRequests } from './log.ts';
import { SseStream } from './sse-stream.ts';
import { sessionIdOf } from './target.ts';

export interface SseOptions {
  readonly sessions: Pick<SessionRegistry, 'end'>;
  /** Where a server's own paths begin, as a client needs it. */
  readonly pathOf: (request: FastifyRequest) => string;
  /** Who asks, and at which server. */
  readonly ownerOf: (request: FastifyRequest) => SessionOwner;
  /** Begins a session for whoever sends the request; throws or rejects with 429 or 503 where there are too many. */
  readonly begin: (request: FastifyRequest) => Conversation | Promise<Conversation>;
  /** What of the caller's headers goes on to the server, flat. */
  readonly headersOf: (request: FastifyRequest) => readonly string[];
  /** What the body holds; throws where that is no message. */
  readonly messagesOf: (request: FastifyRequest) => readonly Message[];
}

interface Session {
  readonly conversation: Conversation;
  readonly stream: SseStream;
  readonly owner: SessionOwner;
}

export interface SseHandlers {
  /** `GET /<server>`, `GET /<server>/sse`: answers with the stream, which ends when either side does. */
  open(request: FastifyRequest, reply: FastifyReply): void;
  /** Throws unless `?sessionId=` names a stream of this caller at this server. */
  check(request: FastifyRequest): void;
  /** `POST /<server>?sessionId=`: 202, and answers go to the stream. */
  post(request: FastifyRequest, reply: FastifyReply): void;
}

export function sseHandlers(options: SseOptions): SseHandlers {
  const open = new Map<string, Session>();
  const find = (request: FastifyRequest): Session => {
    const session = open.get(sessionIdOf(request) ?? '');
    if (session === undefined || session.conversation.isClosed) throw streamUnknown(request);
    if (!isSame(session.owner, options.ownerOf(request))) throw streamUnknown(request);
    return session;
  };
  return {
    open: (request, reply) => openStream(options, open, request, reply),
    check: (request) => void find(request),
    post: (request, reply) => {
      const { conversation, stream } = find(request);
      const messages = options.messagesOf(request);
      const requests = messages.filter(({ kind }) => kind === 'request');
      noteRequests(request, requests);
      for (const message of messages) if (message.kind !== 'request') conversation.tell(message);
      if (requests.length > 0) conversation.ask(requests, stream.replies(), options.headersOf(request));
      reply.code(202).send();
    },
  };
}

function openStream(
  options: SseOptions,
  open: Map<string, Session>,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  // Gone while we found out who it is: nothing is begun for nobody.
  if (reply.raw.destroyed) {
    reply.hijack();
    return;
  }
  const began = options.begin(request);
  if (!(began instanceof Promise)) stream(options, open, began, request, reply);
  else
    began.then(
      (conversation) => stream(options, open, conversation, request, reply),
      (error: unknown) => reply.send(error),
    );
}

function stream(
  { sessions, pathOf, ownerOf }: SseOptions,
  open: Map<string, Session>,
  conversation: Conversation,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { raw } = reply;
  reply.hijack();
  if (raw.destroyed) {
    void sessions.end(conversation);
    return;
  }
  // An id of this transport alone, so that no session is ever used by both.
  const id = randomUUID();
  const outlet = new SseStream(raw, `${pathOf(request)}?sessionId=${id}`, textHeaders(reply));
  const fields = { reqId: request.id, server: request.mcp?.server?.name };
  request.log.debug(fields, 'an event stream was opened');
  open.set(id, { conversation, stream: outlet, owner: ownerOf(request) });
  raw.once('close', () => {
    open.delete(id);
    request.log.debug(fields, 'an event stream was closed');
    void sessions.end(conversation);
  });
  conversation.listen(outlet);
}

/** What was set before the stream: the request's id, and what browsers want to know. */
function textHeaders(reply: FastifyReply): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) headers[name] = String(value);
  return headers;
}

function isSame(one: SessionOwner, other: SessionOwner): boolean {
  return one.key === other.key && one.endpoint === other.endpoint;
}

/** For an id that is unknown or over, and for one of another caller or server: none learns which it is. */
function streamUnknown(request: FastifyRequest): GatewayError {
  if (isInContract(request)) return noTransport(request);
  return new GatewayError('session_unknown', 404, 'There is no such event stream; open it again.');
}
