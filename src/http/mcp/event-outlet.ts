/** The connection of one client: a JSON answer, or an event stream that goes on as long as both sides want. */
import type { FastifyReply } from 'fastify';
import type { StreamEvent } from '../../mcp/session/event-log.ts';
import type { ReplyOutlet } from '../../mcp/session/reply-stream.ts';
import type { Message } from '../../upstream/peer/message.ts';
import { oneLine } from '../../upstream/peer/one-line.ts';
import { noteUnsent, writeCounted } from './unsent.ts';

const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  // Proxies that would wait for the end of the answer.
  'x-accel-buffering': 'no',
} as const;

export interface OutletOptions {
  readonly canStream: boolean;
  /** Sends one message, or several as a batch, as the whole answer. */
  readonly onAnswer: (messages: readonly Message[]) => void;
  /** Told of each answer, however it is sent. */
  readonly onAnswered?: (message: Message) => void;
}

export class EventOutlet implements ReplyOutlet {
  readonly canStream: boolean;
  readonly #reply: FastifyReply;
  readonly #onAnswer: OutletOptions['onAnswer'];
  readonly #onAnswered: OutletOptions['onAnswered'];
  #isStreaming = false;
  /** Characters of answers that wait for the others of their batch. */
  #kept = 0;

  constructor(reply: FastifyReply, { canStream, onAnswer, onAnswered }: OutletOptions) {
    this.#reply = reply;
    this.canStream = canStream;
    this.#onAnswer = onAnswer;
    this.#onAnswered = onAnswered;
  }

  answered(message: Message): void {
    this.#onAnswered?.(message);
    if (this.canStream) return;
    this.#kept += message.text.length;
    noteUnsent(this.#reply.raw, this.#kept);
  }

  get unread(): number {
    return this.#reply.raw.writableLength;
  }

  answer(messages: readonly Message[]): void {
    if (this.#isStreaming) return;
    this.#onAnswer(messages);
    noteUnsent(this.#reply.raw);
  }

  write({ id, text }: StreamEvent): void {
    this.#send(`id: ${id}\ndata: ${oneLine(text)}\n\n`);
  }

  touch(id?: string): void {
    this.#send(id === undefined ? ':\n\n' : `id: ${id}\ndata:\n\n`);
  }

  end(): void {
    this.#start();
    this.#reply.raw.end();
  }

  cut(): void {
    this.#reply.raw.destroy();
  }

  #send(text: string): void {
    this.#start();
    writeCounted(this.#reply.raw, text);
  }

  #start(): void {
    if (this.#isStreaming) return;
    this.#isStreaming = true;
    beginEventStream(this.#reply);
  }
}

/** Turns an answer that has not begun into an event stream, with the headers that were set so far. */
export function beginEventStream(reply: FastifyReply): void {
  reply.hijack();
  const { raw } = reply;
  if (raw.destroyed) return;
  raw.writeHead(200, { ...reply.getHeaders(), ...STREAM_HEADERS } as Record<string, string>);
  raw.flushHeaders();
}
