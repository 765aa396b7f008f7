/** Announcements that lists have changed: those of many servers within a moment are one, and a storm is a drizzle. */
import type { ChangedList } from '../capabilities.ts';

const TOGETHER_MS = 50;
/** Where changes keep coming: each makes the caller read lists. */
const FIRST_GAP_MS = 1_000;
const LONGEST_GAP_MS = 10_000;

export class Changes {
  readonly #tell: (list: ChangedList) => void;
  readonly #waiting = new Map<ChangedList, NodeJS.Timeout>();
  readonly #gaps = new Map<ChangedList, Gap>();

  /** `tell` is called once for each list that has changed, a moment later; later where it was called a moment ago. */
  constructor(tell: (list: ChangedList) => void) {
    this.#tell = tell;
  }

  changed(list: ChangedList): void {
    if (this.#waiting.has(list)) return;
    const tell = (): void => {
      this.#waiting.delete(list);
      this.#tell(list);
    };
    this.#waiting.set(list, setTimeout(tell, this.#pauseFor(list)).unref());
  }

  /** How long the next announcement waits; grows by a second while none stays away for twice as long. */
  #pauseFor(list: ChangedList): number {
    const now = Date.now();
    const former = this.#gaps.get(list);
    const isCalm = former === undefined || now - former.toldAt > 2 * former.ms + FIRST_GAP_MS;
    const ms = isCalm ? TOGETHER_MS : Math.min(roundedUp(former.ms), LONGEST_GAP_MS);
    this.#gaps.set(list, { ms, toldAt: now + ms });
    return ms;
  }

  close(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }
}

interface Gap {
  readonly ms: number;
  /** When the announcement after it is due, in milliseconds since 1970. */
  readonly toldAt: number;
}

function roundedUp(ms: number): number {
  return ms < FIRST_GAP_MS ? FIRST_GAP_MS : ms + FIRST_GAP_MS;
}
