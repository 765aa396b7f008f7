/** The shared sessions by key; those that nobody uses are ended after a while. */
import { connectionLost, unavailable } from '../../upstream/wire.ts';
import type { Lease, SharedPeer } from './shared-peer.ts';

const IDLE_MS = 10 * 60_000;
const MOST = 1_000;

export class SharedPeers {
  readonly #peers = new Map<string, SharedPeer>();
  readonly #idleMs: number;
  readonly #most: number;
  /** There with the first session. */
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(limits: { readonly most?: number; readonly idleMs?: number } = {}) {
    this.#idleMs = limits.idleMs ?? IDLE_MS;
    this.#most = limits.most ?? MOST;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** The session under `key`, if there is one. */
  find(key: string): SharedPeer | undefined {
    return this.#peers.get(key);
  }

  /** The session under `key`, made on first use. Throws 503 where there are too many that are used, and what `make` throws. */
  get(key: string, make: () => SharedPeer): SharedPeer {
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    if (this.#isClosed) throw connectionLost('The gateway is ending.');
    if (this.#peers.size >= this.#most && !this.#giveUpIdle(() => true)) {
      throw unavailable('Too many sessions with servers are open; try again later.', 60);
    }
    const peer = make();
    this.#peers.set(key, peer);
    this.#timer ??= setInterval(() => this.#sweep(), this.#idleMs / 10).unref();
    return peer;
  }

  /** Ends every session whose key begins with `prefix`. */
  async retire(prefix: string): Promise<void> {
    const keys = [...this.#peers.keys()].filter((key) => key.startsWith(prefix));
    await Promise.all(keys.map((key) => this.#end(key)));
  }

  /** Ends `peer` unless somebody uses it. */
  retireIdle(key: string, peer: SharedPeer): void {
    if (this.#peers.get(key) === peer && peer.idleSince !== undefined) this.#endSoon(key);
  }

  /** Whether there is room for one more of the sessions whose keys begin with `prefix`; idle ones of them are ended for that. */
  hasRoom(prefix: string, most: number): boolean {
    const isOne = (key: string): boolean => key.startsWith(prefix);
    let count = [...this.#peers.keys()].filter(isOne).length;
    for (; count >= most; count -= 1) if (!this.#giveUpIdle(isOne)) return false;
    return true;
  }

  /** Ends the session that was idle for longest, of those with such a lease; false: all are in use. */
  giveUpIdle(isSuch: (lease: Lease | undefined) => boolean): boolean {
    return this.#giveUpIdle((_key, { lease }) => isSuch(lease));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.retire('');
  }

  async #end(key: string): Promise<void> {
    const peer = this.#peers.get(key);
    this.#peers.delete(key);
    await peer?.close();
  }

  /** Nobody waits for the end, nor could do anything where that fails. */
  #endSoon(key: string): void {
    this.#end(key).catch(() => undefined);
  }

  #sweep(): void {
    const now = Date.now();
    for (const [key, { idleSince }] of this.#peers) {
      if (idleSince !== undefined && now - idleSince >= this.#idleMs) this.#endSoon(key);
    }
  }

  #giveUpIdle(isOne: (key: string, peer: SharedPeer) => boolean): boolean {
    let oldest: { readonly key: string; readonly since: number } | undefined;
    for (const [key, peer] of this.#peers) {
      const since = peer.idleSince;
      if (since === undefined || !isOne(key, peer)) continue;
      if (since < (oldest?.since ?? Number.POSITIVE_INFINITY)) oldest = { key, since };
    }
    if (oldest === undefined) return false;
    this.#endSoon(oldest.key);
    return true;
  }
}
