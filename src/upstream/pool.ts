/** Personal upstream sessions: one link for each (server, person or session), closed when idle, within limits. */
import { LRUCache } from 'lru-cache';
import type { ChildSlot, ChildSlots } from './child-slots.ts';
import { Link } from './link.ts';
import type { LinkOptions } from './link-options.ts';
import { DRAIN_MS } from './timings.ts';

const IDLE_MS = 10 * 60_000;
const MOST = 1_000;

/** Whose link it is, and who keeps its child. */
export interface ChildHolder {
  /** The principal; on a server where each person signs in, the owner of the grant. */
  readonly principalId: string;
  /** False: the principal may be many people, for whom the limit of all together is the only one. */
  readonly isOnePerson: boolean;
}

interface Held {
  readonly link: Link;
  /** Absent where the link has no child. */
  readonly child?: { readonly holder: string; readonly slot: ChildSlot };
}

export class SessionPool {
  readonly #children: ChildSlots;
  readonly #links: LRUCache<string, Held>;
  readonly #leaving = new Map<Link, Promise<void>>();
  /** The end of the link that made room last. */
  #madeRoom: Promise<void> | undefined;

  constructor(children: ChildSlots, limits: { readonly most?: number; readonly idleMs?: number } = {}) {
    this.#children = children;
    this.#links = new LRUCache({
      max: limits.most ?? MOST,
      ttl: limits.idleMs ?? IDLE_MS,
      updateAgeOnGet: true,
      ttlAutopurge: true,
      disposeAfter: (held, key, reason) => {
        // A long call is no idleness.
        if (reason === 'expire' && held.link.isBusy) this.#links.set(key, held);
        else this.#release(held);
      },
    });
    children.addSpare((holder) => this.#giveUpIdle(holder));
  }

  /**
   * The link under `key`, made on first use. `holder`: for whom it keeps a child; undefined: it has none. Throws 429 or 503
   * where there are too many children, and all are in use.
   */
  get(key: string, options: () => LinkOptions, holder?: ChildHolder): Link {
    const known = this.#links.get(key);
    if (known !== undefined) return known.link;
    const held = holder === undefined ? { link: new Link(options()) } : this.#withChild(options(), holder);
    this.#links.set(key, held);
    return held.link;
  }

  /** The link under `key`, if it was made; looking does not keep it alive. */
  peek(key: string): Link | undefined {
    return this.#links.peek(key)?.link;
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

  #withChild(options: LinkOptions, { principalId, isOnePerson }: ChildHolder): Held {
    this.#madeRoom = undefined;
    const slot = this.#children.take(principalId, { isOne: isOnePerson });
    // Else there would be one process too many as long as the one that gives way takes to end.
    const after = this.#madeRoom;
    const link = new Link(after === undefined ? options : { ...options, after });
    return { link, child: { holder: principalId, slot } };
  }

  /** Ends the link with a child that was not used for longest, of `holder` or of anybody; false: all are in use. */
  #giveUpIdle(holder: string | undefined): boolean {
    for (const key of this.#links.rkeys()) {
      const held = this.#links.peek(key);
      if (held?.child === undefined || held.link.isBusy) continue;
      if (holder !== undefined && held.child.holder !== holder) continue;
      this.#links.delete(key);
      this.#madeRoom = this.#leaving.get(held.link);
      return true;
    }
    return false;
  }

  /** A child in use counts until it is gone; one that rests must not keep anybody waiting. */
  #release({ link, child }: Held): void {
    if (!link.isBusy) child?.slot.release();
    const leaving = link.retire(DRAIN_MS).finally(() => {
      this.#leaving.delete(link);
      child?.slot.release();
    });
    this.#leaving.set(link, leaving);
  }
}
