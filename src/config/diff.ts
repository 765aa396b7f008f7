/** What a reload has to do: which servers are new, gone, different or as they were. */

import type { ServerConfig } from './model.ts';

type Servers = ReadonlyMap<string, ServerConfig>;

export interface ServerDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
}

/** Compares by hash, so that another order or another spelling of the same entry changes nothing. */
export function diffServers(before: Servers, after: Servers): ServerDiff {
  const kept = [...after.keys()].filter((name) => before.has(name));
  const isSame = (name: string) => before.get(name)?.hash === after.get(name)?.hash;
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    changed: kept.filter((name) => !isSame(name)),
    unchanged: kept.filter(isSame),
  };
}
