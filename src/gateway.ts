/** The composition root: the only place that makes servers, and the one that knows which there are right now. */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { diffServers } from './config/diff.ts';
import type { Configuration, ServerConfig } from './config/model.ts';
import { isOnePerson, type Principal } from './identity/principal.ts';
import type { Log } from './log-sink.ts';
import { authorizationRequired } from './oauth/errors.ts';
import { Logins } from './oauth/logins.ts';
import { type Challenge, type Owner, type ProtectedServer, SHARED_OWNER } from './oauth/model.ts';
import { loginAddress } from './oauth/paths.ts';
import { leases } from './storage/lease.ts';
import { openStore, type Store, type Table } from './storage/store.ts';
import { type CatalogRecord, isCatalogRecord } from './upstream/catalog.ts';
import { type ChildLimits, ChildSlots } from './upstream/child-slots.ts';
import { LearnedStore } from './upstream/learned-store.ts';
import type { LinkState } from './upstream/link-state.ts';
import { SessionPool } from './upstream/pool.ts';
import { probeChallenge } from './upstream/probe.ts';
import { Server } from './upstream/server.ts';
import { DRAIN_MS, type LinkTimings } from './upstream/timings.ts';

export interface GatewayLog extends Log {
  child(fields: object): Log;
}

export interface GatewayOptions {
  readonly log: GatewayLog;
  /** `plain` holds tool definitions, `sealed` what is secret. */
  readonly stores: { readonly plain: Store; readonly sealed: Store };
  /** Where people reach the gateway, root path included, without a trailing slash. */
  readonly publicBase: string;
  /** Of processes that callers keep to themselves. */
  readonly limits: ChildLimits;
  readonly onState?: (server: Server, state: LinkState) => void;
  readonly timings?: LinkTimings;
}

/** What sessions that outlive a single call have to know. */
export type GatewayEvent =
  | ({ readonly kind: 'servers' } & Changes)
  /** The grant of `owner` at a server has begun, or has ended or was replaced. */
  | { readonly kind: 'login'; readonly server: string; readonly owner: Owner; readonly isConnected: boolean };

export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** How long a list is kept after its last change; one of an entry that is gone must not stay for ever. */
const CATALOG_TTL_MS = 90 * 24 * 3600 * 1000;
const LINGER_MS = 5_000;
const SWEEP_MS = 60_000;
/** How long the page after a login waits for the person's tools. */
const FIRST_TOOLS_MS = 3_000;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #catalogs: Table<CatalogRecord>;
  readonly #learned: LearnedStore;
  readonly #memory: Store = openStore('memory');
  readonly logins: Logins;
  /** Counts the processes that callers keep to themselves, however they call. */
  readonly children: ChildSlots;
  readonly #pool: SessionPool;
  readonly #leaving = new Map<Server, Promise<void>>();
  #servers: ReadonlyMap<string, Server> = new Map();
  readonly #toolListeners: ((server: Server) => void)[] = [];
  readonly #eventListeners: ((event: GatewayEvent) => void)[] = [];
  readonly #closing = new AbortController();
  readonly #sweeper: NodeJS.Timeout;
  #revision = 0;

  constructor(options: GatewayOptions) {
    const { stores, publicBase, log, limits } = options;
    this.#options = options;
    this.children = new ChildSlots(limits);
    this.#pool = new SessionPool(this.children);
    this.#catalogs = stores.plain.table('catalogs');
    this.#learned = new LearnedStore(stores.plain.table('learned'), log);
    this.logins = new Logins({
      store: stores.sealed,
      leases: leases(stores.plain.table('leases')),
      memory: this.#memory,
      publicBase,
      log,
      probe: (guarded) => this.#probe(guarded),
      onEnded: (guarded, owner) => this.#loginEnded(guarded, owner),
    });
    this.#sweeper = setInterval(() => void this.sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  /** In the order of the configuration. */
  get servers(): ReadonlyMap<string, Server> {
    return this.#servers;
  }

  /** Grows with each change of servers or tool lists; what caches hang on. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Makes the gateway serve `configuration`. Servers that did not change stay untouched; those that are gone or
   * different finish their calls in the background.
   */
  async apply(configuration: Configuration): Promise<Changes> {
    const before = new Map([...this.#servers].map(([name, server]) => [name, server.config]));
    const changes = diffServers(before, configuration.servers);
    const fresh = [...changes.added, ...changes.changed];
    const made = new Map<string, Server>();
    for (const name of fresh) {
      const config = configuration.servers.get(name);
      if (config !== undefined) made.set(name, await this.#make(config));
    }
    const leaving = [...changes.changed, ...changes.removed].flatMap((name) => this.#servers.get(name) ?? []);
    const next = new Map<string, Server>();
    for (const name of configuration.servers.keys()) {
      const server = made.get(name) ?? this.#servers.get(name);
      if (server !== undefined) next.set(name, server);
    }
    this.#servers = next;
    this.#revision += 1;
    for (const name of changes.unchanged) {
      const config = configuration.servers.get(name);
      if (config !== undefined) this.#servers.get(name)?.adopt(config);
    }
    for (const server of made.values()) server.start();
    for (const server of leaving) this.#retire(server);
    const { added, changed, removed } = changes;
    if (added.length + changed.length + removed.length > 0) this.#tell({ kind: 'servers', added, changed, removed });
    return changes;
  }

  /** Calls `listener` for each tool list that all share and that becomes known, from this run or an earlier one. */
  onTools(listener: (server: Server) => void): void {
    this.#toolListeners.push(listener);
  }

  /** Calls `listener` for what changes under sessions that are open. */
  onEvent(listener: (event: GatewayEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  /** Waits, `ms` at most, for servers still in their very first connect, and starts those that start on demand. */
  async firstCatalogs(ms: number): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.firstCatalog(ms)));
  }

  /** Whose grant counts when `principal` calls `server`; undefined: nobody's, because it may be many people. */
  ownerOf(server: Server, principal: Principal): Owner | undefined {
    if (!server.isPersonal) return SHARED_OWNER;
    return isOnePerson(principal) ? principal.id : undefined;
  }

  /** Where what is secret is kept. */
  get sealed(): Store {
    return this.#options.stores.sealed;
  }

  /** True where people sign in at some server. */
  get hasLogins(): boolean {
    return [...this.#servers.values()].some((server) => server.guarded !== undefined);
  }

  /** Where a browser starts the login at `server`. */
  authorizeUrl(server: string): string {
    return loginAddress(this.#options.publicBase, server, 'authorize');
  }

  /** After a login: connects, and waits a little for the tools, so that the next page can show them. */
  async loggedIn(server: Server, owner: Owner): Promise<void> {
    this.#tell({ kind: 'login', server: server.name, owner, isConnected: true });
    if (!server.isPersonal) void server.loggedIn();
    // Elsewhere asking would open a session of its own.
    const isOne = server.isPersonal || server.config.isolation === 'shared';
    if (isOne) await server.catalogOf(owner, FIRST_TOOLS_MS).catch(() => undefined);
  }

  /** Revokes and forgets every grant that is this person's alone. */
  async disconnectAll(principal: Principal): Promise<void> {
    const personal = [...this.#servers.values()].filter((server) => server.isPersonal);
    await Promise.all(
      personal.map(async (server) => {
        const owner = this.ownerOf(server, principal);
        if (owner !== undefined && server.guarded !== undefined) await this.logins.disconnect(server.guarded, owner);
      }),
    );
  }

  /** Removes what has expired. */
  async sweep(): Promise<void> {
    const guarded = [...this.#servers.values()].flatMap((server) => server.guarded ?? []);
    try {
      await this.logins.sweep(new Map(guarded.map((one) => [one.name, one])));
      await this.#catalogs.sweep(100);
      await this.#learned.sweep();
      await this.#syncLearned();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'what has expired could not be removed');
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#sweeper);
    const servers = [...this.#servers.values(), ...this.#leaving.keys()];
    this.#servers = new Map();
    await Promise.all([this.#pool.close(), ...servers.map((server) => server.close())]);
    await Promise.all(this.#leaving.values());
    await this.#learned.idle();
    await this.logins.close();
    await this.#memory.close();
  }

  async #make(config: ServerConfig): Promise<Server> {
    const { log, onState, timings } = this.#options;
    const key = entryKey(config);
    const server = new Server({
      config,
      pool: this.#pool,
      log: log.child({ server: config.name }),
      credential: (guarded, owner) => this.logins.connection(guarded, owner),
      events: {
        onState: (changed, state) => onState?.(changed, state),
        onCatalog: (changed, record) => {
          this.#revision += 1;
          this.#tellTools(changed);
          this.#catalogs.set(key, record, CATALOG_TTL_MS).catch((error: unknown) => {
            log.warn({ server: config.name, err: error }, 'the tool list could not be stored');
          });
        },
        onLearned: (changed) => {
          this.#revision += 1;
          void this.#learned.sync(key, changed.union);
        },
      },
      ...(timings === undefined ? {} : { timings }),
    });
    if (server.isPersonal) await this.#learned.sync(key, server.union);
    const known = await this.#catalogs.get(key).catch(() => undefined);
    if (isCatalogRecord(known)) {
      server.learn(known);
      this.#tellTools(server);
    }
    return server;
  }

  /** What other processes on the same store have learned meanwhile. */
  async #syncLearned(): Promise<void> {
    const personal = [...this.#servers.values()].filter((server) => server.isPersonal);
    await Promise.all(personal.map(({ config, union }) => this.#learned.sync(entryKey(config), union)));
  }

  #tellTools(server: Server): void {
    for (const listener of this.#toolListeners) listener(server);
  }

  async #probe(guarded: ProtectedServer): Promise<Challenge | undefined> {
    const config = this.#servers.get(guarded.name)?.config;
    return config === undefined ? undefined : probeChallenge(config, this.#options.log);
  }

  #loginEnded(guarded: ProtectedServer, owner: Owner): void {
    const server = this.#servers.get(guarded.name);
    if (server?.guarded === undefined || !isSameLogin(server.guarded, guarded)) return;
    const refusal = authorizationRequired(server.name, `The sign-in at "${server.name}" has ended.`);
    server.loginEnded(owner, refusal);
    this.#tell({ kind: 'login', server: server.name, owner, isConnected: false });
  }

  #tell(event: GatewayEvent): void {
    for (const listener of this.#eventListeners) listener(event);
  }

  #retire(server: Server): void {
    // A request that has found this server a moment ago may not have reached it yet.
    const leaving = sleep(LINGER_MS, undefined, { signal: this.#closing.signal, ref: false })
      .catch(() => undefined)
      .then(() => server.retire(DRAIN_MS))
      .finally(() => this.#leaving.delete(server));
    this.#leaving.set(server, leaving);
  }
}

/** A reload that changes nothing of the login makes another object, and the connections go on. */
function isSameLogin(one: ProtectedServer, other: ProtectedServer): boolean {
  return one.url.href === other.url.href && isDeepStrictEqual(one.oauth, other.oauth);
}

/** A changed entry may be another server altogether, so it starts without a remembered list. */
function entryKey(config: ServerConfig): string {
  return `${config.name}\n${config.hash}`;
}
