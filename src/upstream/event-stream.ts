/** A long-lived event stream that reopens itself, with pauses that grow and `Last-Event-ID`. */
import { HttpExchange } from './http-exchange.ts';

export interface EventStreamOptions {
  /** Sends the GET that `exchange` will read. */
  open(lastEventId: string | undefined, exchange: HttpExchange): void;
  onData(data: string): void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #stopped = new AbortController();
  #lastEventId: string | undefined;
  #pause = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped.signal.aborted) return;
    const exchange = new HttpExchange(this.#stopped.signal, {
      onHead: (status) => {
        if (status === 200) this.#pause = FIRST_PAUSE_MS;
      },
      onRetry: (ms) => {
        this.#pause = Math.min(ms, LONGEST_PAUSE_MS);
      },
      onEvent: (data, _event, id) => {
        if (id !== undefined && id !== '') this.#lastEventId = id;
        this.#options.onData(data);
        return false;
      },
      // 405: the server offers no such stream; any other refusal is as final for this session.
      onAnswer: (answer) => {
        if (answer.status === 200) this.#later();
      },
      onFailure: () => this.#later(),
    });
    this.#options.open(this.#lastEventId, exchange);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopped.abort(new Error('closed'));
  }

  #later(): void {
    if (this.#stopped.signal.aborted) return;
    this.#timer = setTimeout(() => this.start(), this.#pause);
    this.#timer.unref();
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }
}
