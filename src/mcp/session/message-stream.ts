/** One event stream of a session: what it has to say, and the client's connection that hears it, if there is one. */
import type { Message } from '../../upstream/peer/message.ts';
import { type EventLog, eventId, type StreamEvent } from './event-log.ts';

/** The connection of a client that hears one stream. */
export interface Outlet {
  write(event: StreamEvent): void;
  /** Something that is no message, so that nobody between us takes the connection for dead; with an id it can be resumed. */
  touch(id?: string): void;
  /** How much the client has not read yet, in bytes. */
  readonly unread: number;
  /** Nothing more will come. */
  end(): void;
  /** The client does not keep up. */
  cut(): void;
}

/** What a client may leave unread before it is cut off; one message more is let through, however large. */
export const MOST_UNREAD_BYTES = 4 * 1024 * 1024;

export class MessageStream {
  readonly number: number;
  readonly #log: EventLog;
  #outlet: Outlet | undefined;
  #next = 1;
  /** The first event that no connection was given. */
  #unsent = 1;
  #isDone = false;

  constructor(number: number, log: EventLog) {
    this.number = number;
    this.#log = log;
  }

  get isOpen(): boolean {
    return this.#outlet !== undefined;
  }

  /** True once nothing more will come. */
  get isDone(): boolean {
    return this.#isDone;
  }

  push(message: Message): void {
    const event = { id: eventId(this.number, this.#next), number: this.#next, text: message.text };
    this.#next += 1;
    this.#log.add(this.number, event, this.#write(event));
  }

  /** Gives all that came after event `after` (default: all that nobody was given) to a connection, and what comes from now on. */
  attach(outlet: Outlet, after: number = this.#unsent - 1): void {
    const former = this.#outlet;
    this.#outlet = outlet;
    // One connection hears a stream: two would hear everything twice (Streamable HTTP, multiple connections).
    former?.end();
    for (const event of this.#log.from(this.number, after + 1)) {
      if (this.#write(event)) this.#log.given(event);
    }
    if (this.#isDone) this.#finish();
  }

  /** True where every event after event `after` is still known; false for one that was never given out, too. */
  canGoOnAfter(after: number): boolean {
    return after < this.#next && this.#log.from(this.number, after + 1).length === this.#next - 1 - after;
  }

  /** The connection has closed; what it was not given is kept for the next one. */
  detach(outlet: Outlet): void {
    if (this.#outlet === outlet) this.#outlet = undefined;
  }

  /** Keeps the connection awake; `asEvent`: with an id from which it can be resumed. */
  touch(asEvent = false): void {
    this.#outlet?.touch(asEvent ? eventId(this.number, this.#next - 1) : undefined);
  }

  /** Nothing more will come. */
  finish(): void {
    this.#isDone = true;
    this.#finish();
  }

  #finish(): void {
    const outlet = this.#outlet;
    this.#outlet = undefined;
    outlet?.end();
  }

  /** True where a connection was given it. */
  #write(event: StreamEvent): boolean {
    const outlet = this.#outlet;
    if (outlet === undefined) return false;
    if (outlet.unread > MOST_UNREAD_BYTES) {
      this.#outlet = undefined;
      outlet.cut();
      return false;
    }
    this.#unsent = event.number + 1;
    outlet.write(event);
    return true;
  }
}
