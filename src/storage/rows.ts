/** What a database has to offer: rows of text with an expiry, and the statements on them that no other process can split. */
import type { KeyvStoreAdapter, StoredData } from 'keyv';

export interface Row {
  readonly key: string;
  readonly text: string;
}

/**
 * Rows by key. `expires` is in milliseconds since 1970; undefined: never. A row whose time has come is absent for every
 * method but `sweep`, may be written over, and is removed by `sweep` only, so that its owner hears of it.
 */
export interface Rows {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string, expires: number | undefined): Promise<void>;
  /** False where a live row is. */
  putIfAbsent(key: string, text: string, expires: number | undefined): Promise<boolean>;
  /** False unless the live row holds exactly `expected`. */
  replace(key: string, expected: string, text: string, expires: number | undefined): Promise<boolean>;
  /** False where no live row is. */
  touch(key: string, expires: number): Promise<boolean>;
  /** Deletes; undefined where no live row was. */
  take(key: string): Promise<string | undefined>;
  /** Removes expired rows whose key starts with `prefix`. */
  sweep(prefix: string, limit: number): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Rows as Keyv wants them. */
export class KeyvRows implements KeyvStoreAdapter {
  opts: unknown = {};
  namespace?: string | undefined;
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    return (await this.#rows.get(key)) as StoredData<Value> | undefined;
  }

  /** `text`: what the serializer made. */
  async set(key: string, text: string, ttlMs?: number): Promise<void> {
    await this.#rows.set(key, text, ttlMs === undefined ? undefined : Date.now() + ttlMs);
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#rows.take(key)) !== undefined;
  }

  /** Keyv asks for it; no table of ours is ever emptied as a whole. */
  async clear(): Promise<void> {
    throw new Error('a table cannot be cleared');
  }

  on(): this {
    return this;
  }
}
