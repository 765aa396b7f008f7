/** The live connections of this process, and how they learn what other processes do to their grants. */
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import { GatewayError, messageOf } from '../errors.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { grantKey } from './grants.ts';
import type { Owner, ProtectedServer } from './model.ts';

const RECHECK_MS = 15_000;
/** A connection that nobody used for so long is no longer followed; its next use reads the store. */
const REST_AFTER_MS = 30 * 60_000;
/** Owners are anybody who calls. */
const MOST_CONNECTIONS = 10_000;

/** What is the same for all connections of a process. */
export interface ConnectionsOptions extends Omit<ConnectionOptions, 'server' | 'owner' | 'onHeld'> {
  /** How often the store is asked for changes by other processes, in milliseconds; default: 15,000. */
  readonly recheckMs?: number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #known = new LRUCache<string, Connection>({ max: MOST_CONNECTIONS });
  /** Those with a grant in memory. */
  readonly #held = new Set<Connection>();
  readonly #timer: NodeJS.Timeout;
  #rechecking = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.recheck(), options.recheckMs ?? RECHECK_MS).unref();
  }

  /** One object per owner and server, as long as the server's `oauth` stays the same; no I/O. */
  get(server: ProtectedServer, owner: Owner): Connection {
    const key = grantKey(server, owner);
    const known = this.#known.get(key);
    if (known !== undefined && isDeepStrictEqual(known.server.oauth, server.oauth)) return known;
    const onHeld = (held: Connection): void => void this.#held.add(held);
    const connection = new Connection({ ...this.#options, server, owner, onHeld });
    this.#known.set(key, connection);
    return connection;
  }

  /** To be called after this process saved or removed a grant, so that its connection follows at once. */
  async changed(server: ProtectedServer, owner: Owner): Promise<void> {
    await this.#known.get(grantKey(server, owner))?.follow();
  }

  /** Follows the store, and gives what it did not take another try; never rejects. */
  async recheck(): Promise<void> {
    if (this.#rechecking) return;
    this.#rechecking = true;
    await this.#options.renewer.saveUnsaved();
    for (const connection of this.#held) {
      if (Date.now() - connection.usedAt > REST_AFTER_MS) this.#rest(connection);
      else await this.#follow(connection);
    }
    this.#rechecking = false;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#held.clear();
    this.#known.clear();
  }

  async #follow(connection: Connection): Promise<void> {
    try {
      await connection.follow();
      if (!connection.isHeld) this.#held.delete(connection);
    } catch (error) {
      const reason = error instanceof GatewayError ? error.privateDetail : messageOf(error);
      this.#options.log.warn({ server: connection.server.name, reason }, 'a login could not be looked up');
    }
  }

  #rest(connection: Connection): void {
    connection.rest();
    this.#held.delete(connection);
  }
}
