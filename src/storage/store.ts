/** Where things are kept that outlive a request: typed tables over Keyv. */
import Keyv, { type KeyvStoreAdapter } from 'keyv';
import { SqliteAdapter } from './sqlite.ts';

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
  const adapter = uri === 'memory' ? undefined : new SqliteAdapter(uri.slice('sqlite:'.length));
  return {
    table: <T>(name: string) => openTable<T>(name, adapter),
    close: async () => adapter?.disconnect(),
  };
}

function openTable<T>(name: string, adapter: KeyvStoreAdapter | undefined): Table<T> {
  const keyv = new Keyv<T>({
    namespace: name,
    throwOnErrors: true,
    ...(adapter === undefined ? {} : { store: adapter }),
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
