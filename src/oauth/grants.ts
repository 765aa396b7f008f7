/** Where grants lie: one per owner and server, sealed, each with an end. */
import { type Store, type Table, writeOver } from '../storage/store.ts';
import { begun, belongsTo, ended, type NewGrant, type StoredGrant, statusOf } from './grant.ts';
import type { ConnectionStatus, Owner, ProtectedServer } from './model.ts';
import { stored } from './stored.ts';

const TABLE = 'grants';
/** Grants of named people and of single-user servers that nobody used for so long are forgotten. */
const LONGEST_IDLE_MS = 90 * 24 * 60 * 60 * 1000;

/** A grant with what its next write compares. */
export interface FoundGrant {
  readonly grant: StoredGrant;
  readonly stamp: string;
}

export interface Saved {
  readonly grant: StoredGrant;
  /** What lay there before, whatever it was bound to: to be revoked, unless its tokens are the same. */
  readonly replaced: StoredGrant | undefined;
}

/** A grant that nobody used for too long, and that is no longer in the store. */
export interface Expired {
  readonly owner: Owner;
  readonly serverName: string;
  readonly grant: StoredGrant;
}

/** All methods but `touch` reject with `GatewayError` `storage_failed` where the store does. */
export class Grants {
  readonly #store: Table<StoredGrant>;
  readonly #memory: Table<StoredGrant>;

  /** `store`: its tables are sealed. `memory`: for servers whose tokens are never written. */
  constructor(options: { readonly store: Store; readonly memory: Store }) {
    this.#store = options.store.table(TABLE);
    this.#memory = options.memory.table(TABLE);
  }

  /** Undefined: none, or one that the server as configured now contradicts. An ended one is told as such. */
  async read(server: ProtectedServer, owner: Owner): Promise<FoundGrant | undefined> {
    const row = await stored(this.#table(server).read(grantKey(server, owner)));
    if (row === undefined || !belongsTo(row.value, server)) return undefined;
    return { grant: row.value, stamp: row.stamp };
  }

  /** Puts the grant of a login there, over whatever lies there. `now` in milliseconds since 1970. */
  async save(server: ProtectedServer, owner: Owner, login: NewGrant, now: number = Date.now()): Promise<Saved> {
    const table = this.#table(server);
    const key = grantKey(server, owner);
    const ttl = idleMs(server, owner);
    for (;;) {
      const row = await stored(table.read(key));
      const grant = begun(server, login, row?.value, now);
      if (await stored(writeOver(table, key, row, grant, ttl))) return { grant, replaced: row?.value };
    }
  }

  /** Writes `next` over what was read; false where somebody wrote or removed it since. */
  replace(server: ProtectedServer, owner: Owner, found: FoundGrant, next: StoredGrant): Promise<boolean> {
    const key = grantKey(server, owner);
    return stored(this.#table(server).replace(key, found.stamp, next, idleMs(server, owner)));
  }

  /**
   * Writes what `change` makes of the grant, again where somebody else wrote meanwhile. `change` returns its argument
   * to leave it. Resolves with what lies there then; undefined: nothing does.
   */
  async change(
    server: ProtectedServer,
    owner: Owner,
    change: (grant: StoredGrant) => StoredGrant,
  ): Promise<StoredGrant | undefined> {
    for (;;) {
      const found = await this.read(server, owner);
      if (found === undefined) return undefined;
      const next = change(found.grant);
      if (next === found.grant || (await this.replace(server, owner, found, next))) return next;
    }
  }

  /** Ends `grant` unless it has become another one since. Resolves with what lies there then. */
  end(server: ProtectedServer, owner: Owner, grant: StoredGrant): Promise<StoredGrant | undefined> {
    return this.change(server, owner, (current) =>
      current.generation === grant.generation ? ended(current) : current,
    );
  }

  /** Forgets the grant; of many racers one gets it, to revoke it. */
  remove(server: ProtectedServer, owner: Owner): Promise<StoredGrant | undefined> {
    return stored(this.#table(server).take(grantKey(server, owner)));
  }

  /** Notes that the grant is in use; false where there is none any more. Rejects with what the store does. */
  touch(server: ProtectedServer, owner: Owner): Promise<boolean> {
    return this.#table(server).touch(grantKey(server, owner), idleMs(server, owner));
  }

  /** For people; never of the network. */
  async status(server: ProtectedServer, owner: Owner, now: number = Date.now()): Promise<ConnectionStatus> {
    return statusOf((await this.read(server, owner))?.grant, now);
  }

  /** Takes out up to `limit` grants that were not used for too long; each is told once, over all processes. */
  async sweep(limit: number): Promise<readonly Expired[]> {
    const rows = [...(await stored(this.#store.sweep(limit))), ...(await stored(this.#memory.sweep(limit)))];
    return rows.map(({ key, value }) => {
      const [owner, serverName] = JSON.parse(key) as [string, string, string];
      return { owner, serverName, grant: value };
    });
  }

  #table(server: ProtectedServer): Table<StoredGrant> {
    return server.oauth.storage === 'memory' ? this.#memory : this.#store;
  }
}

/** The row of a grant, and the name of all locks on it. */
export function grantKey(server: ProtectedServer, owner: Owner): string {
  return JSON.stringify([owner, server.name, server.url.href]);
}

/** How long a grant lies unused before it is forgotten, in milliseconds; browsers that nobody signed in with have less. */
export function idleMs(server: ProtectedServer, owner: Owner): number {
  return owner.startsWith('visitor:') ? server.oauth.sessionTimeoutMs : LONGEST_IDLE_MS;
}
