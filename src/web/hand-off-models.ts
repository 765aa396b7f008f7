/** What the pages of a login show that was begun in a chat. */
import type { PageModel } from './models.ts';
import { counted, type MomentWords } from './time-words.ts';

/** Who a page of a login concerns, and where. */
interface HandOffFacts extends PageModel {
  readonly server: string;
  /** For whom the login is. */
  readonly label: string;
}

/** Asks the person before anything begins. */
export interface HandOffModel extends HandOffFacts {
  /** Tells people of one name apart. */
  readonly id: string;
  /** `2 minutes ago`. */
  readonly asked: string;
  /** How the browser has shown that it is the person; undefined: it has not, so there will be a code. */
  readonly proof: 'cookie' | 'sign-in' | undefined;
  /** Begins the login, by GET. */
  readonly goUrl: string;
}

/** Shows the code that the person has to bring to their chat. */
export interface CodeModel extends HandOffFacts {
  readonly code: string;
  /** The one tool that may ask for it. */
  readonly operation: string;
  readonly until: MomentWords | undefined;
  /** Takes a POST with `_csrf` and `login`. */
  readonly dropUrl: string;
  readonly csrf: string;
  readonly login: string;
}

/** Something is done, or cannot be done any more; there is nothing to choose. */
export interface ToldModel extends PageModel {
  readonly texts: readonly string[];
}

const MINUTE_MS = 60_000;

/** `at` and `now` in milliseconds since 1970. */
export function agoWords(at: number, now: number): string {
  const minutes = Math.floor((now - at) / MINUTE_MS);
  return minutes < 1 ? 'less than a minute ago' : `${counted(minutes, 'minute')} ago`;
}
