/** Where things are kept that outlive a request: typed tables over Keyv. */
import Keyv from 'keyv';
import { MemoryRows } from './memory.ts';
import { KeyvRows, type Rows } from './rows.ts';
import { openDatabase, SqliteRows } from './sqlite.ts';

/** A value with what `replace` compares. */
export interface Stamped<T> {
  readonly value: T;
  /** What is stored, as text: another one for another value, and in a sealed table another one after each write. */
  readonly stamp: string;
}

/** Without `ttlMs` a value stays; with one that is not positive it has expired already. An expired value is absent for every method but `sweep`, and only `sweep` removes it. */
export interface Table<T> {
  get(key: string): Promise<T | undefined>;
  read(key: string): Promise<Stamped<T> | undefined>;
  set(key: string, value: T, ttlMs?: number): Promise<void>;
  /** False where a live value is there already. Atomic over all processes. */
  putIfAbsent(key: string, value: T, ttlMs?: number): Promise<boolean>;
  /** Writes only over the value that `stamp` came with. Atomic over all processes. */
  replace(key: string, stamp: string, value: T, ttlMs?: number): Promise<boolean>;
  /** Moves the expiry of a live value, which keeps its stamp; false where there is none. */
  touch(key: string, ttlMs: number): Promise<boolean>;
  /** Gets and deletes: of many racers over all processes one gets the value. */
  take(key: string): Promise<T | undefined>;
  delete(key: string): Promise<void>;
  /** Removes up to `limit` expired values and tells them; each is told to one process only. */
  sweep(limit: number): Promise<readonly { readonly key: string; readonly value: T }[]>;
}

/**
 * Writes `value` over what was read under `key`, or where nothing was; false where somebody else has written since, or
 * removed it. `ttlMs` as in `Table`.
 */
export function writeOver<T>(
  table: Table<T>,
  key: string,
  found: Stamped<T> | undefined,
  value: T,
  ttlMs?: number,
): Promise<boolean> {
  return found === undefined ? table.putIfAbsent(key, value, ttlMs) : table.replace(key, found.stamp, value, ttlMs);
}

export interface Store {
  table<T>(name: string): Table<T>;
  close(): Promise<void>;
}

/** What a store in a file begins with. */
export const SQLITE = 'sqlite:';

/** Opens `memory` or `sqlite:<path>`; throws when the file cannot be opened. */
export function openStore(uri: string): Store {
  const rows = uri === 'memory' ? new MemoryRows() : new SqliteRows(openDatabase(uri.slice(SQLITE.length)));
  return {
    table: <T>(name: string) => new KeyvTable<T>(rows, name),
    close: () => rows.close(),
  };
}

/** Keyv for what it can do; what has to be atomic goes to the rows themselves, in the form that Keyv stores. */
class KeyvTable<T> implements Table<T> {
  readonly #rows: Rows;
  readonly #keyv: Keyv<T>;
  readonly #prefix: string;

  constructor(rows: Rows, name: string) {
    this.#rows = rows;
    this.#prefix = `${name}:`;
    this.#keyv = new Keyv<T>(new KeyvRows(rows), {
      // Keyv's own prefix is left out where a key begins with it already: two keys would be one.
      useKeyPrefix: false,
      throwOnErrors: true,
      // Without the expiry that Keyv would repeat here: a row has one already, and `touch` moves only that.
      serialize: ({ value }) => encode(value),
      deserialize: <Value>(text: string) => ({ value: decode<Value>(text) }),
    });
  }

  async get(key: string): Promise<T | undefined> {
    return this.#keyv.get(this.#prefix + key);
  }

  async read(key: string): Promise<Stamped<T> | undefined> {
    const text = await this.#rows.get(this.#prefix + key);
    return text === undefined ? undefined : { value: decode<T>(text), stamp: text };
  }

  async set(key: string, value: T, ttlMs?: number): Promise<void> {
    checkTtl(ttlMs);
    // Keyv takes 0 for "for ever".
    await this.#keyv.set(this.#prefix + key, value, ttlMs === 0 ? -1 : ttlMs);
  }

  async putIfAbsent(key: string, value: T, ttlMs?: number): Promise<boolean> {
    return this.#rows.putIfAbsent(this.#prefix + key, encode(value), expiryOf(ttlMs));
  }

  async replace(key: string, stamp: string, value: T, ttlMs?: number): Promise<boolean> {
    return this.#rows.replace(this.#prefix + key, stamp, encode(value), expiryOf(ttlMs));
  }

  async touch(key: string, ttlMs: number): Promise<boolean> {
    checkTtl(ttlMs);
    return this.#rows.touch(this.#prefix + key, Date.now() + ttlMs);
  }

  async take(key: string): Promise<T | undefined> {
    const text = await this.#rows.take(this.#prefix + key);
    return text === undefined ? undefined : decode<T>(text);
  }

  async delete(key: string): Promise<void> {
    await this.#keyv.delete(this.#prefix + key);
  }

  async sweep(limit: number): Promise<readonly { readonly key: string; readonly value: T }[]> {
    const rows = await this.#rows.sweep(this.#prefix, limit);
    return rows.map(({ key, text }) => ({ key: key.slice(this.#prefix.length), value: decode<T>(text) }));
  }
}

function encode(value: unknown): string {
  return JSON.stringify({ value });
}

function decode<T>(text: string): T {
  return (JSON.parse(text) as { value: T }).value;
}

function expiryOf(ttlMs: number | undefined): number | undefined {
  checkTtl(ttlMs);
  return ttlMs === undefined ? undefined : Date.now() + ttlMs;
}

/** NaN would be stored as "never expires". */
function checkTtl(ttlMs: number | undefined): void {
  if (ttlMs !== undefined && !Number.isFinite(ttlMs)) throw new RangeError('a time to live must be a finite number');
}
