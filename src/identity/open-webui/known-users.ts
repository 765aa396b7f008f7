/** Whom tokens name that were verified lately, so that most calls need no computing; bounded. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../principal.ts';

export interface Known {
  readonly principal: Principal;
  /** When the token itself stops counting, in milliseconds since 1970; `Infinity`: never. */
  readonly endsAt: number;
  /** When it must be verified anew, never later than `endsAt`. */
  readonly freshUntil: number;
}

/** One way to verify tokens. */
export interface Verifier {
  /** Differs from that of every other way, so that no token counts by a secret that did not sign it. */
  readonly fingerprint: string;
  /** Rejects with 401, 429 or 503. `from`: the address of the client, for those who count. */
  verify(text: string, from: string): Promise<Known>;
}

/** What tells the time, in milliseconds since 1970. */
export interface Clock {
  now(): number;
}

const MOST_KNOWN = 10_000;

export class KnownUsers {
  readonly #known: LRUCache<string, Known>;
  readonly #underWay = new Map<string, Promise<Known>>();
  readonly #clock: Clock;

  /** `most`: how many tokens are remembered. */
  constructor(clock: Clock, most = MOST_KNOWN) {
    this.#clock = clock;
    this.#known = new LRUCache({ max: most });
  }

  /** How many tokens are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /** At once where the token was verified lately; requests at the same time share one verification. */
  find(text: string, verifier: Verifier, from: string): Known | Promise<Known> {
    // A hash, so that no token stays in memory.
    const key = hash('sha256', `${verifier.fingerprint} ${text}`, 'base64url');
    const known = this.#known.get(key);
    if (known !== undefined && this.#clock.now() < known.freshUntil) return known;
    const before = this.#underWay.get(key);
    if (before !== undefined) return before;
    const work = this.#verify(key, () => verifier.verify(text, from)).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    return work;
  }

  async #verify(key: string, verify: () => Promise<Known>): Promise<Known> {
    try {
      const found = await verify();
      this.#known.set(key, found);
      return found;
    } catch (error) {
      this.#known.delete(key);
      throw error;
    }
  }
}
