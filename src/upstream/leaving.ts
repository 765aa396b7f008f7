/** Sessions that are lost to new calls, while older ones still wait for their answers there. */
import type { Session } from './session.ts';

export class LeavingSessions {
  readonly #ends = new Map<Session, Promise<void>>();

  /** Lets the calls in flight end, then closes it. */
  add(session: Session): void {
    this.#ends.set(
      session,
      session.retire().finally(() => this.#ends.delete(session)),
    );
  }

  /** Closes all at once; resolves when that is done. */
  async close(): Promise<void> {
    await Promise.all([...this.#ends.keys()].map((session) => session.close()));
    await Promise.all(this.#ends.values());
  }
}
