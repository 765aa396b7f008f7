/** Which servers speak 2026-07-28: asked once, and remembered by configuration. */
import { LRUCache } from 'lru-cache';
import type { ServerConfig } from '../../config/model.ts';
import { loginRefusal } from '../../oauth/errors.ts';
import { RefusedError } from '../http-status.ts';
import { MODERN } from '../protocol.ts';
import type { Message } from './message.ts';
import { askEra, type Era } from './modern-probe.ts';
import type { Peer, PeerEvents, PeerFactory } from './peer.ts';

export type Verdict =
  | { readonly era: 'legacy' }
  | {
      readonly era: 'modern';
      /**
       * The answer to `server/discover`, as it was when the server was asked. Undefined where nobody had to ask, and where
       * it may be for one person alone.
       */
      readonly discovered: Message | undefined;
      /** The peer that was asked, now the asker's to use and to close; undefined for all others. */
      readonly peer: Peer | undefined;
    };

const LEGACY: Verdict = Object.freeze({ era: 'legacy' });
/** A server may learn the newer revision by an update, */
const LEGACY_MS = 10 * 60_000;
/** and lose it by another; who uses it finds that out sooner. */
const MODERN_MS = 60 * 60_000;
/** A child that ended while it was asked may have been out of luck. */
const DEAD_MS = 30_000;
const PROBE_MS = 10_000;
const MOST = 1_000;
const LARGEST_KEPT = 256 * 1024;

/** All in milliseconds. */
export interface EraTimes {
  /** How long a server counts as one of old; */
  readonly legacyMs?: number;
  /** as one of 2026-07-28; */
  readonly modernMs?: number;
  /** as one of old where its child ended before it answered. */
  readonly deadMs?: number;
  /** How long it may take to answer. */
  readonly probeMs?: number;
}

export class Eras {
  readonly #known = new LRUCache<string, Verdict>({ max: MOST });
  readonly #running = new Map<string, Promise<Verdict>>();
  readonly #times: Required<EraTimes>;

  constructor(times: EraTimes = {}) {
    this.#times = { legacyMs: LEGACY_MS, modernMs: MODERN_MS, deadMs: DEAD_MS, probeMs: PROBE_MS, ...times };
  }

  /**
   * Whether a server speaks 2026-07-28 (its basic page, version detection). Where that is not known yet, `open` makes a
   * modern peer to ask, which goes to the asker with the verdict, and then speaks to `events`; a peer of no use is closed.
   * Rejects where nothing can be said: no answer over HTTP, an HTTP status of 5xx, a login that is missing.
   */
  async verdict(config: ServerConfig, open: PeerFactory, events: PeerEvents): Promise<Verdict> {
    const known = configured(config) ?? this.#known.get(config.hash);
    if (known !== undefined) return known;
    const running = this.#running.get(config.hash);
    if (running === undefined) return await this.#lead(config, open, events);
    try {
      await running;
    } catch (error) {
      // The login of another asker says nothing of this one's.
      if (!isPersonal(error)) throw error;
    }
    return await this.verdict(config, open, events);
  }

  /** The server did what its verdict excludes: it is asked again the next time. */
  forget({ hash }: ServerConfig): void {
    this.#known.delete(hash);
  }

  #lead(config: ServerConfig, open: PeerFactory, events: PeerEvents): Promise<Verdict> {
    const asking = this.#ask(config, open, events).finally(() => this.#running.delete(config.hash));
    this.#running.set(config.hash, asking);
    return asking;
  }

  async #ask(config: ServerConfig, open: PeerFactory, events: PeerEvents): Promise<Verdict> {
    const late = new LateEvents(events);
    const peer = open(late);
    const era = await this.#eraOf(config, peer, late);
    const kept = era.isModern ? sharedVerdict(era, config) : LEGACY;
    this.#known.set(config.hash, kept, { ttl: this.#ttlOf(era) });
    return kept.era === 'modern' ? { ...kept, discovered: era.discovered, peer } : kept;
  }

  #ttlOf({ isModern, hasDied }: Era): number {
    if (isModern) return this.#times.modernMs;
    return hasDied ? this.#times.deadMs : this.#times.legacyMs;
  }

  async #eraOf({ endpoint }: ServerConfig, peer: Peer, late: LateEvents): Promise<Era> {
    try {
      const era = await askEra(peer, endpoint.kind, this.#times.probeMs);
      if (era.isModern) late.isHandedOver = true;
      else peer.close().catch(() => undefined);
      return era;
    } catch (error) {
      peer.close().catch(() => undefined);
      throw error;
    }
  }
}

/** What needs no question. */
function configured({ endpoint, protocolVersion }: ServerConfig): Verdict | undefined {
  if (protocolVersion === MODERN) return { era: 'modern', discovered: undefined, peer: undefined };
  return protocolVersion !== undefined || endpoint.kind === 'sse' ? LEGACY : undefined;
}

/** What others may hear of it: an answer to one person, or one too large to keep, is left out. */
function sharedVerdict({ discovered }: Era, { oauth }: ServerConfig): Verdict {
  const isForAll = oauth === undefined || discovered?.result?.cacheScope === 'public';
  const isKept = isForAll && (discovered?.text.length ?? 0) <= LARGEST_KEPT;
  return { era: 'modern', discovered: isKept ? discovered : undefined, peer: undefined };
}

function isPersonal(error: unknown): boolean {
  return error instanceof RefusedError || loginRefusal(error) !== undefined;
}

/** Silent until the peer is its asker's. */
class LateEvents implements PeerEvents {
  isHandedOver = false;
  readonly #events: PeerEvents;

  constructor(events: PeerEvents) {
    this.#events = events;
  }

  onMessage(message: Message): void {
    if (this.isHandedOver) this.#events.onMessage(message);
  }

  onClosed(reason: string): void {
    if (this.isHandedOver) this.#events.onClosed(reason);
  }
}
