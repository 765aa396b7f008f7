/** What a session's streams said lately, so that a client whose connection broke can hear it (2025-11-25, Streamable HTTP, resumability). */
import type { Share } from '../budget.ts';

export interface StreamEvent {
  /** Unique within the session: the stream's number, then the event's. */
  readonly id: string;
  readonly number: number;
  /** One JSON-RPC message. */
  readonly text: string;
}

interface Entry extends StreamEvent {
  readonly stream: number;
  /** Of one that alone is larger than the log: ends that it counts for its caller. */
  readonly release: (() => void) | undefined;
}

const MOST_EVENTS = 1_000;
const MOST_CHARACTERS = 4 * 1024 * 1024;

/**
 * The oldest is dropped first, whichever stream it is of. One that alone is larger than the log is kept only until a
 * connection was given it, and only where its caller has room for it.
 */
export class EventLog {
  readonly #keeps: boolean;
  readonly #room: Share | undefined;
  #entries: Entry[] = [];
  #characters = 0;

  /** `keeps`: false where nobody could ask for what was said before. */
  constructor(keeps = true, room?: Share) {
    this.#keeps = keeps;
    this.#room = room;
  }

  /** `isGiven`: a connection was given it. */
  add(stream: number, event: StreamEvent, isGiven = false): void {
    if (!this.#keeps) return;
    const { length } = event.text;
    if (length <= MOST_CHARACTERS) {
      this.#characters += length;
      this.#entries.push({ ...event, stream, release: undefined });
    } else {
      if (isGiven || this.#room?.fits(length) === false) return;
      this.#entries.push({ ...event, stream, release: this.#room?.take(length) ?? (() => undefined) });
    }
    this.#shrink();
  }

  /** A connection was given an event that was kept. */
  given({ id, text }: StreamEvent): void {
    if (text.length <= MOST_CHARACTERS) return;
    const at = this.#entries.findIndex((entry) => entry.id === id);
    if (at >= 0) this.#drop(at, 1);
  }

  /** What is still known of a stream from event `number` on. */
  from(stream: number, number: number): readonly StreamEvent[] {
    return this.#entries.filter((entry) => entry.stream === stream && entry.number >= number);
  }

  clear(): void {
    this.#drop(0, this.#entries.length);
  }

  #shrink(): void {
    let dropped = 0;
    let characters = this.#characters;
    while (this.#entries.length - dropped > MOST_EVENTS || characters > MOST_CHARACTERS) {
      characters -= charactersOf(this.#entries[dropped]);
      dropped += 1;
    }
    // In larger steps: taking one from the front costs as much as taking many.
    if (dropped > 0) this.#drop(0, dropped);
  }

  #drop(from: number, count: number): void {
    for (const entry of this.#entries.splice(from, count)) {
      this.#characters -= charactersOf(entry);
      entry.release?.();
    }
  }
}

/** Large ones are counted elsewhere. */
function charactersOf(entry: Entry | undefined): number {
  return entry === undefined || entry.release !== undefined ? 0 : entry.text.length;
}

export function eventId(stream: number, number: number): string {
  return `${stream}-${number}`;
}

/** The stream and event that `Last-Event-ID` names; undefined where it is none of ours. */
export function parseEventId(id: string): { readonly stream: number; readonly number: number } | undefined {
  const found = /^(\d{1,10})-(\d{1,10})$/.exec(id);
  return found === null ? undefined : { stream: Number(found[1]), number: Number(found[2]) };
}
