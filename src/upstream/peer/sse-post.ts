/** One request over HTTP+SSE: its POST, which may outlast the answer that the stream brings. */
import { operationOf } from '../operation.ts';
import type { Bearer } from '../origin-client.ts';
import type { SseChannel } from '../sse-channel.ts';
import { StopSource } from '../stop-source.ts';
import { cancelledMessage } from './cancelled.ts';
import type { Message } from './message.ts';
import type { Exchange, Replies } from './peer.ts';

/** What a request tells the peer that it belongs to. */
export interface SsePostEvents {
  /** The server did not take the request. */
  onFailure(error: unknown): void;
  onCancel(): void;
  /** To be sent after the request. */
  onNotice(message: Message): void;
}

export class SsePost implements Exchange, Replies {
  readonly #message: Message;
  readonly #replies: Replies;
  readonly #channel: SseChannel;
  readonly #events: SsePostEvents;
  /** Aborted once the request is over, which stops what has not been sent yet. */
  readonly #stop = new StopSource();
  readonly #over: Promise<void>;
  #isSent = false;

  constructor(message: Message, replies: Replies, channel: SseChannel, events: SsePostEvents) {
    this.#message = message;
    this.#replies = replies;
    this.#channel = channel;
    this.#events = events;
    this.#over = new Promise((resolve) => this.#stop.addEventListener('abort', resolve));
  }

  /** `headers`: for this request alone, flat: name, value, name, value. */
  send(headers: readonly string[]): void {
    const { method, params, text } = this.#message;
    const operation = operationOf(method, params);
    // The token may be renewed while the stream opens, so it is asked for after that.
    this.#channel
      .opened()
      .then(() => this.#channel.authorized(operation, this.#stop, (bearer) => this.#post(text, bearer, headers)))
      .catch((error: unknown) => this.#events.onFailure(error));
  }

  cancel(notice?: Message): void {
    if (this.#stop.aborted) return;
    this.#events.onCancel();
    const cancelled = this.#isSent ? cancelledMessage(this.#message, notice) : undefined;
    if (cancelled !== undefined) this.#events.onNotice(cancelled);
    this.#end();
  }

  onMessage(message: Message): void {
    this.#replies.onMessage(message);
  }

  onAnswer(message: Message, status: number): void {
    this.#end();
    this.#replies.onAnswer(message, status);
  }

  onFailure(error: unknown): void {
    this.#end();
    this.#replies.onFailure(error);
  }

  async #post(text: string, bearer: Bearer, headers: readonly string[]): Promise<void> {
    if (this.#stop.aborted) return;
    this.#isSent = true;
    await this.#channel.post(text, bearer, this.#over, headers);
  }

  #end(): void {
    this.#stop.abort(new Error('over'));
  }
}
