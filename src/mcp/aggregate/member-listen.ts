/** The subscription of one caller at one server, which is made again when the server has been away. */
import { isRecord } from '../../schema/json-schema.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';
import { ACKNOWLEDGED } from '../subscriptions.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface MemberListenOptions {
  /** Sends the request anew. */
  readonly send: (replies: Replies) => Exchange;
  readonly onMessage: (message: Message) => void;
  /** The server listens again after it has been away. */
  readonly onAgain: () => void;
}

export class MemberListen {
  readonly #options: MemberListenOptions;
  #exchange: Exchange | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #wasAway = false;
  #honorsSomething = false;
  #isOver = false;

  constructor(options: MemberListenOptions) {
    this.#options = options;
    this.#send();
  }

  /** True where the server tells nothing and is not asked again. */
  get isOver(): boolean {
    return this.#isOver;
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#exchange?.cancel();
  }

  #send(): void {
    this.#honorsSomething = false;
    this.#exchange = this.#options.send({
      onMessage: (message) => this.#onMessage(message),
      // A server that refuses, or that has nothing to tell, does so the next time, too.
      onAnswer: (answer) => this.#ended(answer.result !== undefined && this.#honorsSomething),
      onFailure: () => this.#ended(true),
    });
  }

  #onMessage(message: Message): void {
    if (message.method === ACKNOWLEDGED) this.#onAcknowledged(message);
    else if (message.kind === 'notification') this.#options.onMessage(message);
  }

  #onAcknowledged(message: Message): void {
    const { notifications } = message.params;
    this.#honorsSomething = isRecord(notifications) && Object.keys(notifications).length > 0;
    if (!this.#honorsSomething) return;
    this.#pauseMs = FIRST_PAUSE_MS;
    if (this.#wasAway) this.#options.onAgain();
    this.#wasAway = false;
  }

  #ended(isWorthAnother: boolean): void {
    if (this.#isOver) return;
    if (!isWorthAnother) {
      this.#isOver = true;
      return;
    }
    this.#wasAway = true;
    this.#timer = setTimeout(() => this.#send(), this.#pauseMs).unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }
}
