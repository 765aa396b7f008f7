/** A signal that its maker can abort: making an AbortSignal, and collecting it as garbage, costs a tenth of a whole call. */
import type { StopSignal } from './wire.ts';

export class StopSource implements StopSignal {
  aborted = false;
  reason: unknown;
  /** Few, and mostly none. */
  #listeners: readonly (() => void)[] = NOBODY;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const others = this.#listeners.filter((one) => one !== listener);
    this.#listeners = others.length === 0 ? NOBODY : others;
  }

  /** Only the first time counts. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener();
  }
}

const NOBODY: readonly (() => void)[] = [];
