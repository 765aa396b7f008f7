/** Counts the calls at one connection, and tells when nobody has used it for a while. */
import { settledWithin } from './waiting.ts';

export class LinkUse {
  readonly #idleMs: number | undefined;
  readonly #onIdle: () => void;
  #active = 0;
  #timer: NodeJS.Timeout | undefined;
  #onLast: (() => void) | undefined;

  /** `onIdle` is called when there was no call for `idleMs`; undefined: never. */
  constructor(idleMs: number | undefined, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
  }

  /** True while a call is in flight. */
  get isBusy(): boolean {
    return this.#active > 0;
  }

  begin(): void {
    this.#active += 1;
    clearTimeout(this.#timer);
  }

  end(): void {
    this.#active -= 1;
    if (this.#active > 0) return;
    this.#onLast?.();
    this.watch();
  }

  /** From now on it counts how long nobody calls. */
  watch(): void {
    clearTimeout(this.#timer);
    if (this.#idleMs === undefined || this.isBusy) return;
    this.#timer = setTimeout(this.#onIdle, this.#idleMs).unref();
  }

  /** Resolves when the calls in flight have ended, or after `ms`. */
  async ended(ms: number): Promise<void> {
    if (this.isBusy) await settledWithin(new Promise<void>((resolve) => (this.#onLast = resolve)), ms);
  }
}
