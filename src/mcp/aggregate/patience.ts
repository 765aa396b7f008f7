/** How long a list waits for servers: not long for those that have kept one waiting in vain. */
import type { ListKind } from './lists.ts';

/** A list waits no longer for one of its servers. */
export const LIST_MS = 10_000;
/** For one that has not answered. */
export const LATE_MS = 1_000;
/** How long that is remembered; twice as long each time it turns out to be so still. */
const FIRST_MEMORY_MS = 30_000;
const LONGEST_MEMORY_MS = 5 * 60_000;

interface Silence {
  readonly until: number;
  readonly ms: number;
}

interface Silent {
  /** Nothing has been answered since. */
  isWhole: boolean;
  readonly kinds: Map<ListKind, Silence>;
}

/** All times as of `performance.now()`. */
export class Patience {
  readonly #servers = new Map<string, Silent>();

  /** How long to wait for a list of `server`, in milliseconds. A server that is silent on one list may be so on all. */
  msFor(server: string, kind: ListKind, now: number): number {
    const silent = this.#servers.get(server);
    if (silent === undefined) return LIST_MS;
    const silences = silent.isWhole ? [...silent.kinds.values()] : [silent.kinds.get(kind)];
    return silences.some((silence) => silence !== undefined && silence.until > now) ? LATE_MS : LIST_MS;
  }

  /** A list of `server` was waited for, and did not come. */
  waitedInVain(server: string, kind: ListKind, now: number): void {
    const silent = this.#servers.get(server) ?? { isWhole: true, kinds: new Map<ListKind, Silence>() };
    const former = silent.kinds.get(kind);
    // Those who waited at the same time have learned the same.
    if (former !== undefined && former.until > now) return;
    const ms = former === undefined ? FIRST_MEMORY_MS : Math.min(2 * former.ms, LONGEST_MEMORY_MS);
    silent.isWhole = true;
    silent.kinds.set(kind, { until: now + ms, ms });
    this.#servers.set(server, silent);
  }

  /** A list of `server` came within the time that lists wait, though maybe not for the one that asked for it. */
  answered(server: string, kind: ListKind): void {
    const silent = this.#servers.get(server);
    if (silent === undefined) return;
    silent.isWhole = false;
    silent.kinds.delete(kind);
    if (silent.kinds.size === 0) this.#servers.delete(server);
  }

  /** Forgets all but these. */
  keep(servers: readonly string[]): void {
    for (const server of this.#servers.keys()) if (!servers.includes(server)) this.#servers.delete(server);
  }
}
