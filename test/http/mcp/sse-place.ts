/** The handlers of HTTP+SSE alone, in front of one server that lives in this process. */
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyRequest } from 'fastify';
import { GatewayError } from '../../../src/errors.ts';
import { readBody } from '../../../src/http/mcp/body.ts';
import { sseHandlers } from '../../../src/http/mcp/sse.ts';
import { type SessionOwner, SessionRegistry } from '../../../src/mcp/session/registry.ts';
import { type Message, readMessage } from '../../../src/upstream/peer/message.ts';
import type { Peer, PeerEvents } from '../../../src/upstream/peer/peer.ts';

/** The server's side of one session. */
export class Line {
  readonly events: PeerEvents;
  readonly received: Message[] = [];
  isClosed = false;

  constructor(events: PeerEvents) {
    this.events = events;
  }

  say(text: string): void {
    const message = readMessage(text);
    if (message !== undefined) this.events.onMessage(message);
  }
}

export interface SsePlace {
  readonly origin: string;
  readonly sessions: SessionRegistry;
  /** One for each session that was opened. */
  readonly lines: readonly Line[];
  close(): Promise<void>;
}

/**
 * Callers are who `x-who` says, and `/one` and `/two` are servers; `answer` is the text that a request is answered with.
 * `beginning`: what each session takes to begin, where that takes time. Nobody can say where `x-who: lost` is to post.
 */
export async function startSsePlace(
  answer: (message: Message) => string,
  beginning?: () => Promise<void>,
): Promise<SsePlace> {
  const lines: Line[] = [];
  const sessions = new SessionRegistry({ idleMs: 0 });
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: unknown, _request, reply) => {
    const { status, code } = error instanceof GatewayError ? error : { status: 500, code: String(error) };
    return reply.code(status).send({ code });
  });
  const serverOf = ({ url }: FastifyRequest): string => /\/(one|two)\b/.exec(url)?.[1] ?? '';
  const ownerOf = (request: FastifyRequest): SessionOwner => ({
    endpoint: serverOf(request),
    key: String(request.headers['x-who']),
    isOnePerson: true,
  });
  const peerTo = (events: PeerEvents): Peer => {
    const line = new Line(events);
    lines.push(line);
    return peerOf(line, answer);
  };
  const handlers = sseHandlers({
    sessions,
    ownerOf,
    begin: (request) => {
      const conversation = sessions.open(ownerOf(request), peerTo);
      return beginning === undefined ? conversation : beginning().then(() => conversation);
    },
    pathOf: (request) => {
      if (request.headers['x-who'] === 'lost') throw new GatewayError('internal', 500, 'lost');
      return `/root/${serverOf(request)}`;
    },
    headersOf: () => [],
    messagesOf: ({ body }) => readBody(body).messages,
  });
  for (const path of ['/one', '/two']) {
    app.get(path, handlers.open);
    app.post(`/root${path}`, handlers.post);
  }
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    sessions,
    lines,
    close: async () => {
      await sessions.close();
      await app.close();
    },
  };
}

function peerOf(line: Line, answer: (message: Message) => string): Peer {
  return {
    era: 'legacy',
    request: (message, replies) => {
      line.received.push(message);
      const answered = readMessage(answer(message));
      queueMicrotask(() => answered !== undefined && replies.onAnswer(answered, 200));
      return { cancel: () => undefined };
    },
    send: (message) => void line.received.push(message),
    close: async () => {
      line.isClosed = true;
    },
  };
}
