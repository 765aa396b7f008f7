/** What a server asks its caller: while a person or a model finds the answer, requests are given time. */
import type { Id } from '../../upstream/jsonrpc.ts';
import type { Message } from '../../upstream/peer/message.ts';

/** A `ping` is answered by the client at once, and methods that nobody knows perhaps never. */
const QUESTIONS = new Set(['sampling/createMessage', 'elicitation/create', 'roots/list']);
/** A server may ask so much without being answered; what comes beyond holds no clock. */
const MOST_OPEN = 1_000;
/** A person may take their time; a client that has gone must not hold a request for ever. */
export const LONGEST_MS = 30 * 60_000;

/** True for a request of a server whose answer may take a person's time. */
export function isQuestion({ kind, method }: Message): boolean {
  return kind === 'request' && QUESTIONS.has(method);
}

/** The questions of one server to one caller that are open, and for how long some were. */
export class Questions {
  /** When each was asked, in milliseconds since 1970; the oldest first. */
  readonly #askedAt = new Map<Id, number>();
  #openSince = 0;
  #formerMs = 0;

  /** Something that the server says: a question, or that it wants no answer any more. */
  heard(message: Message): void {
    if (isQuestion(message)) this.#open(message.id as Id);
    else if (message.method === 'notifications/cancelled') this.close(message.params.requestId as Id);
  }

  /** The question is answered; nothing happens where there is none of that id. */
  close(id: Id): void {
    if (this.#askedAt.delete(id) && this.#askedAt.size === 0) this.#formerMs += Date.now() - this.#openSince;
  }

  clear(): void {
    for (const id of [...this.#askedAt.keys()]) this.close(id);
  }

  get isOpen(): boolean {
    this.#forgetOld();
    return this.#askedAt.size > 0;
  }

  /** For how long there was an open question until now, in milliseconds. */
  get totalMs(): number {
    return this.#formerMs + (this.isOpen ? Date.now() - this.#openSince : 0);
  }

  #open(id: Id): void {
    if (this.#askedAt.size >= MOST_OPEN || this.#askedAt.has(id)) return;
    const now = Date.now();
    if (this.#askedAt.size === 0) this.#openSince = now;
    this.#askedAt.set(id, now);
  }

  #forgetOld(): void {
    const now = Date.now();
    for (const [id, askedAt] of this.#askedAt) {
      if (now - askedAt < LONGEST_MS) return;
      this.close(id);
    }
  }
}
