/** A Keyv storage adapter on SQLite (libsql, whose binaries come inside npm packages), safe for several processes. */
import { accessSync, chmodSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KeyvStoreAdapter, StoredData } from 'keyv';
import Database from 'libsql';

export type SqliteDatabase = Database.Database;

const SCHEMA = 'CREATE TABLE IF NOT EXISTS keyv (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires INTEGER)';
/** How long one process waits for another that writes. */
const BUSY_MS = 5000;

/** Opens or creates the file, readable by this user alone. Throws, with a reason for people, when it cannot. */
export function openDatabase(file: string): SqliteDatabase {
  createPrivately(file);
  const database = new Database(file, { timeout: BUSY_MS });
  try {
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(SCHEMA);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite gives its side files the mode of the main one, so that is set first; its own errors for a bad path are numbers. */
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!statSync(file).isFile()) throw new Error(`${file} is not a file`);
    accessSync(file, constants.R_OK | constants.W_OK);
    chmodSync(file, 0o600);
  }
}

/** One table's view of the database; Keyv puts the table's name before each key. */
export class SqliteAdapter implements KeyvStoreAdapter {
  opts: unknown = {};
  namespace?: string | undefined;
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    const row = this.#database.prepare('SELECT value, expires FROM keyv WHERE key = ?').get(key) as
      | { value: string; expires: number | null }
      | undefined;
    if (row === undefined) return undefined;
    const now = Date.now();
    if (row.expires === null || row.expires > now) return row.value as StoredData<Value>;
    // Another process may have put a fresh value there since.
    this.#database.prepare('DELETE FROM keyv WHERE key = ? AND expires <= ?').run(key, now);
    return undefined;
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
    const prefix = this.namespace === undefined ? '' : `${this.namespace}:`;
    this.#database.prepare('DELETE FROM keyv WHERE substr(key, 1, length(?)) = ?').run(prefix, prefix);
  }

  on(): this {
    return this;
  }
}
