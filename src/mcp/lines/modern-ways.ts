/** The stateless connections to servers, one for each scope; those that nobody uses are ended after a while. */
import type { ServerConfig } from '../../config/model.ts';
import type { Owner } from '../../oauth/model.ts';
import { INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import { Eras } from '../../upstream/peer/eras.ts';
import type { Message } from '../../upstream/peer/message.ts';
import { StatusError } from '../../upstream/peer/modern-answer.ts';
import { ModernHttpPeer } from '../../upstream/peer/modern-http-peer.ts';
import { ModernStdioPeer } from '../../upstream/peer/modern-stdio-peer.ts';
import type { Peer, PeerEvents } from '../../upstream/peer/peer.ts';
import { MODERN_ERRORS } from '../../upstream/protocol.ts';
import type { Server } from '../../upstream/server.ts';
import { connectionLost, unavailable } from '../../upstream/wire.ts';
import type { Lease } from '../sharing/shared-peer.ts';
import { WatchedPeer } from '../wrappers/watched-peer.ts';

const OF_ANY_ERA: ReadonlySet<unknown> = new Set([INVALID_REQUEST, INVALID_PARAMS]);
const IDLE_MS = 10 * 60_000;
const MOST = 1_000;
/** Ways that were given up while somebody used them. */
const MOST_LEFT = 100;

export type ModernServer = Pick<Server, 'config' | 'log' | 'credentialOf'>;

export interface WayOptions {
  /** Whose grant it uses. */
  readonly owner: Owner;
  /** What the way holds as long as it lasts. */
  readonly lease?: Lease | undefined;
}

export class ModernWays {
  readonly #eras = new Eras();
  readonly #ways = new Map<string, Way>();
  readonly #left = new Set<Way>();
  /** Peers that are being asked what they speak. */
  readonly #asked = new Set<Peer>();
  readonly #onDoubt: (config: ServerConfig) => void;
  readonly #idleMs: number;
  readonly #most: number;
  /** There with the first way. */
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `onDoubt`: a server has answered what no server of 2026-07-28 does. */
  constructor(
    onDoubt: (config: ServerConfig) => void = () => undefined,
    limits: { readonly most?: number; readonly idleMs?: number } = {},
  ) {
    this.#onDoubt = onDoubt;
    this.#idleMs = limits.idleMs ?? IDLE_MS;
    this.#most = limits.most ?? MOST;
  }

  get size(): number {
    return this.#ways.size;
  }

  /**
   * The way under `key`, found on first use; undefined where the server has none. Rejects where that cannot be said now,
   * and with 503 where there are too many. `options` is asked for a new way only, and may throw.
   */
  async find(server: ModernServer, key: string, options: () => WayOptions): Promise<Peer | undefined> {
    const known = this.#ways.get(key);
    if (known !== undefined) return await known.use();
    if (this.#isClosed) throw connectionLost('The gateway is ending.');
    if (this.#ways.size >= this.#most && !this.giveUpIdle(() => true)) {
      throw unavailable('Too many connections to servers are open; try again later.', 60);
    }
    const { owner, lease } = options();
    const way = new Way(key, lease, (own) => this.#ask(server, owner, own));
    this.#ways.set(key, way);
    this.#timer ??= setInterval(() => this.#sweep(), this.#idleMs / 10).unref();
    // What could not be said now may be said later, and a server without it may learn it: the verdict is kept elsewhere.
    way.found.then(
      (peer) => {
        if (peer === undefined) this.#drop(way);
      },
      () => this.#drop(way),
    );
    return await way.use();
  }

  /** Ends the way that was idle for longest, of those with such a lease; false: all are in use. */
  giveUpIdle(isSuch: (lease: Lease | undefined) => boolean): boolean {
    let oldest: { readonly way: Way; readonly since: number } | undefined;
    for (const way of this.#ways.values()) {
      const since = way.idleSince;
      if (since === undefined || !isSuch(way.lease)) continue;
      if (since < (oldest?.since ?? Number.POSITIVE_INFINITY)) oldest = { way, since };
    }
    if (oldest === undefined) return false;
    void this.#end(oldest.way);
    return true;
  }

  /** Ends every way whose key begins with `prefix`. */
  async retire(prefix: string): Promise<void> {
    const ways = [...this.#ways.values(), ...this.#left].filter(({ key }) => key.startsWith(prefix));
    await Promise.all(ways.map((way) => this.#end(way)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    // Nobody waits for what they would say.
    await Promise.all([...this.#asked].map((peer) => peer.close()));
    await this.retire('');
  }

  async #ask(server: ModernServer, owner: Owner, way: Way): Promise<WatchedPeer | undefined> {
    const { config } = server;
    if (config.endpoint.kind === 'sse') return undefined;
    // A child that has ended is started again by the next request.
    const events: PeerEvents = { onMessage: () => undefined, onClosed: () => this.#drop(way) };
    let asked: Peer | undefined;
    const open = (to: PeerEvents): Peer => {
      asked = openModern(server, owner, to);
      this.#asked.add(asked);
      return asked;
    };
    try {
      const verdict = await this.#eras.verdict(config, open, events);
      if (verdict.era === 'legacy') return undefined;
      return new WatchedPeer(verdict.peer ?? openModern(server, owner, events), {
        onAnswer: (answer, status) => {
          if (isForeign(answer, status)) this.#doubt(config, way);
        },
        onFailure: (error) => {
          if (error instanceof StatusError) this.#doubt(config, way);
        },
      });
    } finally {
      if (asked !== undefined) this.#asked.delete(asked);
    }
  }

  /** What was found out about a server may not hold any more: it is asked again by whoever comes next. */
  #doubt(config: ServerConfig, way: Way): void {
    this.#eras.forget(config);
    this.#onDoubt(config);
    if (this.#ways.get(way.key) !== way) return;
    this.#drop(way);
    // Others may use it, or be about to.
    this.#left.add(way);
    const [first] = this.#left;
    if (first !== undefined && this.#left.size > MOST_LEFT) void this.#end(first);
  }

  /** Nobody new finds it. */
  #drop(way: Way): void {
    if (this.#ways.get(way.key) === way) this.#ways.delete(way.key);
    way.lease?.release();
  }

  async #end(way: Way): Promise<void> {
    this.#drop(way);
    this.#left.delete(way);
    const peer = await way.found.catch(() => undefined);
    await peer?.close().catch(() => undefined);
  }

  #sweep(): void {
    const now = Date.now();
    for (const way of [...this.#ways.values(), ...this.#left]) {
      const since = way.idleSince;
      if (since !== undefined && (this.#left.has(way) || now - since >= this.#idleMs)) void this.#end(way);
    }
  }
}

/** One connection, which is found out about first. */
class Way {
  readonly key: string;
  readonly lease: Lease | undefined;
  readonly found: Promise<WatchedPeer | undefined>;
  #peer: WatchedPeer | undefined;
  #usedAt = Date.now();

  constructor(key: string, lease: Lease | undefined, find: (way: Way) => Promise<WatchedPeer | undefined>) {
    this.key = key;
    this.lease = lease;
    this.found = find(this).then((peer) => {
      this.#peer = peer;
      return peer;
    });
  }

  /** Milliseconds since the epoch; undefined while it is used or found out about. */
  get idleSince(): number | undefined {
    const since = this.#peer?.idleSince;
    return since === undefined ? undefined : Math.max(since, this.#usedAt);
  }

  use(): Promise<WatchedPeer | undefined> {
    this.#usedAt = Date.now();
    return this.found;
  }
}

function openModern(server: ModernServer, owner: Owner, events: PeerEvents): Peer {
  const { endpoint } = server.config;
  return endpoint.kind === 'stdio'
    ? new ModernStdioPeer(endpoint, events, server.log)
    : new ModernHttpPeer({ ...endpoint, kind: 'http' }, events, server.log, server.credentialOf(owner));
}

/** What no server of 2026-07-28 answers under that status: another server may be there now (Streamable HTTP, statuses). */
function isForeign({ error }: Message, status: number): boolean {
  if (status === 200 || error === undefined || MODERN_ERRORS.has(error.code)) return false;
  return status === 404 ? error.code !== METHOD_NOT_FOUND : !OF_ANY_ERA.has(error.code);
}
