/**
 * A server as one conversation sees it: messages go in as they are and come out as they are. Transports implement it, and
 * so does whatever stands between a transport and a caller: filters, logins, translations, several servers as one.
 */
import type { Message } from './message.ts';

/** What becomes of one request. Nothing is called before `request` has returned. */
export interface Replies {
  /** A notification or a request of the server that certainly belongs to this request. */
  onMessage(message: Message): void;
  /**
   * The answer, result or error, under the id of the request; nothing comes after it. `status`: the HTTP status that a
   * caller of the same era should see with it (2026-07-28 binds some errors to one); 200 elsewhere.
   */
  onAnswer(message: Message, status: number): void;
  /**
   * No answer will come; nothing comes after it. `NotSentError`: the request certainly reached nobody. `LoginNeeded`
   * and other `GatewayError`s say what the caller is to be told.
   */
  onFailure(error: unknown): void;
}

/** One request under way. */
export interface Exchange {
  /**
   * Nobody waits any more: the server is told, and `replies` hears nothing more. `notice`: the caller's own
   * `notifications/cancelled`, which is sent as it is instead of one of ours.
   */
  cancel(notice?: Message): void;
}

export interface PeerEvents {
  /** A notification or a request of the server that belongs to no request of ours, or nobody knows to which. */
  onMessage(message: Message): void;
  /** The peer carries nothing any more; all that waited has been failed before. Called once, and not after `close`. */
  onClosed(reason: string): void;
}

/** For a peer whose owner hears of nothing but its answers. */
export const QUIET: PeerEvents = Object.freeze({ onMessage: () => undefined, onClosed: () => undefined });

/**
 * Era `legacy` (2024-11-05 to 2025-11-25): the first request is `initialize`, then comes `notifications/initialized`, and
 * the server may ask back. Era `modern` (2026-07-28): each request carries its envelope in `_meta`, and nobody is asked.
 */
export interface Peer {
  readonly era: 'legacy' | 'modern';
  /**
   * Sends a request; its id must not be in use on this peer. `headers`: what of the caller's HTTP headers goes on with
   * it, flat: name, value, name, value. Never throws.
   */
  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange;
  /** A notification, or the answer to a request of the server. Never throws; what cannot be delivered is dropped. */
  send(message: Message): void;
  /** Ends the server's session, and fails what still waits. */
  close(): Promise<void>;
}

/** Makes a peer that reports to `events`. Connecting begins with the first request. */
export type PeerFactory = (events: PeerEvents) => Peer;
