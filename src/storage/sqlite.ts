/** Rows in SQLite (libsql, whose binaries come inside npm packages), safe for several processes. */
import { accessSync, chmodSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import type { Row, Rows } from './rows.ts';

export type SqliteDatabase = Database.Database;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS keyv (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires INTEGER);
  CREATE INDEX IF NOT EXISTS keyv_expires ON keyv (expires) WHERE expires IS NOT NULL;`;
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

const LIVE = '(keyv.expires IS NULL OR keyv.expires > :now)';
const PUT = 'INSERT INTO keyv (key, value, expires) VALUES (:key, :text, :expires) ON CONFLICT (key) DO UPDATE';
const OVERWRITE = 'SET value = excluded.value, expires = excluded.expires';

/** Each method is one statement, and so one transaction: there is nothing that a second process could get between. */
export class SqliteRows implements Rows {
  readonly #database: SqliteDatabase;
  readonly #get: Database.Statement;
  readonly #set: Database.Statement;
  readonly #putIfAbsent: Database.Statement;
  readonly #replace: Database.Statement;
  readonly #touch: Database.Statement;
  readonly #take: Database.Statement;
  readonly #sweep: Database.Statement;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#get = database.prepare(`SELECT value FROM keyv WHERE key = :key AND ${LIVE}`);
    this.#set = database.prepare(`${PUT} ${OVERWRITE}`);
    this.#putIfAbsent = database.prepare(`${PUT} ${OVERWRITE} WHERE NOT ${LIVE}`);
    this.#replace = database.prepare(
      `UPDATE keyv SET value = :text, expires = :expires WHERE key = :key AND value = :expected AND ${LIVE}`,
    );
    this.#touch = database.prepare(`UPDATE keyv SET expires = :expires WHERE key = :key AND ${LIVE}`);
    this.#take = database.prepare(`DELETE FROM keyv WHERE key = :key AND ${LIVE} RETURNING value`);
    this.#sweep = database.prepare(
      `DELETE FROM keyv WHERE key IN (SELECT key FROM keyv WHERE expires <= :now
        AND substr(key, 1, length(:prefix)) = :prefix ORDER BY expires LIMIT :limit) RETURNING key, value`,
    );
  }

  async get(key: string): Promise<string | undefined> {
    return textOf(this.#get.get({ key, now: Date.now() }));
  }

  async set(key: string, text: string, expires: number | undefined): Promise<void> {
    this.#set.run({ key, text, expires: expires ?? null });
  }

  async putIfAbsent(key: string, text: string, expires: number | undefined): Promise<boolean> {
    return this.#putIfAbsent.run({ key, text, expires: expires ?? null, now: Date.now() }).changes > 0;
  }

  async replace(key: string, expected: string, text: string, expires: number | undefined): Promise<boolean> {
    return this.#replace.run({ key, expected, text, expires: expires ?? null, now: Date.now() }).changes > 0;
  }

  async touch(key: string, expires: number): Promise<boolean> {
    return this.#touch.run({ key, expires, now: Date.now() }).changes > 0;
  }

  async take(key: string): Promise<string | undefined> {
    return textOf(this.#take.get({ key, now: Date.now() }));
  }

  async sweep(prefix: string, limit: number): Promise<readonly Row[]> {
    const rows = this.#sweep.all({ prefix, limit, now: Date.now() }) as { key: string; value: string }[];
    return rows.map(({ key, value }) => ({ key, text: value }));
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}

function textOf(row: unknown): string | undefined {
  return (row as { value: string } | undefined)?.value;
}
