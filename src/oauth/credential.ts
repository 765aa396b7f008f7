/** What a connection to a server needs to know of a login: the token to send, and what to do when it is refused. */
import type { Challenge } from './model.ts';

/** How a server refused a request; nothing of the request has run. */
export interface Refusal {
  readonly status: 401 | 403;
  /** Undefined where the answer had no Bearer challenge. */
  readonly challenge: Challenge | undefined;
  /** The token that was sent; undefined: none. */
  readonly token: string | undefined;
  /** When it was sent, in milliseconds since 1970. */
  readonly sentAt: number;
  /** What was asked, for the memory of step-ups: the tool's name, or the method. */
  readonly operation: string;
}

export interface Credential {
  /**
   * The access token for the next request; a promise only where it has to be read or renewed first.
   * Throws or rejects with `GatewayError` (`authorization_required`, `provider_unavailable`, `storage_failed`).
   */
  token(): string | Promise<string>;
  /** Resolves when the request may be sent once more with a fresh `token()`; rejects with what the caller is told. */
  refused(refusal: Refusal): Promise<void>;
}
