/** The event stream of one stateless request: no ids, since it cannot be resumed. */
import type { FastifyReply } from 'fastify';
import type { Message } from '../../upstream/peer/message.ts';
import { oneLine } from '../../upstream/peer/one-line.ts';
import { beginEventStream } from './event-outlet.ts';
import { writeCounted } from './unsent.ts';

export class StatelessStream {
  readonly #reply: FastifyReply;
  readonly #canStream: boolean;
  #isStreaming = false;

  constructor(reply: FastifyReply, canStream: boolean) {
    this.#reply = reply;
    this.#canStream = canStream;
  }

  get isStreaming(): boolean {
    return this.#isStreaming;
  }

  /** Bytes that the client has not read yet. */
  get unread(): number {
    return this.#reply.raw.writableLength;
  }

  write({ text }: Message): void {
    this.#send(`data: ${oneLine(text)}\n\n`);
  }

  /** A comment, so that nobody between us takes the connection for dead. */
  touch(): void {
    this.#send(':\n\n');
  }

  end(answer: Message): void {
    this.write(answer);
    this.#reply.raw.end();
  }

  cut(): void {
    this.#reply.raw.destroy();
  }

  #send(text: string): void {
    if (!this.#canStream) return;
    if (!this.#isStreaming) {
      this.#isStreaming = true;
      beginEventStream(this.#reply);
    }
    writeCounted(this.#reply.raw, text);
  }
}
