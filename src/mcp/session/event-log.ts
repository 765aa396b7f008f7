/** What a session's streams said lately, so that a client whose connection broke can hear it (2025-11-25, Streamable HTTP, resumability). */

export interface StreamEvent {
  /** Unique within the session: the stream's number, then the event's. */
  readonly id: string;
  readonly number: number;
  /** One JSON-RPC message. */
  readonly text: string;
}

interface Entry extends StreamEvent {
  readonly stream: number;
}

const MOST_EVENTS = 1_000;
const MOST_CHARACTERS = 4 * 1024 * 1024;

/** The oldest is dropped first, whichever stream it is of. A single one may be larger than the whole log otherwise holds. */
export class EventLog {
  readonly #keeps: boolean;
  #entries: Entry[] = [];
  #characters = 0;

  /** `keeps`: false where nobody could ask for what was said before. */
  constructor(keeps = true) {
    this.#keeps = keeps;
  }

  add(stream: number, number: number, text: string): StreamEvent {
    const entry: Entry = { stream, number, text, id: eventId(stream, number) };
    if (!this.#keeps) return entry;
    this.#entries.push(entry);
    this.#characters += text.length;
    this.#shrink();
    return entry;
  }

  /** What is still known of a stream from event `number` on. */
  from(stream: number, number: number): readonly StreamEvent[] {
    return this.#entries.filter((entry) => entry.stream === stream && entry.number >= number);
  }

  clear(): void {
    this.#entries = [];
    this.#characters = 0;
  }

  #shrink(): void {
    let dropped = 0;
    while (
      this.#entries.length - dropped > 1 &&
      (this.#entries.length - dropped > MOST_EVENTS || this.#characters > MOST_CHARACTERS)
    ) {
      this.#characters -= this.#entries[dropped]?.text.length ?? 0;
      dropped += 1;
    }
    // In larger steps: taking one from the front costs as much as taking many.
    if (dropped > 0) this.#entries.splice(0, dropped);
  }
}

export function eventId(stream: number, number: number): string {
  return `${stream}-${number}`;
}

/** The stream and event that `Last-Event-ID` names; undefined where it is none of ours. */
export function parseEventId(id: string): { readonly stream: number; readonly number: number } | undefined {
  const found = /^(\d{1,10})-(\d{1,10})$/.exec(id);
  return found === null ? undefined : { stream: Number(found[1]), number: Number(found[2]) };
}
