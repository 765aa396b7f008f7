/** How patient we are with servers; all in milliseconds. */

/** How long what is under way may go on where nothing new is taken: at an entry, or with a login, that is another now. */
export const DRAIN_MS = 30_000;

/** Of a connection. */
export interface LinkTimings {
  /** One attempt to connect, tool list included; the first start of `npx` or `uvx` may download. */
  readonly connectMs: number;
  /** How long a call waits for a connection under way. */
  readonly patienceMs: number;
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  /** Least time between two attempts, whoever asks. */
  readonly minGapMs: number;
  /** Least time between two readings of the tool list. */
  readonly refreshGapMs: number;
  /** A session that lived this long counts as healthy. */
  readonly stableMs: number;
  /** How long a server that starts on demand is kept without being used. */
  readonly idleMs: number;
}

export const DEFAULT_TIMINGS: LinkTimings = {
  connectMs: 60_000,
  patienceMs: 10_000,
  firstRetryMs: 500,
  longestRetryMs: 60_000,
  minGapMs: 1_000,
  refreshGapMs: 500,
  stableMs: 10_000,
  idleMs: 60_000,
};
