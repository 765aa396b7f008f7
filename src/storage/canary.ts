/** A sealed value that tells at start whether the secret is the one that this store was sealed with. */
import type { Cipher } from './cipher.ts';
import type { Store, Table } from './store.ts';

const TABLE = 'meta';
const KEY = 'canary';
const PLACE = { table: TABLE, key: KEY };

/** True once a secret has been used with this store. */
export async function hasCanary(store: Store): Promise<boolean> {
  return (await store.table(TABLE).get(KEY)) !== undefined;
}

/** False: another secret was used with `store`, a plain one. What a previous secret has sealed is sealed anew. */
export async function checkCanary(store: Store, cipher: Cipher): Promise<boolean> {
  const table: Table<string> = store.table(TABLE);
  const fresh = await cipher.seal(PLACE, KEY);
  if (await table.putIfAbsent(KEY, fresh)) return true;
  const found = await table.read(KEY);
  const opened = found === undefined ? undefined : await cipher.open(PLACE, found.value);
  if (found === undefined || opened === undefined) return false;
  // Losing this race is as good: another process has just done it.
  if (!opened.current) await table.replace(KEY, found.stamp, fresh);
  return true;
}
