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
  /** Items and members looked at, characters of defaults filled in, faults in branches that failed. */
  work: number;
}

/** Gives the value to send; on a fault it adds findings and gives the value as it came. */
export type Coerce = (value: unknown, run: Run) => unknown;

/** No more faults than this are looked for: nobody reads more, and each is handed up through every level of the body. */
export const MOST_FINDINGS = 200;

/**
 * More than the items of the largest body, 32 MiB of `[0,0,...]`, so that reading it once never gets here; it takes a
 * schema that multiplies the body. Then no defaults are filled in and no branches tried: the server judges the rest.
 */
export const MOST_WORK = 20_000_000;

/** A fresh book. */
export function newRun(): Run {
  return { findings: [], exactness: EXACT, fields: -1, steps: 0, work: 0 };
}

/** Notes that the value did not fit better than this. */
export function lower(run: Run, exactness: number): void {
  if (run.exactness > exactness) run.exactness = exactness;
}

/** Notes a fault, if there is room; without room the value, or the branch that is tried, has been refused already. */
export function report(run: Run, finding: Finding): void {
  if (!isFull(run)) run.findings.push(finding);
}

/** True when looking for more faults has no use. */
export function isFull(run: Run): boolean {
  return run.findings.length >= MOST_FINDINGS;
}

/** True when the body has made as much work as it may. */
export function isSpent(run: Run): boolean {
  return run.work > MOST_WORK;
}

/**
 * Adds the member or item to the place of every fault found since there were `from` of them. The innermost stands
 * first, since adding in front of a long place is slow, until `turnPlaces` is called.
 */
export function locate(run: Run, from: number, key: string | number): void {
  for (let at = from; at < run.findings.length; at += 1) {
    const finding = run.findings[at];
    finding?.loc.push(key);
    finding?.path.push(key);
  }
}

/** When the whole body is read: the outermost member first. */
export function turnPlaces(run: Run): void {
  for (const { loc, path } of run.findings) {
    loc.reverse();
    path.reverse();
  }
}
