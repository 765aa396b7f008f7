/** The ways to the servers: sessions of one caller, sessions that callers share, and stateless connections. */
import type { ServerConfig } from '../../config/model.ts';
import { type Owner, SHARED_OWNER } from '../../oauth/model.ts';
import { METHOD_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import { Eras } from '../../upstream/peer/eras.ts';
import type { JsonObject, Message } from '../../upstream/peer/message.ts';
import { StatusError } from '../../upstream/peer/modern-answer.ts';
import { ModernHttpPeer } from '../../upstream/peer/modern-http-peer.ts';
import { ModernStdioPeer } from '../../upstream/peer/modern-stdio-peer.ts';
import { openLegacyPeer } from '../../upstream/peer/open.ts';
import type { Peer, PeerEvents } from '../../upstream/peer/peer.ts';
import { CLIENT_INFO, LATEST_LEGACY, MODERN, MODERN_ERRORS } from '../../upstream/protocol.ts';
import type { Server } from '../../upstream/server.ts';
import { SharedPeers } from '../shared/registry.ts';
import { SharedPeer } from '../shared/shared-peer.ts';
import { Rounds } from '../translate/rounds.ts';
import type { RoundsCall } from '../translate/rounds-call.ts';
import { WatchedPeer } from '../wrappers/watched-peer.ts';

/** For whom a way is. */
export interface Scope {
  /** Whose grant it uses. */
  readonly owner: Owner;
  /** Callers with equal keys may use one way; empty: all do. */
  readonly key: string;
}

/** JSON-RPC 2.0 section 5.1: no request, and no sound parameters. */
const OF_ANY_ERA: ReadonlySet<unknown> = new Set([-32600, -32602]);
const IDLE_MS = 10 * 60_000;
const MOST = 1_000;

export class Transports {
  readonly shared = new SharedPeers();
  /** Calls that wait for what their caller was asked. */
  readonly rounds = new Rounds<RoundsCall>();
  readonly #eras = new Eras();
  readonly #modern = new Map<string, Promise<WatchedPeer | undefined>>();
  /** Servers, by the hash of their entry, that were seen to know no sessions. */
  readonly #modernOnly = new Set<string>();
  readonly #timer = setInterval(() => void this.#sweep(), IDLE_MS / 10).unref();

  /** A session of one caller's own. */
  own(server: Server, { owner }: Scope, events: PeerEvents): Peer {
    return openLegacyPeer(server.config.endpoint, events, server.log, server.credentialOf(owner));
  }

  /** The session that callers of this scope share; it declares `capabilities` of a client, each set of them being a session. */
  sharedPeer(server: Server, scope: Scope, capabilities: JsonObject = {}): SharedPeer {
    return this.shared.get(keyOf(server, scope), () => this.newShared(server, scope, capabilities));
  }

  /** One that is not registered yet. */
  newShared(server: Server, scope: Scope, capabilities: JsonObject): SharedPeer {
    const insisted = server.config.protocolVersion;
    const protocolVersion = insisted === undefined || insisted === MODERN ? LATEST_LEGACY : insisted;
    const params = { protocolVersion, capabilities, clientInfo: CLIENT_INFO };
    return new SharedPeer((events) => this.own(server, scope, events), params);
  }

  /** The stateless way to a server; undefined where it has none. Rejects where that cannot be said now. */
  async modern(server: Server, scope: Scope): Promise<Peer | undefined> {
    const key = keyOf(server, scope);
    const known = this.#modern.get(key);
    if (known !== undefined) return await known;
    if (this.#modern.size >= MOST) await this.#sweep(0);
    const found = this.#find(server, scope, key);
    this.#modern.set(key, found);
    // What could not be said now may be said later, and a server without it may learn it: the verdict is kept elsewhere.
    found.then(
      (peer) => {
        if (peer === undefined) this.#forget(key, found);
      },
      () => this.#forget(key, found),
    );
    return await found;
  }

  isModernOnly({ hash }: ServerConfig): boolean {
    return this.#modernOnly.has(hash);
  }

  noteModernOnly({ hash }: ServerConfig): void {
    if (this.#modernOnly.size >= MOST) this.#modernOnly.clear();
    this.#modernOnly.add(hash);
  }

  /** Ends what is kept for a server, or for those of its callers who share `owner`'s grant. */
  async retire(server: { readonly hash: string; readonly name: string }, owner?: string): Promise<void> {
    const prefix = `${server.hash}\n${server.name}\n${owner === undefined ? '' : `${owner}\n`}`;
    const modern = [...this.#modern].filter(([key]) => key.startsWith(prefix));
    for (const [key] of modern) this.#modern.delete(key);
    await Promise.all([this.shared.retire(prefix), ...modern.map(([, found]) => closed(found))]);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.rounds.close();
    const modern = [...this.#modern.values()];
    this.#modern.clear();
    await Promise.all([this.shared.close(), ...modern.map(closed)]);
  }

  async #find(server: Server, { owner }: Scope, key: string): Promise<WatchedPeer | undefined> {
    const { endpoint } = server.config;
    if (endpoint.kind === 'sse') return undefined;
    const events: PeerEvents = {
      onMessage: () => undefined,
      // A child that has ended is started again by the next request.
      onClosed: () => this.#modern.delete(key),
    };
    const open = (to: PeerEvents): Peer =>
      endpoint.kind === 'stdio'
        ? new ModernStdioPeer(endpoint, to, server.log)
        : new ModernHttpPeer({ ...endpoint, kind: 'http' }, to, server.log, server.credentialOf(owner));
    const verdict = await this.#eras.verdict(server.config, open, events);
    if (verdict.era === 'legacy') return undefined;
    return new WatchedPeer(verdict.peer ?? open(events), {
      onAnswer: (answer, status) => {
        if (isForeign(answer, status)) this.#doubt(server.config, key);
      },
      onFailure: (error) => {
        if (error instanceof StatusError) this.#doubt(server.config, key);
      },
    });
  }

  /** What was found out about a server may not hold any more: it is asked again by whoever comes next. */
  #doubt(config: ServerConfig, key: string): void {
    this.#eras.forget(config);
    this.#modernOnly.delete(config.hash);
    this.#modern.delete(key);
  }

  #forget(key: string, found: Promise<WatchedPeer | undefined>): void {
    if (this.#modern.get(key) === found) this.#modern.delete(key);
  }

  async #sweep(idleMs = IDLE_MS): Promise<void> {
    const now = Date.now();
    for (const [key, found] of [...this.#modern]) {
      const peer = await found.catch(() => undefined);
      if (peer?.idleSince === undefined || now - peer.idleSince < idleMs) continue;
      this.#forget(key, found);
      void peer.close();
    }
  }
}

/** What no server of 2026-07-28 answers under that status: another server may be there now (Streamable HTTP, statuses). */
function isForeign({ error }: Message, status: number): boolean {
  if (status === 200 || error === undefined || MODERN_ERRORS.has(error.code)) return false;
  return status === 404 ? error.code !== METHOD_NOT_FOUND : !OF_ANY_ERA.has(error.code);
}

export function keyOf({ config }: Server, { owner, key }: Scope): string {
  return `${config.hash}\n${config.name}\n${owner}\n${key}`;
}

/** Whose way a caller takes to a server. `principalId`: as the server knows the caller. */
export function scopeOf(server: Server, principalId: string, owner: Owner | undefined): Scope {
  if (server.isPersonal) return { owner: owner ?? principalId, key: '' };
  return { owner: SHARED_OWNER, key: server.config.isolation === 'shared' ? '' : principalId };
}

async function closed(found: Promise<Peer | undefined>): Promise<void> {
  const peer = await found.catch(() => undefined);
  await peer?.close();
}
