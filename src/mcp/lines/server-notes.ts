/** What was found out about servers, by the hash of their entries: it holds for all who come to them. */
import type { ServerConfig } from '../../config/model.ts';

/** Servers that something is remembered of. */
const MOST = 1_000;
/** How long a server counts as one that knows no sessions. */
const MODERN_ONLY_MS = 10 * 60_000;

type Hashed = Pick<ServerConfig, 'hash'>;

export class ServerNotes {
  /** Those that were seen to know no sessions, and until when that counts. */
  readonly #modernOnly = new Map<string, number>();
  readonly #sharing = new Map<string, boolean>();

  isModernOnly({ hash }: Hashed): boolean {
    const until = this.#modernOnly.get(hash);
    if (until === undefined || Date.now() < until) return until !== undefined;
    this.#modernOnly.delete(hash);
    return false;
  }

  noteModernOnly({ hash }: Hashed): void {
    if (this.#modernOnly.size >= MOST) this.#modernOnly.clear();
    this.#modernOnly.set(hash, Date.now() + MODERN_ONLY_MS);
  }

  /** The server has begun a session, or does not speak 2026-07-28 any more. */
  forgetModernOnly({ hash }: Hashed): void {
    this.#modernOnly.delete(hash);
  }

  /** Whether callers may share a session; undefined where that was not found out yet. */
  mayShare({ hash }: Hashed): boolean | undefined {
    return this.#sharing.get(hash);
  }

  noteSharing({ hash }: Hashed, mayShare: boolean): void {
    if (this.#sharing.size >= MOST) this.#sharing.clear();
    this.#sharing.set(hash, mayShare);
  }

  forgetSharing({ hash }: Hashed): void {
    this.#sharing.delete(hash);
  }
}
