/** Which answer belongs to which request, on a transport where all messages share one stream. */
import { isRecord } from '../../schema/json-schema.ts';
import type { Id } from '../jsonrpc.ts';
import { isBearable, unbearable } from '../shape.ts';
import { UnderWay } from '../under-way.ts';
import { badAnswer } from '../wire.ts';
import { readBatch } from './batch.ts';
import { type Message, toMessage } from './message.ts';
import { answerTo } from './modern-answer.ts';
import type { Replies } from './peer.ts';
import { ProgressTokens } from './progress-tokens.ts';

interface OpenRequest {
  readonly message: Message;
  readonly replies: Replies;
}

export class OpenRequests {
  readonly #open = new UnderWay<Id, OpenRequest>();
  readonly #tokens = new ProgressTokens();
  readonly #onUnrelated: (message: Message) => void;

  /** `onUnrelated` gets what the server says and asks that belongs to no request here. */
  constructor(onUnrelated: (message: Message) => void) {
    this.#onUnrelated = onUnrelated;
  }

  add(message: Message, replies: Replies): void {
    this.#open.set(message.id as Id, { message, replies });
    this.#tokens.add(message, replies);
  }

  /** Forgets a request, so that its answer will be dropped; true if it was still open. */
  remove(message: Message): boolean {
    return this.#takeOwn(message) !== undefined;
  }

  /** Takes what one line or event said: its parsed value, and its text. */
  receive(value: unknown, text: string): void {
    if (!isBearable(text)) {
      this.#unbearable(value);
      return;
    }
    if (Array.isArray(value)) {
      for (const message of readBatch(text)) this.#receive(message);
      return;
    }
    const message = toMessage(value, text);
    if (message !== undefined) this.#receive(message);
    else this.#invalid(value);
  }

  /** Fails one request, if it is still open. */
  fail(message: Message, error: unknown): void {
    this.#takeOwn(message)?.replies.onFailure(error);
  }

  failAll(error: () => unknown): void {
    for (const { message } of this.#open.all()) this.#takeOwn(message)?.replies.onFailure(error());
  }

  /** For what can only be about one request: fails it if only that one is open. */
  failOnly(error: () => unknown): void {
    if (this.#open.size === 1) this.failAll(error);
  }

  #receive(message: Message): void {
    if (message.kind === 'answer') {
      this.#answer(message);
      return;
    }
    const owner = this.#tokens.ownerOf(message);
    if (owner === undefined) this.#onUnrelated(message);
    else owner.onMessage(message);
  }

  /** An error about a message that the server could not read has no id; it is about the request that waits, if only one does. */
  #answer(answer: Message): void {
    if (answer.id !== undefined) {
      this.#take(answer.id)?.replies.onAnswer(answer, 200);
      return;
    }
    const [only] = this.#open.size === 1 ? this.#open.all() : [];
    const named = only === undefined ? undefined : answerTo(only.message, answer);
    if (named !== undefined) this.#take(named.id as Id)?.replies.onAnswer(named, 200);
  }

  /** To look at it costs nothing any more; to write it, or to take a batch apart, would. */
  #unbearable(value: unknown): void {
    if (!isRecord(value)) this.failOnly(unbearable);
    else if (value.method === undefined) this.#take(value.id as Id)?.replies.onFailure(unbearable());
  }

  /** What claims to answer a request, but is no JSON-RPC: better an error now than a caller who waits in vain. */
  #invalid(value: unknown): void {
    if (!isRecord(value) || value.method !== undefined) return;
    this.#take(value.id as Id)?.replies.onFailure(badAnswer('The server sent an invalid answer.'));
  }

  /** Undefined where the id has been used again since. */
  #takeOwn(message: Message): OpenRequest | undefined {
    const id = message.id as Id;
    return this.#open.get(id)?.message === message ? this.#take(id) : undefined;
  }

  #take(id: Id): OpenRequest | undefined {
    const request = this.#open.take(id);
    if (request !== undefined) this.#tokens.delete(request.message, request.replies);
    return request;
  }
}
