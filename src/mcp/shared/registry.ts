/** The shared sessions by key; those that nobody uses are ended after a while. */
import { unavailable } from '../../upstream/wire.ts';
import type { SharedPeer } from './shared-peer.ts';

const IDLE_MS = 10 * 60_000;
const MOST = 1_000;

export class SharedPeers {
  readonly #peers = new Map<string, SharedPeer>();
  readonly #idleMs: number;
  readonly #most: number;
  readonly #timer: NodeJS.Timeout;

  constructor(limits: { readonly most?: number; readonly idleMs?: number } = {}) {
    this.#idleMs = limits.idleMs ?? IDLE_MS;
    this.#most = limits.most ?? MOST;
    this.#timer = setInterval(() => this.#sweep(), this.#idleMs / 10).unref();
  }

  get size(): number {
    return this.#peers.size;
  }

  /** The session under `key`, made on first use. Throws 503 where there are too many that are used. */
  get(key: string, make: () => SharedPeer): SharedPeer {
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    if (this.#peers.size >= this.#most) this.#makeRoom();
    const peer = make();
    this.#peers.set(key, peer);
    return peer;
  }

  /** Ends every session whose key begins with `prefix`. */
  async retire(prefix: string): Promise<void> {
    const keys = [...this.#peers.keys()].filter((key) => key.startsWith(prefix));
    await Promise.all(keys.map((key) => this.#end(key)));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.retire('');
  }

  async #end(key: string): Promise<void> {
    const peer = this.#peers.get(key);
    this.#peers.delete(key);
    await peer?.close();
  }

  #sweep(): void {
    const now = Date.now();
    for (const [key, { idleSince }] of this.#peers) {
      if (idleSince !== undefined && now - idleSince >= this.#idleMs) void this.#end(key);
    }
  }

  /** Ends the one that has been idle for longest. */
  #makeRoom(): void {
    let oldest: { readonly key: string; readonly since: number } | undefined;
    for (const [key, { idleSince }] of this.#peers) {
      if (idleSince !== undefined && idleSince < (oldest?.since ?? Number.POSITIVE_INFINITY)) {
        oldest = { key, since: idleSince };
      }
    }
    if (oldest === undefined) throw unavailable('Too many sessions with servers are open; try again later.', 60);
    void this.#end(oldest.key);
  }
}
