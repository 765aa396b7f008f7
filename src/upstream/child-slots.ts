/** How many child processes callers may keep to themselves, however they call: each costs what a program costs. */
import type { SessionLimits } from '../config/model.ts';
import { GatewayError } from '../errors.ts';

const RETRY_SECONDS = 30;

export type ChildLimits = Pick<SessionLimits, 'most' | 'mostPerPrincipal'>;

/** One child of a caller. */
export interface ChildSlot {
  /** True the first time. */
  release(): boolean;
}

/**
 * Gives up one idle child that is nobody's work, of `holder` or, where that is undefined, of anybody, and releases its slot
 * at once; false: there is none.
 */
export type Spare = (holder: string | undefined) => boolean;

export interface SlotOptions {
  /** True: the caller is one principal, and not many people of whom nobody knows who they are. */
  readonly isOne: boolean;
  /** Ends an idle child that is the caller's work; false: there is none. Default: none gives way. */
  readonly makeRoom?: () => boolean;
  /** When it is worth while to try again, in seconds. */
  readonly retrySeconds?: () => number;
}

export class ChildSlots {
  readonly #held = new Map<string, number>();
  readonly #limits: ChildLimits;
  readonly #spares: Spare[] = [];
  #all = 0;

  constructor(limits: ChildLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all;
  }

  /** Whoever needs a slot where there is none asks `spare`. */
  addSpare(spare: Spare): void {
    this.#spares.push(spare);
  }

  /**
   * A slot for a child of `key`. Where there is no room, a spare one gives way: of that key first, and of anybody where all
   * together have too many; else `makeRoom` is asked. Throws where that has none: 429 where the caller has too many, 503
   * where all together have.
   */
  take(key: string, { isOne, makeRoom, retrySeconds }: SlotOptions): ChildSlot {
    for (;;) {
      const isFullForOne = isOne && (this.#held.get(key) ?? 0) >= this.#limits.mostPerPrincipal;
      if (!isFullForOne && this.#all < this.#limits.most) return this.#taken(key);
      // What is somebody else's helps nobody who has too many.
      if (this.#giveUpSpare(key) || (!isFullForOne && this.#giveUpSpare(undefined)) || makeRoom?.()) continue;
      const seconds = retrySeconds?.() ?? RETRY_SECONDS;
      throw isFullForOne ? this.#fullForOne(seconds) : this.#fullForAll(seconds);
    }
  }

  #taken(key: string): ChildSlot {
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

  #giveUpSpare(holder: string | undefined): boolean {
    return this.#spares.some((spare) => spare(holder));
  }

  #fullForOne(seconds: number): GatewayError {
    const { mostPerPrincipal } = this.#limits;
    return tooMany(
      429,
      seconds,
      `You have ${mostPerPrincipal} sessions with processes of their own or at /api; close some, or try again later.`,
    );
  }

  #fullForAll(seconds: number): GatewayError {
    return tooMany(
      503,
      seconds,
      `All callers together have ${this.#limits.most} sessions with processes of their own or at /api.`,
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
