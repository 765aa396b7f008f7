/** How long one request waits: so many milliseconds without a sign of life, the time not counted in which the caller is asked. */
import { LONGEST_MS, type Questions } from './questions.ts';

export class Patience {
  readonly #ms: number;
  readonly #questions: Questions;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** What the questions had taken when the timer was set. */
  #askedBefore = 0;
  #givenMs = 0;

  /** Calls `onOver` once, unless it is stopped before. */
  constructor(ms: number, questions: Questions, onOver: () => void) {
    this.#ms = ms;
    this.#questions = questions;
    this.#onOver = onOver;
    this.#wait(ms);
  }

  /** A sign of life; nothing happens once it is stopped or over. */
  renew(): void {
    if (this.#timer !== undefined) this.#wait(this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#askedBefore = this.#questions.totalMs;
    this.#timer = setTimeout(() => this.#due(), ms);
  }

  /** What is given for questions is bounded as a whole: a server must not live for ever by asking again and again. */
  #due(): void {
    const asked = this.#questions.isOpen ? this.#ms : this.#questions.totalMs - this.#askedBefore;
    const more = Math.min(asked, LONGEST_MS - this.#givenMs);
    if (more <= 0) {
      this.stop();
      this.#onOver();
      return;
    }
    this.#givenMs += more;
    this.#wait(more);
  }
}
