/** HTTP+SSE (2024-11-05, transports): one stream for all that the client hears, and a POST for each message that it sends. */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { Conversation } from '../../mcp/session/conversation.ts';
import type { SessionOwner, SessionRegistry } from '../../mcp/session/registry.ts';
import type { Message } from '../../upstream/peer/message.ts';
import { noteRequests } from './log.ts';
import { SseStream } from './sse-stream.ts';
import { sessionIdOf } from './target.ts';

export interface SseOptions {
  readonly sessions: Pick<SessionRegistry, 'endSoon'>;
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
  /** Why a message is for no stream: its id is unknown or over, or of another caller or server; none learns which it is. */
  readonly unknown?: (request: FastifyRequest) => GatewayError;
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
  const { unknown = streamUnknown } = options;
  const find = (request: FastifyRequest): Session => {
    const session = open.get(sessionIdOf(request) ?? '');
    if (session === undefined || session.conversation.isClosed) throw unknown(request);
    if (!isSame(session.owner, options.ownerOf(request))) throw unknown(request);
    return session;
  };
  return {
    open: (request, reply) => openStream(options, open, request, reply),
    check: (request) => void find(request),
    post: (request, reply) => {
      const { conversation, stream } = find(request);
      const requests: Message[] = [];
      for (const message of options.messagesOf(request)) {
        if (message.kind === 'request') requests.push(message);
        else conversation.tell(message);
      }
      noteRequests(request, requests);
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
    began
      .then((conversation) => stream(options, open, conversation, request, reply))
      .catch((error: unknown) => reply.send(error));
}

/** Where it throws, the session has ended, and the caller can be answered. */
function stream(
  options: SseOptions,
  open: Map<string, Session>,
  conversation: Conversation,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { raw } = reply;
  // An id of this transport alone, so that no session is ever used by both.
  const id = randomUUID();
  const fields = { reqId: request.id, server: request.mcp?.server?.name };
  const end = (): void => options.sessions.endSoon(conversation);
  if (raw.destroyed) {
    reply.hijack();
    end();
    return;
  }
  let session: Session;
  try {
    const owner = options.ownerOf(request);
    const endpoint = `${options.pathOf(request)}?sessionId=${id}`;
    session = { conversation, owner, stream: new SseStream(raw, endpoint, textHeaders(reply)) };
  } catch (error) {
    end();
    throw error;
  }
  reply.hijack();
  open.set(id, session);
  request.log.debug(fields, 'an event stream was opened');
  raw.once('close', () => {
    open.delete(id);
    request.log.debug(fields, 'an event stream was closed');
    end();
  });
  conversation.listen(session.stream);
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

function streamUnknown(): GatewayError {
  return new GatewayError('session_unknown', 404, 'There is no such event stream; open it again.');
}
