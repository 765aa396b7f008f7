/** The shape of a compiled coercion, and the book that it keeps while it runs over one body. */
import type { Finding } from './problems.ts';

/** How well a value fits: as it is, widened (an integer for a number), or converted. */
export const EXACT = 2;
export const STRICT = 1;
export const LAX = 0;

/** What is kept during one check. Coercions write to it instead of throwing, so that all faults are found. */
export interface Run {
  readonly findings: Finding[];
  /** The worst fit since the last union began to try a branch. */
  exactness: number;
  /** Declared members given since then; -1 when no object with declared members was met. */
  fields: number;
  /** Branches of unions tried so far: the bound on the work that a nested body can cause. */
  steps: number;
}

/** Gives the value to send; on a fault it adds findings and gives the value as it came. */
export type Coerce = (value: unknown, run: Run) => unknown;

/** No more faults than about this are looked for: the answer repeats the input of each. */
export const MOST_FINDINGS = 200;

/** A fresh book. */
export function newRun(): Run {
  return { findings: [], exactness: EXACT, fields: -1, steps: 0 };
}

/** Notes that the value did not fit better than this. */
export function lower(run: Run, exactness: number): void {
  if (run.exactness > exactness) run.exactness = exactness;
}

/** Puts the member or item in front of the place of every fault found since there were `from` of them. */
export function locate(run: Run, from: number, key: string | number): void {
  for (let at = from; at < run.findings.length; at += 1) {
    const finding = run.findings[at];
    finding?.loc.unshift(key);
    finding?.path.unshift(key);
  }
}
