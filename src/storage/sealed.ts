/** A store whose values are sealed; keys and expiry are not, so that rows are found and swept without a secret. */
import type { Log } from '../log-sink.ts';
import type { Cipher } from './cipher.ts';
import type { Stamped, Store, Table } from './store.ts';

const WARNED_LIMIT = 1000;

/** Closing it closes `store`. */
export function sealedStore(store: Store, cipher: Cipher, log: Log): Store {
  return {
    table: <T>(name: string) => new SealedTable<T>(store.table<string>(name), name, cipher, log),
    close: () => store.close(),
  };
}

/**
 * A value that cannot be opened is absent for every method, and logged; it stays in its row, for the day when the right
 * secret comes back, until it expires or somebody writes or deletes that key.
 */
class SealedTable<T> implements Table<T> {
  readonly #table: Table<string>;
  readonly #name: string;
  readonly #cipher: Cipher;
  readonly #log: Log;
  readonly #warned = new Set<string>();

  constructor(table: Table<string>, name: string, cipher: Cipher, log: Log) {
    this.#table = table;
    this.#name = name;
    this.#cipher = cipher;
    this.#log = log;
  }

  async get(key: string): Promise<T | undefined> {
    return (await this.read(key))?.value;
  }

  async read(key: string): Promise<Stamped<T> | undefined> {
    const row = await this.#table.read(key);
    const opened = row === undefined ? undefined : await this.#open(key, row.value);
    return row === undefined || opened === undefined ? undefined : { value: opened.value, stamp: row.stamp };
  }

  async set(key: string, value: T, ttlMs?: number): Promise<void> {
    await this.#table.set(key, await this.#seal(key, value), ttlMs);
  }

  async putIfAbsent(key: string, value: T, ttlMs?: number): Promise<boolean> {
    const sealed = await this.#seal(key, value);
    if (await this.#table.putIfAbsent(key, sealed, ttlMs)) return true;
    const row = await this.#table.read(key);
    // Gone since: another racer had it.
    if (row === undefined || (await this.#open(key, row.value)) !== undefined) return false;
    return this.#table.replace(key, row.stamp, sealed, ttlMs);
  }

  async replace(key: string, stamp: string, value: T, ttlMs?: number): Promise<boolean> {
    return this.#table.replace(key, stamp, await this.#seal(key, value), ttlMs);
  }

  async touch(key: string, ttlMs: number): Promise<boolean> {
    if ((await this.read(key)) === undefined) return false;
    return this.#table.touch(key, ttlMs);
  }

  async take(key: string): Promise<T | undefined> {
    // Looked at first, because what is taken is gone even if it cannot be opened.
    if ((await this.read(key)) === undefined) return undefined;
    const taken = await this.#table.take(key);
    return taken === undefined ? undefined : (await this.#open(key, taken))?.value;
  }

  async delete(key: string): Promise<void> {
    await this.#table.delete(key);
  }

  async sweep(limit: number): Promise<readonly { readonly key: string; readonly value: T }[]> {
    const swept: { key: string; value: T }[] = [];
    for (const { key, value } of await this.#table.sweep(limit)) {
      const opened = await this.#open(key, value);
      if (opened !== undefined) swept.push({ key, value: opened.value });
    }
    return swept;
  }

  #seal(key: string, value: T): Promise<string> {
    return this.#cipher.seal({ table: this.#name, key }, JSON.stringify(value));
  }

  /** Wrapped, because a value may be null. */
  async #open(key: string, sealed: unknown): Promise<{ readonly value: T } | undefined> {
    const opened = typeof sealed === 'string' ? await this.#cipher.open({ table: this.#name, key }, sealed) : undefined;
    if (opened !== undefined) return { value: JSON.parse(opened.text) as T };
    this.#warn(key);
    return undefined;
  }

  /** Once a row, however often it is read. The key stays out of the log: it may name a person. */
  #warn(key: string): void {
    if (this.#warned.has(key) || this.#warned.size >= WARNED_LIMIT) return;
    this.#warned.add(key);
    this.#log.warn(
      { table: this.#name },
      'a stored value was changed, or sealed with a secret that is not known any more: it counts as absent',
    );
  }
}
