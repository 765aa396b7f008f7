/** How many child processes sessions may hold: each costs what a program costs. */
import { unavailable } from '../../upstream/wire.ts';

const MOST = 100;
const MOST_PER_PERSON = 20;

/** One child of a session. */
export interface ChildSlot {
  /** True the first time. */
  release(): boolean;
}

export class ChildSlots {
  readonly #held = new Map<string, number>();
  readonly #limits: { readonly most: number; readonly mostPerPerson: number };
  #all = 0;

  constructor(limits: { readonly most?: number; readonly mostPerPerson?: number } = {}) {
    this.#limits = { most: limits.most ?? MOST, mostPerPerson: limits.mostPerPerson ?? MOST_PER_PERSON };
  }

  get size(): number {
    return this.#all;
  }

  /**
   * A slot for a child of `key`. `makeRoom` gives up one that is idle, of that key or, where all together have too many, of
   * anybody, and says whether there was one. Throws 503 where there is no room.
   */
  take(key: string, isOnePerson: boolean, makeRoom: (ofAnybody: boolean) => boolean): ChildSlot {
    while (this.#isFull(key, isOnePerson)) {
      if (!makeRoom(this.#all >= this.#limits.most))
        throw unavailable('Too many MCP sessions with processes of their own are open; close some.', 30);
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

  #isFull(key: string, isOnePerson: boolean): boolean {
    if (this.#all >= this.#limits.most) return true;
    return isOnePerson && (this.#held.get(key) ?? 0) >= this.#limits.mostPerPerson;
  }

  #add(key: string, count: number): void {
    this.#all += count;
    const held = (this.#held.get(key) ?? 0) + count;
    if (held === 0) this.#held.delete(key);
    else this.#held.set(key, held);
  }
}
