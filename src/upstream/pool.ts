/** Personal upstream sessions: one link for each (server, person or session), closed when idle, never more than a thousand. */
import { LRUCache } from 'lru-cache';
import { Link } from './link.ts';
import type { LinkOptions } from './link-options.ts';

const IDLE_MS = 10 * 60_000;
const MOST = 1_000;
const DRAIN_MS = 30_000;

export class SessionPool {
  readonly #links: LRUCache<string, Link>;
  readonly #leaving = new Map<Link, Promise<void>>();

  constructor(limits: { readonly most?: number; readonly idleMs?: number } = {}) {
    this.#links = new LRUCache({
      max: limits.most ?? MOST,
      ttl: limits.idleMs ?? IDLE_MS,
      updateAgeOnGet: true,
      ttlAutopurge: true,
      disposeAfter: (link, key, reason) => {
        // A long call is no idleness.
        if (reason === 'expire' && link.isBusy) this.#links.set(key, link);
        else this.#release(link);
      },
    });
  }

  /** The link under `key`, made on first use. */
  get(key: string, options: () => LinkOptions): Link {
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const link = new Link(options());
    this.#links.set(key, link);
    return link;
  }

  /** The link under `key`, if it was made; looking does not keep it alive. */
  peek(key: string): Link | undefined {
    return this.#links.peek(key);
  }

  get size(): number {
    return this.#links.size;
  }

  /** Ends every link whose key begins with `prefix`. */
  retire(prefix: string): void {
    for (const key of [...this.#links.keys()]) if (key.startsWith(prefix)) this.#links.delete(key);
  }

  async close(): Promise<void> {
    this.#links.clear();
    await Promise.all([...this.#leaving.keys()].map((link) => link.close()));
    await Promise.all(this.#leaving.values());
  }

  #release(link: Link): void {
    const leaving = link.retire(DRAIN_MS).finally(() => this.#leaving.delete(link));
    this.#leaving.set(link, leaving);
  }
}
