/** A Keyv storage adapter on SQLite (libsql, whose binaries come inside npm packages), safe for several processes. */
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KeyvStoreAdapter, StoredData } from 'keyv';
import Database from 'libsql';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS keyv (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires INTEGER)';

export class SqliteAdapter implements KeyvStoreAdapter {
  opts: unknown = {};
  namespace?: string | undefined;
  readonly #database: Database.Database;

  /** Opens or creates the file; its folder is made private to this user. Throws when it cannot be opened. */
  constructor(file: string) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#database = new Database(file);
    chmodSync(file, 0o600);
    this.#database.exec('PRAGMA journal_mode = WAL');
    this.#database.exec('PRAGMA busy_timeout = 5000');
    this.#database.exec(SCHEMA);
  }

  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    const row = this.#database.prepare('SELECT value, expires FROM keyv WHERE key = ?').get(key) as
      | { value: string; expires: number | null }
      | undefined;
    if (row === undefined) return undefined;
    if (row.expires !== null && row.expires <= Date.now()) {
      await this.delete(key);
      return undefined;
    }
    return row.value as StoredData<Value>;
  }

  async set(key: string, value: unknown, ttl?: number): Promise<void> {
    this.#database
      .prepare(
        'INSERT INTO keyv (key, value, expires) VALUES (?, ?, ?) ' +
          'ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires',
      )
      .run(key, value, ttl === undefined ? null : Date.now() + ttl);
  }

  async delete(key: string): Promise<boolean> {
    return this.#database.prepare('DELETE FROM keyv WHERE key = ?').run(key).changes > 0;
  }

  async clear(): Promise<void> {
    this.#database.prepare("DELETE FROM keyv WHERE key LIKE ? || '%'").run(this.namespace ?? '');
  }

  on(): this {
    return this;
  }

  async disconnect(): Promise<void> {
    this.#database.close();
  }
}
