/** Where things are kept that outlive a request: typed tables over Keyv. */
import Keyv from 'keyv';
import { openDatabase, SqliteAdapter, type SqliteDatabase } from './sqlite.ts';

export interface Table<T> {
  get(key: string): Promise<T | undefined>;
  /** Without `ttlMs` the value stays. */
  set(key: string, value: T, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface Store {
  table<T>(name: string): Table<T>;
  close(): Promise<void>;
}

/** Opens `memory` or `sqlite:<path>`; throws when the file cannot be opened. */
export function openStore(uri: string): Store {
  const database = uri === 'memory' ? undefined : openDatabase(uri.slice('sqlite:'.length));
  return {
    table: <T>(name: string) => openTable<T>(name, database),
    close: async () => {
      database?.close();
    },
  };
}

function openTable<T>(name: string, database: SqliteDatabase | undefined): Table<T> {
  const keyv = new Keyv<T>({
    namespace: name,
    throwOnErrors: true,
    // Each table has an adapter of its own, because Keyv keeps the name of the table there.
    ...(database === undefined ? {} : { store: new SqliteAdapter(database) }),
  });
  return {
    get: (key) => keyv.get(key),
    set: async (key, value, ttlMs) => {
      await keyv.set(key, value, ttlMs);
    },
    delete: async (key) => {
      await keyv.delete(key);
    },
  };
}
