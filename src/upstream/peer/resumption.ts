/** Where the stream of one request can go on after a break (2025-11-25, Streamable HTTP, resumability). */
import { GatewayError } from '../../errors.ts';
import { isEventId } from '../event-stream.ts';
import { NotSentError } from '../wire.ts';

/** Without a single event in between. */
const MOST_TRIES = 8;
const FIRST_PAUSE_MS = 1_000;
/** A server that says 0 shall not have us run in circles. */
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;

export class Resumption {
  #lastEventId: string | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #tries = 0;

  get lastEventId(): string | undefined {
    return this.#lastEventId;
  }

  /** The server's wish for the pause before a reconnect, in milliseconds. */
  wishes(ms: number): void {
    this.#pauseMs = Math.max(SHORTEST_PAUSE_MS, Math.min(ms, LONGEST_PAUSE_MS));
  }

  /** An event has come; `id` where it had one. */
  progress(id: string | undefined): void {
    this.#tries = 0;
    if (id !== undefined && isEventId(id)) this.#lastEventId = id;
  }

  /** How long to wait before the next attempt, in milliseconds; undefined where there is to be none. */
  nextPause(error: unknown): number | undefined {
    if (this.#lastEventId === undefined || this.#tries >= MOST_TRIES || !isBreak(error)) return undefined;
    const pause = Math.min(this.#pauseMs * 2 ** this.#tries, LONGEST_PAUSE_MS);
    this.#tries += 1;
    return pause;
  }
}

/** A connection that broke, or that could not be made again. */
function isBreak(error: unknown): boolean {
  return error instanceof NotSentError || (error instanceof GatewayError && error.code === 'connection_lost');
}
