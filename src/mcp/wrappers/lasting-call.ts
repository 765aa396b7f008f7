/** One request of a caller, which may wait for a session with the server first. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';
import type { ServerSession } from './server-session.ts';

/** Who keeps the calls. */
export interface LastingCallHost {
  /** Asked about a failure in `session` of a call that may be repeated; true: the call is taken care of. */
  repeats(call: LastingCall, session: ServerSession, error: unknown): boolean;
  /** Nobody waits for it any more. */
  cancelled(call: LastingCall): void;
}

export class LastingCall implements Replies, Exchange {
  readonly message: Message;
  readonly #replies: Replies;
  readonly #headers: readonly string[] | undefined;
  readonly #host: LastingCallHost;
  /** Where it was sent to, as long as it may be sent to another one. */
  #former: ServerSession | undefined;
  #exchange: Exchange | undefined;
  #isOver = false;

  constructor(message: Message, replies: Replies, headers: readonly string[] | undefined, host: LastingCallHost) {
    this.message = message;
    this.#replies = replies;
    this.#headers = headers;
    this.#host = host;
  }

  /** Nobody waits for it: it has ended, or was cancelled. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** `mayRepeat`: what certainly reached nobody may be sent once more. */
  sendTo(session: ServerSession, mayRepeat: boolean): void {
    if (this.#isOver) return;
    this.#former = mayRepeat ? session : undefined;
    this.#exchange = session.request(this.message, this, this.#headers);
  }

  onMessage(message: Message): void {
    this.#replies.onMessage(message);
  }

  onAnswer(answer: Message, status: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#replies.onAnswer(answer, status);
  }

  onFailure(error: unknown): void {
    if (this.#former === undefined || !this.#host.repeats(this, this.#former, error)) this.failed(error);
  }

  /** By us, without asking a server. */
  answered(answer: Message): void {
    this.onAnswer(answer, 200);
  }

  failed(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#replies.onFailure(error);
  }

  cancel(notice?: Message): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#exchange?.cancel(notice);
    this.#host.cancelled(this);
  }
}
