/** The composition root: the only place that makes servers, and the one that knows which there are right now. */

import { setTimeout as sleep } from 'node:timers/promises';
import { diffServers } from './config/diff.ts';
import type { Configuration, ServerConfig } from './config/model.ts';
import type { Table } from './storage/store.ts';
import type { CatalogRecord } from './upstream/catalog.ts';
import type { LinkState } from './upstream/link.ts';
import type { Log } from './upstream/log.ts';
import { SessionPool } from './upstream/pool.ts';
import { Server } from './upstream/server.ts';
import type { LinkTimings } from './upstream/timings.ts';

export interface GatewayLog extends Log {
  child(fields: object): Log;
}

export interface GatewayOptions {
  readonly log: GatewayLog;
  /** Where tool definitions outlive a restart. */
  readonly catalogs: Table<CatalogRecord>;
  readonly onState?: (server: Server, state: LinkState) => void;
  readonly timings?: LinkTimings;
}

export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** How long calls in flight may go on at a server that was removed or changed. */
/** How long a list is kept after its last change; one of an entry that is gone must not stay for ever. */
const CATALOG_TTL_MS = 90 * 24 * 3600 * 1000;
const DRAIN_MS = 30_000;
const LINGER_MS = 5_000;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #pool = new SessionPool();
  readonly #leaving = new Map<Server, Promise<void>>();
  #servers: ReadonlyMap<string, Server> = new Map();
  readonly #closing = new AbortController();
  #revision = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
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
    return changes;
  }

  /** Waits, `ms` at most, for servers still in their very first connect. */
  async firstCatalogs(ms: number): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.firstCatalog(ms)));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const servers = [...this.#servers.values(), ...this.#leaving.keys()];
    this.#servers = new Map();
    await Promise.all([this.#pool.close(), ...servers.map((server) => server.close())]);
    await Promise.all(this.#leaving.values());
  }

  async #make(config: ServerConfig): Promise<Server> {
    const { log, catalogs, onState, timings } = this.#options;
    const key = catalogKey(config);
    const server = new Server({
      config,
      pool: this.#pool,
      log: log.child({ server: config.name }),
      events: {
        onState: (changed, state) => onState?.(changed, state),
        onCatalog: (_server, record) => {
          this.#revision += 1;
          catalogs.set(key, record, CATALOG_TTL_MS).catch((error: unknown) => {
            log.warn({ server: config.name, err: error }, 'the tool list could not be stored');
          });
        },
      },
      ...(timings === undefined ? {} : { timings }),
    });
    const known = await catalogs.get(key).catch(() => undefined);
    if (known !== undefined) server.learn(known);
    return server;
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

/** A changed entry may be another server altogether, so it starts without a remembered list. */
function catalogKey(config: ServerConfig): string {
  return `${config.name}\n${config.hash}`;
}
