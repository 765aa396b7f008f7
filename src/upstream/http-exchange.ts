/** One HTTP exchange with a server, read straight from undici's parser: a JSON body or an event stream. */
import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { Dispatcher } from 'undici';
import { badAnswer, connectionLost, MAX_MESSAGE_BYTES, NotSentError, type StopSignal } from './wire.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Empty for an event stream. */
  readonly body: string;
}

export interface ExchangeEvents {
  /** Headers have arrived. */
  onHead?(status: number, headers: HttpAnswer['headers']): void;
  /** One event of a stream; `true` says that this was the last one of interest. */
  onEvent(data: string, event: string | undefined, id: string | undefined): boolean;
  /** The answer is complete; for a stream: it ended. Called at most once, and not after `onFailure`. */
  onAnswer(answer: HttpAnswer): void;
  onFailure(error: unknown): void;
  /** Server's wish for the pause before a reconnect, in milliseconds. */
  onRetry?(ms: number): void;
}

/** How long a stream may stay open after its answer before we cut it; a clean end keeps the connection for the next call. */
const LINGER_MS = 1000;

export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly #events: ExchangeEvents;
  readonly #signal: StopSignal;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: HttpAnswer['headers'] = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #parser: EventSourceParser | undefined;
  #decoder: StringDecoder | undefined;
  #over = false;
  /** Nothing more will come from undici. */
  #hasEnded = false;
  #linger: NodeJS.Timeout | undefined;

  constructor(signal: StopSignal, events: ExchangeEvents) {
    this.#signal = signal;
    this.#events = events;
    signal.addEventListener('abort', this.#onAbort);
    if (signal.aborted) this.#onAbort();
  }

  /** False as long as not one byte of the request can have left. */
  get isStarted(): boolean {
    return this.#controller !== undefined;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('aborted'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HttpAnswer['headers']): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const type = headers['content-type'];
    if (status === 200 && typeof type === 'string' && type.includes('text/event-stream')) this.#startStream();
    this.#events.onHead?.(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#parser !== undefined) {
      this.#parser.feed(this.#decoder?.write(chunk) ?? '');
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_MESSAGE_BYTES) this.#tooLarge();
    else this.#chunks.push(chunk);
  }

  #tooLarge(): void {
    this.#fail(badAnswer(`The answer is larger than ${MAX_MESSAGE_BYTES} bytes.`));
    this.#controller?.abort(new Error('too large'));
  }

  onResponseEnd(): void {
    this.#hasEnded = true;
    clearTimeout(this.#linger);
    if (this.#finish()) {
      const [first] = this.#chunks;
      const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
      this.#events.onAnswer({ status: this.#status, headers: this.#headers, body: bytes.toString('utf8') });
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#hasEnded = true;
    clearTimeout(this.#linger);
    // undici calls onRequestStart just before it writes: without it, not one byte has left.
    const reason = describe(error);
    this.#fail(this.#controller === undefined ? new NotSentError('connection', reason) : connectionLost(reason));
  }

  #startStream(): void {
    this.#decoder = new StringDecoder('utf8');
    this.#parser = createParser({
      onEvent: (event) => this.#event(event.data, event.event, event.id),
      onRetry: (ms) => this.#events.onRetry?.(ms),
      // Of one event; a stream may live on comments alone for months.
      maxBufferSize: MAX_MESSAGE_BYTES,
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.#tooLarge();
      },
    });
  }

  #event(data: string, event: string | undefined, id: string | undefined): void {
    if (this.#over) return;
    if (!this.#events.onEvent(data, event, id)) return;
    this.#finish();
    // Mostly the end has come with it.
    queueMicrotask(() => this.#beginLinger());
  }

  #beginLinger(): void {
    if (!this.#hasEnded) this.#linger = setTimeout(() => this.#controller?.abort(new Error('lingering')), LINGER_MS);
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#signal.reason);
    this.#controller?.abort(new Error('aborted'));
  };

  #fail(error: unknown): void {
    if (this.#finish()) this.#events.onFailure(error);
  }

  /** True the first time. */
  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    return true;
  }
}

function describe(error: Error & { code?: string }): string {
  const causes = error instanceof AggregateError ? error.errors.map((one: Error) => one.message).join('; ') : '';
  return causes || error.message || error.code || 'connection failed';
}
