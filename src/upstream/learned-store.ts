/** Keeps what servers have shown beyond this run; several processes add to one row, and each gets what the others know. */
import type { Log } from '../log-sink.ts';
import { type Stamped, type Table, writeOver } from '../storage/store.ts';
import type { Learned } from './learned.ts';
import { isSameRecord, type LearnedRecord, readLearned } from './learned-record.ts';

/** Longer than anything in it lasts without being seen. */
const TTL_MS = 90 * 24 * 3600 * 1000;
/** Each lost race means that somebody else has written. */
const MOST_ATTEMPTS = 5;
/** How long a row that did not change is not read through again. */
const SETTLED_MS = 3600 * 1000;

/** How many rows are removed at once. */
const MOST_SWEPT = 100;

/** A row that held all that memory holds. */
interface Settled {
  readonly stamp: string;
  readonly record: LearnedRecord | undefined;
  readonly at: number;
}

interface Run {
  again: boolean;
  readonly done: Promise<void>;
}

export class LearnedStore {
  readonly #table: Table<LearnedRecord>;
  readonly #log: Log;
  readonly #runs = new Map<string, Run>();
  /** By what memory holds, so that it goes with a server that is gone. */
  readonly #settled = new WeakMap<Learned, Settled>();

  constructor(table: Table<LearnedRecord>, log: Log) {
    this.#table = table;
    this.#log = log;
  }

  /** Brings memory and store together, once at a time for each key; never rejects. */
  sync(key: string, learned: Learned): Promise<void> {
    const running = this.#runs.get(key);
    if (running !== undefined) {
      running.again = true;
      return running.done;
    }
    const run: Run = { again: true, done: Promise.resolve().then(() => this.#repeat(key, learned, run)) };
    this.#runs.set(key, run);
    return run.done;
  }

  /** Removes rows that have expired. */
  async sweep(): Promise<void> {
    await this.#table.sweep(MOST_SWEPT);
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await Promise.all([...this.#runs.values()].map(({ done }) => done));
  }

  async #repeat(key: string, learned: Learned, run: Run): Promise<void> {
    try {
      while (run.again) {
        run.again = false;
        await this.#join(key, learned);
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'what tools people were shown could not be stored');
    } finally {
      this.#runs.delete(key);
    }
  }

  async #join(key: string, learned: Learned): Promise<void> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const row = await this.#table.read(key);
      const now = Date.now();
      if (row !== undefined && this.#isSettled(row, learned, now)) return;
      const stored = row === undefined ? undefined : readLearned(row.value, now);
      const merged = learned.absorb(stored, now);
      if (merged === undefined) return;
      if (row !== undefined && isSameRecord(merged, stored)) {
        this.#settled.set(learned, { stamp: row.stamp, record: learned.record, at: now });
        return;
      }
      if (await writeOver(this.#table, key, row, merged, TTL_MS)) return;
    }
  }

  #isSettled({ stamp }: Stamped<LearnedRecord>, learned: Learned, now: number): boolean {
    const settled = this.#settled.get(learned);
    return settled?.stamp === stamp && settled.record === learned.record && now - settled.at < SETTLED_MS;
  }
}
