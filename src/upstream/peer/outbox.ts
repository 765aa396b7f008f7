/** Messages that nobody answers, on their way over HTTP: in order, few at a time, and never more than fit. */
import type { Log } from '../../log-sink.ts';
import { reasonOf } from '../wire.ts';
import type { Message } from './message.ts';

const MOST_AT_ONCE = 32;
const MOST_WAITING = 1_000;
const MOST_WAITING_CHARACTERS = 32 * 1024 * 1024;

export class Outbox {
  readonly #deliver: (text: string) => Promise<void>;
  readonly #log: Log;
  #waiting: Message[] = [];
  #characters = 0;
  #underWay = 0;

  /** `deliver` resolves once the server has accepted a message; what it rejects is dropped. */
  constructor(deliver: (text: string) => Promise<void>, log: Log) {
    this.#deliver = deliver;
    this.#log = log;
  }

  add(message: Message): void {
    if (this.#underWay < MOST_AT_ONCE) {
      this.#send(message);
    } else if (this.#waiting.length < MOST_WAITING && this.#characters < MOST_WAITING_CHARACTERS) {
      this.#waiting.push(message);
      this.#characters += message.text.length;
    } else {
      this.#dropped(message, 'too many wait');
    }
  }

  /** Drops what waits. */
  clear(): void {
    this.#waiting = [];
    this.#characters = 0;
  }

  #send(message: Message): void {
    this.#underWay += 1;
    this.#deliver(message.text)
      .catch((error: unknown) => this.#dropped(message, reasonOf(error)))
      .finally(() => this.#next());
  }

  #next(): void {
    this.#underWay -= 1;
    const message = this.#waiting.shift();
    if (message === undefined) return;
    this.#characters -= message.text.length;
    this.#send(message);
  }

  #dropped(message: Message, reason: string): void {
    this.#log.debug({ kind: message.kind, reason }, 'a message that the server did not accept was dropped');
  }
}
