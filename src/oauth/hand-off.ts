/** The words of a login that is begun in a chat: the caller has no browser with us, and the browser is nobody yet. */
import type { Owner } from './model.ts';

/** For whom a link was made. It says so, and proves nothing of who opens it. */
export interface TicketHolder {
  readonly owner: Owner;
  /** For people. */
  readonly label: string;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
}

/** How a browser that came through a link begins the login. */
export interface HandOff {
  /** Who the browser is: named, a visitor, or nobody. It has to be the same at the end. */
  readonly person: Owner | undefined;
  /** True where it did not prove to be the holder: the grant waits for the code that the holder has to bring. */
  readonly confirm: boolean;
  /** True where Open WebUI's cookie showed that it is the holder: it has to show so again at the end. */
  readonly byCookie?: boolean;
  /** The holder's, for the page that shows the code. */
  readonly label: string;
}

/** A login that has ended at the provider and waits for its code, ten minutes at most. */
export interface Waiting {
  /** Names it; no secret. */
  readonly id: string;
  /** What the person has to bring to their chat; shown once, stored as a hash. */
  readonly code: string;
  readonly label: string;
  readonly lastsSeconds: number;
}

/** What became of a code: the grant is the caller's now, the code is another one, or nothing waits for one. */
export type Confirmation =
  | { readonly kind: 'connected' }
  | { readonly kind: 'wrong'; readonly attemptsLeft: number }
  | { readonly kind: 'nothing' }
  /** No code looks like that; it cost no try. */
  | { readonly kind: 'odd' };
