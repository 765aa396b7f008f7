/** One request of a caller, which may wait for a session with the server first. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';
import type { ServerSession } from './server-session.ts';

export class LastingCall implements Exchange {
  readonly message: Message;
  readonly #replies: Replies;
  readonly #headers: readonly string[] | undefined;
  readonly #onCancel: (call: LastingCall) => void;
  #exchange: Exchange | undefined;
  #isOver = false;

  /** `onCancel`: told when nobody waits for it any more. */
  constructor(
    message: Message,
    replies: Replies,
    headers: readonly string[] | undefined,
    onCancel: (call: LastingCall) => void,
  ) {
    this.message = message;
    this.#replies = replies;
    this.#headers = headers;
    this.#onCancel = onCancel;
  }

  /** Nobody waits for it: it has ended, or was cancelled. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** `retry` is asked about a failure; true: the call is taken care of. */
  sendTo(session: ServerSession, retry: (error: unknown) => boolean): void {
    if (this.#isOver) return;
    const replies: Replies = {
      onMessage: (said) => this.#replies.onMessage(said),
      onAnswer: (answer, status) => this.#end(() => this.#replies.onAnswer(answer, status)),
      onFailure: (error) => {
        if (!retry(error)) this.failed(error);
      },
    };
    this.#exchange = session.request(this.message, replies, this.#headers);
  }

  answered(answer: Message): void {
    this.#end(() => this.#replies.onAnswer(answer, 200));
  }

  failed(error: unknown): void {
    this.#end(() => this.#replies.onFailure(error));
  }

  cancel(notice?: Message): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#exchange?.cancel(notice);
    this.#onCancel(this);
  }

  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tell();
  }
}
