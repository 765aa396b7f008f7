/** A long-lived event stream that reopens itself, with pauses that grow and `Last-Event-ID`. */
import { type HttpAnswer, HttpExchange } from './http-exchange.ts';
import { isSessionLost } from './http-status.ts';

export interface EventStreamOptions {
  /** Sends the GET that `exchange` will read. */
  open(lastEventId: string | undefined, exchange: HttpExchange): void;
  onData(data: string): void;
  /** The stream is back; what the server said meanwhile may be lost. */
  onReopened(): void;
  /** The server does not know our session any more. */
  onSessionLost(): void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A stream that lived this long is no reason for longer pauses. */
const HEALTHY_MS = 10_000;
/** A server, or a proxy before it, that is just restarting. */
const PASSING = new Set([429, 502, 503, 504]);

/** True for a status that says: try again. */
export function isPassing(status: number): boolean {
  return PASSING.has(status);
}

/** True for an id that fits into a header. */
export function isEventId(id: string): boolean {
  return id.length <= 1_024 && /^[\x20-\x7e]+$/.test(id);
}

export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #stopped = new AbortController();
  #lastEventId: string | undefined;
  #pause = FIRST_PAUSE_MS;
  #wasOpen = false;
  /** Set while the stream is open. */
  #openedAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped.signal.aborted) return;
    const exchange = new HttpExchange(this.#stopped.signal, {
      onHead: (status) => {
        if (status === 200) this.#opened();
      },
      onRetry: (ms) => {
        this.#pause = Math.max(FIRST_PAUSE_MS, Math.min(ms, LONGEST_PAUSE_MS));
      },
      onEvent: (data, _event, id) => {
        if (id !== undefined && isEventId(id)) this.#lastEventId = id;
        this.#options.onData(data);
        return false;
      },
      onAnswer: (answer) => this.#ended(answer),
      onFailure: () => this.#later(),
    });
    this.#options.open(this.#lastEventId, exchange);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopped.abort(new Error('closed'));
  }

  #opened(): void {
    this.#openedAt = Date.now();
    if (this.#wasOpen) this.#options.onReopened();
    this.#wasOpen = true;
  }

  /** 405: the server offers no such stream; any other refusal of the first attempt is as final for this session. */
  #ended(answer: HttpAnswer): void {
    if (answer.status === 200 || isPassing(answer.status)) this.#later();
    else if (this.#wasOpen && isSessionLost(answer)) this.#options.onSessionLost();
  }

  #later(): void {
    if (this.#stopped.signal.aborted) return;
    if (this.#openedAt !== undefined && Date.now() - this.#openedAt >= HEALTHY_MS) this.#pause = FIRST_PAUSE_MS;
    this.#openedAt = undefined;
    this.#timer = setTimeout(() => this.start(), this.#pause);
    this.#timer.unref();
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }
}
