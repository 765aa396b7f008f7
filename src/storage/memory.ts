/** Rows in the memory of this process: nothing awaits within a method, so each is one step for all callers. */
import type { Row, Rows } from './rows.ts';

interface Held {
  readonly text: string;
  readonly expires: number | undefined;
}

export class MemoryRows implements Rows {
  readonly #held = new Map<string, Held>();

  async get(key: string): Promise<string | undefined> {
    return this.#live(key)?.text;
  }

  async set(key: string, text: string, expires: number | undefined): Promise<void> {
    this.#held.set(key, { text, expires });
  }

  async putIfAbsent(key: string, text: string, expires: number | undefined): Promise<boolean> {
    if (this.#live(key) !== undefined) return false;
    this.#held.set(key, { text, expires });
    return true;
  }

  async replace(key: string, expected: string, text: string, expires: number | undefined): Promise<boolean> {
    if (this.#live(key)?.text !== expected) return false;
    this.#held.set(key, { text, expires });
    return true;
  }

  async touch(key: string, expires: number): Promise<boolean> {
    const held = this.#live(key);
    if (held === undefined) return false;
    this.#held.set(key, { text: held.text, expires });
    return true;
  }

  async take(key: string): Promise<string | undefined> {
    const held = this.#live(key);
    if (held !== undefined) this.#held.delete(key);
    return held?.text;
  }

  async sweep(prefix: string, limit: number): Promise<readonly Row[]> {
    const now = Date.now();
    const swept: Row[] = [];
    for (const [key, held] of this.#held) {
      if (swept.length >= limit) break;
      if (!key.startsWith(prefix) || !isExpired(held, now)) continue;
      this.#held.delete(key);
      swept.push({ key, text: held.text });
    }
    return swept;
  }

  async close(): Promise<void> {
    this.#held.clear();
  }

  #live(key: string): Held | undefined {
    const held = this.#held.get(key);
    return held === undefined || isExpired(held, Date.now()) ? undefined : held;
  }
}

function isExpired({ expires }: Held, now: number): boolean {
  return expires !== undefined && expires <= now;
}
