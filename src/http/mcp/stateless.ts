/** Stateless MCP (2026-07-28): one POST for each request, answered by JSON or by an event stream that is the request's own. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { McpEndpoints } from '../../mcp/endpoints.ts';
import { failureMessage } from '../../mcp/failures.ts';
import { MOST_UNREAD_BYTES } from '../../mcp/session/message-stream.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange } from '../../upstream/peer/peer.ts';
import { header, type McpTarget } from '../context.ts';
import { parameterHeadersOf } from '../forwarded-headers.ts';
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
): Promise<FastifyReply> | FastifyReply {
  // A client of this era answers nobody, and what it notifies has no receiver.
  if (message.kind === 'notification') return reply.code(202).send();
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
    return reply.code(400).type('application/json').send(refusal.text);
  }
  const { server } = request.mcp as McpTarget;
  const peer = endpoints.stateless(callerIn(request), server);
  return new Promise((resolve) => {
    const stream = new StatelessStream(reply, takesEvents(header(request, 'accept')));
    const soon = setTimeout(() => stream.touch(), SOON_MS);
    const awake = setInterval(() => stream.touch(), AWAKE_MS);
    const over = (): void => {
      clearTimeout(soon);
      clearInterval(awake);
      reply.raw.off('close', left);
    };
    const answer = (answered: Message, status: number): void => {
      over();
      noteAnswer(request, answered);
      if (stream.isStreaming) stream.end(answered);
      else resolve(reply.code(status).type('application/json').send(answered.text));
      noteUnsent(reply.raw);
    };
    // Closing the stream is how a client cancels (2026-07-28, Streamable HTTP, cancellation).
    const left = (): void => {
      over();
      exchange.cancel();
    };
    reply.raw.once('close', left);
    const exchange: Exchange = peer.request(
      message,
      {
        onMessage: (said) => {
          if (stream.unread > MOST_UNREAD_BYTES) stream.cut();
          else stream.write(said);
        },
        onAnswer: answer,
        onFailure: (error) => answer(failureMessage(message.id ?? 0, error), 200),
      },
      [...headersOf(request), ...parameterHeadersOf(request)],
    );
  });
}
