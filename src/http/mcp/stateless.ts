/** Stateless MCP (2026-07-28): one POST for each request, answered by JSON or by an event stream that is the request's own. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { McpEndpoints } from '../../mcp/endpoints.ts';
import { failureMessage } from '../../mcp/failures.ts';
import { MOST_UNREAD_BYTES } from '../../mcp/session/message-stream.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import { header, type McpTarget } from '../context.ts';
import { parameterHeadersOf } from '../forwarded-headers.ts';
import { JSON_TYPE } from '../media-types.ts';
import { callerIn } from './caller.ts';
import { modernRefusal, takesEvents } from './checks.ts';
import { noteAnswer, noteRequests } from './log.ts';
import { StatelessStream } from './stateless-stream.ts';
import { noteUnsent } from './unsent.ts';

export interface StatelessOptions {
  readonly endpoints: McpEndpoints;
  readonly headersOf: (request: FastifyRequest) => readonly string[];
}

/** A reply that takes longer becomes an event stream, so that nobody between us and the client gives up. */
const SOON_MS = 5_000;
const AWAKE_MS = 25_000;

export function answerStateless(
  { endpoints, headersOf }: StatelessOptions,
  message: Message,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (message.kind === 'notification') {
    // A client of this era answers nobody, and what it notifies has no receiver.
    reply.code(202).send();
    return;
  }
  if (message.kind !== 'request') {
    throw new GatewayError(
      'bad_mcp_request',
      400,
      'In this revision answers go into the next request, not into a POST of their own.',
    );
  }
  noteRequests(request, [message]);
  const refusal = modernRefusal(message, request.headers);
  if (refusal !== undefined) {
    noteAnswer(request, refusal);
    reply.code(400).type(JSON_TYPE).send(refusal.text);
    return;
  }
  const { server } = request.mcp as McpTarget;
  const peer = endpoints.stateless(callerIn(request), server);
  const call = new StatelessCall(message, request, reply);
  call.start(peer, [...headersOf(request), ...parameterHeadersOf(request)]);
}

/** One request under way, and the answer that it becomes. */
class StatelessCall implements Replies {
  readonly #message: Message;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #stream: StatelessStream;
  #timer: NodeJS.Timeout;
  #exchange: Exchange | undefined;

  constructor(message: Message, request: FastifyRequest, reply: FastifyReply) {
    this.#message = message;
    this.#request = request;
    this.#reply = reply;
    this.#stream = new StatelessStream(reply, takesEvents(header(request, 'accept')));
    this.#timer = setTimeout(() => this.#touch(), SOON_MS);
  }

  start(peer: Peer, headers: readonly string[]): void {
    // Closing the stream is how a client cancels (2026-07-28, Streamable HTTP, cancellation).
    this.#reply.raw.once('close', this.#left);
    this.#exchange = peer.request(this.#message, this, headers);
  }

  onMessage(said: Message): void {
    if (this.#stream.unread > MOST_UNREAD_BYTES) this.#stream.cut();
    else this.#stream.write(said);
  }

  onAnswer(answer: Message, status: number): void {
    this.#over();
    noteAnswer(this.#request, answer);
    if (this.#stream.isStreaming) this.#stream.end(answer);
    else this.#reply.code(status).type(JSON_TYPE).send(answer.text);
    noteUnsent(this.#reply.raw);
  }

  onFailure(error: unknown): void {
    this.onAnswer(failureMessage(this.#message.id ?? 0, error), 200);
  }

  readonly #left = (): void => {
    this.#over();
    this.#exchange?.cancel();
  };

  #touch(): void {
    this.#stream.touch();
    this.#timer = setTimeout(() => this.#touch(), AWAKE_MS);
  }

  #over(): void {
    clearTimeout(this.#timer);
    this.#reply.raw.off('close', this.#left);
  }
}
