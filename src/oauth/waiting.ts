/** Logins that have ended at the provider and wait until the person whom they were begun for confirms them. */
import { randomBytes } from 'node:crypto';
import { type Stamped, type Store, type Table, writeOver } from '../storage/store.ts';
import { hashOf, isCode, newCode } from './confirmation-code.ts';
import type { NewGrant } from './grant.ts';
import { grantKey } from './grants.ts';
import type { Waiting } from './hand-off.ts';
import type { Owner, ProtectedServer } from './model.ts';
import { stored } from './stored.ts';

/** How long a login waits. */
export const WAITING_MS = 10 * 60_000;

const ATTEMPTS = 5;
const ID_BYTES = 16;

export interface WaitingLogin {
  readonly owner: Owner;
  /** The address of the server that it was made for. */
  readonly url: string;
  readonly codeHash: string;
  readonly attemptsLeft: number;
  readonly login: NewGrant;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
}

/** A login that has to be confirmed by `owner`. */
export interface Unconfirmed {
  readonly owner: Owner;
  /** Of `owner`, for people. */
  readonly label: string;
  readonly login: NewGrant;
}

export interface PutAside {
  readonly waiting: Waiting;
  /** What waited before: to be revoked. */
  readonly replaced: NewGrant | undefined;
}

/** `refused`: the last attempt was wrong too, and the login is out of the store, to be revoked. */
export type Attempt =
  | { readonly kind: 'right'; readonly login: NewGrant }
  | { readonly kind: 'wrong'; readonly attemptsLeft: number }
  | { readonly kind: 'refused'; readonly login: NewGrant }
  | { readonly kind: 'nothing' };

/** A login that nobody confirmed in time, and that is no longer in the store. */
export interface ExpiredLogin {
  readonly serverName: string;
  readonly url: string;
  readonly login: NewGrant;
}

interface Tables {
  /** Each login has a row of its own, which is never written over by another: so none is lost before it is revoked. */
  readonly logins: Table<WaitingLogin>;
  /** The id of the login that waits, by owner and server: codes are looked up by nothing else. */
  readonly current: Table<string>;
}

/** All methods reject with `GatewayError` `storage_failed` where the store does; times are in milliseconds since 1970. */
export class WaitingLogins {
  readonly #store: Tables;
  readonly #memory: Tables;

  /** `store`: its tables are sealed. `memory`: for servers whose tokens are never written. */
  constructor(options: { readonly store: Store; readonly memory: Store }) {
    this.#store = tablesOf(options.store);
    this.#memory = tablesOf(options.memory);
  }

  /** Puts a login there, in place of another one of this owner. */
  async put(
    server: ProtectedServer,
    { owner, label, login }: Unconfirmed,
    now: number = Date.now(),
  ): Promise<PutAside> {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const code = newCode();
    const { logins } = this.#tables(server);
    const url = server.url.href;
    const waiting = { owner, url, codeHash: hashOf(id, code), attemptsLeft: ATTEMPTS, login, createdAt: now };
    await stored(logins.set(rowOf(server, id), waiting, WAITING_MS));
    const before = await this.#makeCurrent(server, owner, id);
    const replaced = before === undefined ? undefined : await this.take(server, before);
    return { waiting: { id, code, label, lastsSeconds: WAITING_MS / 1000 }, replaced };
  }

  /**
   * Tries a code on what waits for `owner`. The attempt is written down before anything is compared, so that however
   * many try at once, no more than five are. Of racers with the right code one gets the login; it is out of the store.
   */
  async try(server: ProtectedServer, owner: Owner, code: string, now: number = Date.now()): Promise<Attempt> {
    const id = await stored(this.#tables(server).current.get(grantKey(server, owner)));
    const found = id === undefined ? undefined : await this.#spendAttempt(server, id, now);
    if (id === undefined || found === undefined) return { kind: 'nothing' };
    const isRight = isCode(id, code, found.codeHash);
    if (!isRight && found.attemptsLeft > 0) return { kind: 'wrong', attemptsLeft: found.attemptsLeft };
    const login = await this.take(server, id);
    return login === undefined ? { kind: 'nothing' } : { kind: isRight ? 'right' : 'refused', login };
  }

  /** Takes the login of that id out; of many racers one gets it. */
  async take(server: ProtectedServer, id: string): Promise<NewGrant | undefined> {
    return (await stored(this.#tables(server).logins.take(rowOf(server, id))))?.login;
  }

  /** As `take`, whichever waits for `owner`. */
  async takeOf(server: ProtectedServer, owner: Owner): Promise<NewGrant | undefined> {
    const id = await stored(this.#tables(server).current.get(grantKey(server, owner)));
    return id === undefined ? undefined : this.take(server, id);
  }

  async isThere(server: ProtectedServer, id: string, now: number = Date.now()): Promise<boolean> {
    return isLive(await stored(this.#tables(server).logins.get(rowOf(server, id))), now);
  }

  /** As `isThere`, for whichever login waits for `owner`. */
  async isThereFor(server: ProtectedServer, owner: Owner, now: number = Date.now()): Promise<boolean> {
    const id = await stored(this.#tables(server).current.get(grantKey(server, owner)));
    return id !== undefined && this.isThere(server, id, now);
  }

  /** Takes out up to `limit` logins that nobody confirmed in time; each is told once, over all processes. */
  async sweep(limit: number): Promise<readonly ExpiredLogin[]> {
    const rows = [];
    for (const { logins, current } of [this.#store, this.#memory]) {
      rows.push(...(await stored(logins.sweep(limit))));
      await stored(current.sweep(limit));
    }
    return rows.map(({ key, value: { url, login } }) => {
      const [serverName] = JSON.parse(key) as [string, string, string];
      return { serverName, url, login };
    });
  }

  /** Resolves with the id that was there before, for whoever wrote over it. */
  async #makeCurrent(server: ProtectedServer, owner: Owner, id: string): Promise<string | undefined> {
    const { current } = this.#tables(server);
    const key = grantKey(server, owner);
    for (;;) {
      const found = await stored(current.read(key));
      if (await stored(writeOver(current, key, found, id, WAITING_MS))) return found?.value;
    }
  }

  /** The login with the attempt counted; undefined: it is gone, over, or has had its five. */
  async #spendAttempt(server: ProtectedServer, id: string, now: number): Promise<WaitingLogin | undefined> {
    const { logins } = this.#tables(server);
    const row = rowOf(server, id);
    for (;;) {
      const found: Stamped<WaitingLogin> | undefined = await stored(logins.read(row));
      if (found === undefined || !isLive(found.value, now) || found.value.attemptsLeft < 1) return undefined;
      const next = { ...found.value, attemptsLeft: found.value.attemptsLeft - 1 };
      const restMs = next.createdAt + WAITING_MS - now;
      if (await stored(logins.replace(row, found.stamp, next, restMs))) return next;
    }
  }

  #tables(server: ProtectedServer): Tables {
    return server.oauth.storage === 'memory' ? this.#memory : this.#store;
  }
}

function tablesOf(store: Store): Tables {
  return { logins: store.table('waiting'), current: store.table('waiting-current') };
}

function rowOf(server: ProtectedServer, id: string): string {
  return JSON.stringify([server.name, server.url.href, id]);
}

/** Whatever the store says of its end. */
function isLive(waiting: WaitingLogin | undefined, now: number): waiting is WaitingLogin {
  return waiting !== undefined && now < waiting.createdAt + WAITING_MS;
}
