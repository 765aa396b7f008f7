/** Moments and numbers in words that hold wherever the reader is. */

export interface MomentWords {
  /** For `<time datetime>`; a script of the page turns what is shown into local time. */
  readonly iso: string;
  /** `14:05 UTC`; with its day where that is not today. */
  readonly words: string;
  /** `in 23 minutes`. */
  readonly left: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A provider may say anything; what lies further off tells nobody anything, and may be no date at all. */
const FARTHEST_MS = 3650 * DAY_MS;

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

/** `at` and `now` in milliseconds since 1970; undefined when `at` has passed or is too far off to tell. */
export function momentWords(at: number, now: number): MomentWords | undefined {
  const ms = at - now;
  if (!(ms > 0 && ms < FARTHEST_MS)) return undefined;
  const iso = new Date(at).toISOString();
  const clock = `${iso.slice(11, 16)} UTC`;
  const isToday = iso.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  return { iso, words: isToday ? clock : `${DAY.format(at)}, ${clock}`, left: `in ${leftWords(ms)}` };
}

/** The day in UTC: `30 Sept 2026`. `at` in milliseconds since 1970. */
export function dayWords(at: number): string {
  return DAY.format(at);
}

/** `1 tool`, `2 tools`. */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** To the nearest: the moment itself stands beside it, and what lasts 90 days has 90 left a second later. */
function leftWords(ms: number): string {
  if (ms < MINUTE_MS) return 'less than a minute';
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 60) return counted(minutes, 'minute');
  const hours = Math.round(ms / HOUR_MS);
  return hours < 48 ? counted(hours, 'hour') : counted(Math.round(ms / DAY_MS), 'day');
}
