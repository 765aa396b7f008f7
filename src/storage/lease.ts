/** A lock that all processes of one store respect, and that ends by itself when its holder dies. */
import { randomBytes } from 'node:crypto';
import type { Table } from './store.ts';

export interface Leases {
  /** Runs `work` while nobody else holds `name`; undefined, at once, where somebody does. Released in the end, however it was. */
  hold<R>(name: string, ttlMs: number, work: () => Promise<R>): Promise<{ readonly result: R } | undefined>;
}

/** Rows of ended leases that one release removes. */
const SWEEP_LIMIT = 10;

/** `ttlMs` has to outlive the longest `work`, because nothing stops work whose lease has ended. */
export function leases(table: Table<string>): Leases {
  return {
    hold: async (name, ttlMs, work) => {
      const token = randomBytes(16).toString('base64url');
      if (!(await table.putIfAbsent(name, token, ttlMs))) return undefined;
      try {
        return { result: await work() };
      } finally {
        // What the work has done counts; a lease that could not be released ends by itself.
        await release(table, name, token).catch(() => undefined);
      }
    },
  };
}

/** Lets `name` expire at once, unless it has become somebody else's since. */
async function release(table: Table<string>, name: string, token: string): Promise<void> {
  const held = await table.read(name);
  if (held?.value === token) await table.replace(name, held.stamp, token, 0);
  await table.sweep(SWEEP_LIMIT);
}
