/** When a connection may be tried again: by itself after pauses that grow, and never too soon whoever asks. */
import type { LinkTimings } from './timings.ts';

export class Pacing {
  readonly #timings: LinkTimings;
  #failures = 0;
  #readyAt = 0;
  #attemptedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(timings: LinkTimings) {
    this.#timings = timings;
  }

  /** How long ago the last attempt began, in milliseconds. */
  get age(): number {
    return Date.now() - this.#attemptedAt;
  }

  /** True while a server that failed is to be spared. */
  get isTooSoon(): boolean {
    return this.age < this.#timings.minGapMs;
  }

  attempt(): void {
    this.#attemptedAt = Date.now();
    this.stop();
  }

  succeeded(): void {
    this.#readyAt = Date.now();
  }

  /** A connection has ended, by itself or because nobody used it: one that lived for a while comes back at once; one that dies again and again has to wait. */
  lost(): void {
    if (Date.now() - this.#readyAt >= this.#timings.stableMs) this.#failures = 0;
  }

  /** The server is alive and need not be spared. */
  hurry(): void {
    this.#attemptedAt = 0;
  }

  /** Counts a failure; returns the pause until the next attempt, in milliseconds. */
  failed(): number {
    const base = Math.min(this.#timings.firstRetryMs * 2 ** this.#failures, this.#timings.longestRetryMs);
    this.#failures += 1;
    return base * (0.75 + Math.random() / 2);
  }

  /** Runs `work` after `ms`, unless an attempt is made before. */
  later(ms: number, work: () => void): void {
    this.stop();
    this.#timer = setTimeout(work, ms);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
