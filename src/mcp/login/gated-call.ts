/** One request at a login gate: the server answers it, or we do; and whoever is told, is told once. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';

export class GatedCall implements Exchange {
  readonly message: Message;
  readonly #replies: Replies;
  readonly #headers: readonly string[] | undefined;
  #exchange: Exchange | undefined;
  #isOver = false;

  constructor(message: Message, replies: Replies, headers: readonly string[] | undefined) {
    this.message = message;
    this.#replies = replies;
    this.#headers = headers;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Passes `message` on; `seen` may change the answer or keep it (undefined), and takes failures over. */
  pass(
    peer: Peer,
    message: Message,
    seen: {
      onMessage?(said: Message): Message | undefined;
      onAnswer(answer: Message): Message | undefined;
      onFailure(error: unknown): void;
    },
  ): void {
    if (this.#isOver) return;
    this.#exchange = peer.request(
      message,
      {
        onMessage: (said) => this.tell(seen.onMessage === undefined ? said : seen.onMessage(said)),
        onAnswer: (answer, status) => {
          this.#exchange = undefined;
          const told = seen.onAnswer(answer);
          if (told !== undefined) this.answer(told, status);
        },
        onFailure: (error) => {
          this.#exchange = undefined;
          if (!this.#isOver) seen.onFailure(error);
        },
      },
      this.#headers,
    );
  }

  /** Something that comes before the answer; undefined: nothing. */
  tell(message: Message | undefined): void {
    if (!this.#isOver && message !== undefined) this.#replies.onMessage(message);
  }

  answer(message: Message, status = 200): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#replies.onAnswer(message, status);
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#replies.onFailure(error);
  }

  /** Answers with what `work` comes to. */
  async answerWith(work: () => Promise<Message>): Promise<void> {
    try {
      this.answer(await work());
    } catch (error) {
      this.fail(error);
    }
  }

  cancel(notice?: Message): void {
    this.#isOver = true;
    this.#exchange?.cancel(notice);
  }
}
