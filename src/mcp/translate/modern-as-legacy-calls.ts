/** The requests of one older caller that are under way, and the questions to it that have no answer yet. */
import { randomBytes } from 'node:crypto';
import type { Id } from '../../upstream/jsonrpc.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Peer, Replies } from '../../upstream/peer/peer.ts';
import { type CallHost, TranslatedCall } from './modern-as-legacy-call.ts';
import { type Caller, callerOf } from './modern-as-legacy-words.ts';

export class Calls implements CallHost {
  readonly peer: Peer;
  caller: Caller = callerOf({});
  readonly answered: (answer: Message, method: string) => void;
  readonly #running = new Set<TranslatedCall>();
  readonly #asked = new Map<Id, TranslatedCall>();
  /** Other callers may have requests on the same peer. */
  readonly #prefix = `lk-${randomBytes(6).toString('base64url')}`;
  #lastId = 0;

  /** `answered`: sees each answer as the server gave it, and what it was asked by. */
  constructor(peer: Peer, answered: (answer: Message, method: string) => void) {
    this.peer = peer;
    this.answered = answered;
  }

  /** A call that the caller may cancel from now on, and that is sent by its `start`. */
  open(message: Message, replies: Replies): TranslatedCall {
    const call = new TranslatedCall(this, message, replies);
    this.#running.add(call);
    return call;
  }

  /** Takes an answer of the caller; one that nobody waits for is dropped. */
  receive(answer: Message): void {
    if (answer.id !== undefined) this.#asked.get(answer.id)?.receive(answer);
  }

  /** Fails what is under way; the server is told. */
  failAll(error: unknown): void {
    for (const call of [...this.#running]) call.fail(error);
  }

  nextId(): string {
    this.#lastId += 1;
    return `${this.#prefix}-${this.#lastId}`;
  }

  asked(id: Id, call: TranslatedCall): void {
    this.#asked.set(id, call);
  }

  unasked(id: Id): void {
    this.#asked.delete(id);
  }

  ended(call: TranslatedCall): void {
    this.#running.delete(call);
  }
}
