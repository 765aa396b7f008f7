/** The ways to the servers: sessions of one caller, sessions that callers share, and stateless connections. */
import { type Owner, SHARED_OWNER } from '../../oauth/model.ts';
import { isRecord } from '../../schema/json-schema.ts';
import type { JsonObject, Message } from '../../upstream/peer/message.ts';
import { openLegacyPeer } from '../../upstream/peer/open.ts';
import type { Peer, PeerEvents } from '../../upstream/peer/peer.ts';
import { CLIENT_INFO, LATEST_LEGACY, MODERN } from '../../upstream/protocol.ts';
import type { Server } from '../../upstream/server.ts';
import { SharedPeers } from '../sharing/registry.ts';
import { type Lease, SharedPeer } from '../sharing/shared-peer.ts';
import { Rounds } from '../translate/rounds.ts';
import type { RoundsCall } from '../translate/rounds-call.ts';
import { ModernWays } from './modern-ways.ts';
import { ServerNotes } from './server-notes.ts';

/** For whom a way is. */
export interface Scope {
  /** Whose grant it uses. */
  readonly owner: Owner;
  /** Callers with equal keys may use one way; empty: all do. */
  readonly key: string;
}

/** What a caller must hold to have a child of a server to themselves. Throws 503 where there are too many. */
export type TakeLease = () => Lease;

export class Transports {
  readonly shared = new SharedPeers();
  /** Calls that wait for what their caller was asked. */
  readonly rounds = new Rounds<RoundsCall>();
  /** What was found out about the servers. */
  readonly notes: ServerNotes;
  readonly #modern: ModernWays;

  /** `notes`: of others, to whom the same servers are the same. */
  constructor(notes = new ServerNotes()) {
    this.notes = notes;
    this.#modern = new ModernWays((config) => notes.forgetModernOnly(config));
  }

  /** A session of one caller's own. */
  own(server: Server, { owner }: Scope, events: PeerEvents): Peer {
    return openLegacyPeer(server.config.endpoint, events, server.log, server.credentialOf(owner));
  }

  /** The session that callers of this scope share; it declares nothing that a client may be asked. */
  sharedPeer(server: Server, scope: Scope): SharedPeer {
    return this.shared.get(keyOf(server, scope), () => this.newShared(server, scope, {}));
  }

  /** One that is not registered yet; `take` is asked where it has a child that is not everybody's. */
  newShared(server: Server, scope: Scope, capabilities: JsonObject, take?: TakeLease): SharedPeer {
    const insisted = server.config.protocolVersion;
    const protocolVersion = insisted === undefined || insisted === MODERN ? LATEST_LEGACY : insisted;
    const params = { protocolVersion, capabilities, clientInfo: CLIENT_INFO };
    const isForAll = scope.key === '' && Object.keys(capabilities).length === 0;
    const lease = isForAll ? undefined : leaseOf(server, take);
    return new SharedPeer((events) => this.own(server, scope, events), params, undefined, lease);
  }

  /**
   * Whether callers who can be asked nothing may share a session with a server: not where it speaks unasked of what is one
   * caller's, which its answer to `initialize` tells. False where that cannot be found out now.
   */
  async mayShare(server: Server, scope: Scope): Promise<boolean> {
    const noted = this.notes.mayShare(server.config);
    if (noted === false) return false;
    const key = keyOf(server, scope);
    const isNew = this.shared.find(key) === undefined;
    const shared = this.sharedPeer(server, scope);
    const welcome = shared.welcome ?? (await shared.opened().catch(() => undefined));
    if (welcome === undefined) return noted ?? false;
    const verdict = !speaksUnasked(welcome);
    this.notes.noteSharing(server.config, verdict);
    // It was opened to ask, and would be one process more.
    if (!verdict && isNew) this.shared.retireIdle(key, shared);
    return verdict;
  }

  /** The stateless way to a server; undefined where it has none. Rejects where that cannot be said now. */
  modern(server: Server, scope: Scope, take?: TakeLease): Promise<Peer | undefined> {
    return this.#modern.find(server, keyOf(server, scope), () => ({
      owner: scope.owner,
      lease: scope.key === '' ? undefined : leaseOf(server, take),
    }));
  }

  /** Gives up something with a lease that is idle, of `holder` or of anybody; false: all is in use. */
  giveUpIdle(holder: string | undefined): boolean {
    const isSuch = (lease: Lease | undefined): boolean =>
      lease !== undefined && (holder === undefined || lease.holder === holder);
    return this.shared.giveUpIdle(isSuch) || this.#modern.giveUpIdle(isSuch);
  }

  /** Ends what is kept for a server, or for those of its callers who share `owner`'s grant. */
  async retire(server: { readonly hash: string; readonly name: string }, owner?: string): Promise<void> {
    const prefix = `${server.hash}\n${server.name}\n${owner === undefined ? '' : `${owner}\n`}`;
    if (owner === undefined) this.notes.forgetSharing(server);
    await Promise.all([this.shared.retire(prefix), this.#modern.retire(prefix)]);
  }

  async close(): Promise<void> {
    this.rounds.close();
    await Promise.all([this.shared.close(), this.#modern.close()]);
  }
}

export function keyOf({ config }: Server, { owner, key }: Scope): string {
  return `${config.hash}\n${config.name}\n${owner}\n${key}`;
}

/** Whose way a caller takes to a server. `principalId`: as the server knows the caller. */
export function scopeOf(server: Server, principalId: string, owner: Owner | undefined): Scope {
  if (server.isPersonal) return { owner: owner ?? principalId, key: '' };
  return { owner: SHARED_OWNER, key: server.config.isolation === 'shared' ? '' : principalId };
}

function leaseOf({ config }: Server, take: TakeLease | undefined): Lease | undefined {
  return config.endpoint.kind === 'stdio' ? take?.() : undefined;
}

/** A log would be everybody's, and so would tasks and what one has subscribed to. */
function speaksUnasked({ result }: Message): boolean {
  const { logging, resources, tasks } = isRecord(result?.capabilities) ? result.capabilities : {};
  return isRecord(logging) || isRecord(tasks) || (isRecord(resources) && resources.subscribe === true);
}
