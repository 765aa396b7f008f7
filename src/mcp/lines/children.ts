/** How many child processes sessions may hold: each costs what a program costs. */
import type { SessionLimits } from '../../config/model.ts';
import { GatewayError } from '../../errors.ts';

const RETRY_SECONDS = 30;

export type ChildLimits = Pick<SessionLimits, 'most' | 'mostPerPrincipal'>;

/** One child of a session. */
export interface ChildSlot {
  /** True the first time. */
  release(): boolean;
}

export class ChildSlots {
  readonly #held = new Map<string, number>();
  readonly #limits: ChildLimits;
  #all = 0;

  constructor(limits: ChildLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all;
  }

  /**
   * A slot for a child of `key`. `makeRoom` gives up one that is idle, of that key or, where all together have too many, of
   * anybody, and says whether there was one. Throws where there is no room: 429 where the caller has too many, 503 where
   * all together have. `isOne`: the caller is one principal, and not many people of whom nobody knows who they are.
   * `retrySeconds`: when it is worth while to try again.
   */
  take(
    key: string,
    isOne: boolean,
    makeRoom: (ofAnybody: boolean) => boolean,
    retrySeconds = (): number => RETRY_SECONDS,
  ): ChildSlot {
    while (this.#isFull(key, isOne)) {
      const isAll = this.#all >= this.#limits.most;
      if (!makeRoom(isAll)) throw isAll ? this.#fullForAll(retrySeconds()) : this.#fullForOne(retrySeconds());
    }
    this.#add(key, 1);
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return false;
        isHeld = false;
        this.#add(key, -1);
        return true;
      },
    };
  }

  #isFull(key: string, isOne: boolean): boolean {
    if (this.#all >= this.#limits.most) return true;
    return isOne && (this.#held.get(key) ?? 0) >= this.#limits.mostPerPrincipal;
  }

  #fullForOne(seconds: number): GatewayError {
    const { mostPerPrincipal } = this.#limits;
    return tooMany(429, seconds, `You have ${mostPerPrincipal} sessions with processes of their own; close some.`);
  }

  #fullForAll(seconds: number): GatewayError {
    return tooMany(
      503,
      seconds,
      `All callers together have ${this.#limits.most} sessions with processes of their own.`,
    );
  }

  #add(key: string, count: number): void {
    this.#all += count;
    const held = (this.#held.get(key) ?? 0) + count;
    if (held === 0) this.#held.delete(key);
    else this.#held.set(key, held);
  }
}

function tooMany(status: 429 | 503, seconds: number, message: string): GatewayError {
  const headers = { 'retry-after': String(seconds) };
  return new GatewayError('too_many_sessions', status, message, { detail: { message }, headers });
}
