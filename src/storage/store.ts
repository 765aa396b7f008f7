/** Where things are kept that outlive a request: typed tables over Keyv. */
import Keyv from 'keyv';
import { openDatabase, SqliteAdapter } from './sqlite.ts';

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
  if (uri === 'memory') {
    const values = new Map();
    return {
      table: <T>(name: string) => tableOf(new Keyv<T>(values, optionsOf(name))),
      close: async () => values.clear(),
    };
  }
  const database = openDatabase(uri.slice('sqlite:'.length));
  return {
    // Each table has an adapter of its own, because Keyv keeps the name of the table there.
    table: <T>(name: string) => tableOf(new Keyv<T>(new SqliteAdapter(database), optionsOf(name))),
    close: async () => {
      database.close();
    },
  };
}

function optionsOf(name: string): { namespace: string; throwOnErrors: boolean } {
  return { namespace: name, throwOnErrors: true };
}

function tableOf<T>(keyv: Keyv<T>): Table<T> {
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
