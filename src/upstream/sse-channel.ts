/** HTTP+SSE of 2024-11-05 as a channel: one stream brings the address to POST to, and then everything that the server says. */
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import { type HttpAnswer, HttpExchange } from './http-exchange.ts';
import { httpFailure, isEventStream, isSessionLost, RedirectError, RefusedError, withHint } from './http-status.ts';
import { bearable } from './jsonrpc.ts';
import { type Bearer, type HttpEndpoint, OriginClient } from './origin-client.ts';
import { badAnswer, NotSentError, type StopSignal } from './wire.ts';

const NOTIFY_TIMEOUT_MS = 10_000;
/** How long a POST may stay open once the stream has brought the answer. */
const LINGER_MS = 1_000;
/** How a streamable HTTP server refuses a GET without a session. */
const STREAMABLE_STATUS = new Set([400, 404, 405, 406]);
const STREAMABLE_HINT = 'Is it a streamable HTTP server? Then set "type": "streamable-http".';

export interface SseEvents {
  /** One event that is JSON: what it says, and as it came. */
  onMessage(value: unknown, text: string): void;
  /** The channel has closed; called once, by `close` too. `wasOpen`: the server had named an address to send to. */
  onEnd(error: Error, wasOpen: boolean): void;
}

export class SseChannel {
  readonly #client: OriginClient;
  readonly #events: SseEvents;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  readonly #postPath: Promise<string>;
  /** Of the stream, after redirects. */
  #url: URL;
  #redirectsLeft: number;
  #isOpen = false;
  #hasEnded = false;
  #closing: Promise<void> | undefined;

  /** Opens the stream; follows so many `redirects` to other paths of the same origin. */
  constructor(endpoint: HttpEndpoint, events: SseEvents, log: Log, credential?: Credential, redirects = 0) {
    this.#url = endpoint.url;
    this.#redirectsLeft = redirects;
    this.#events = events;
    this.#log = log;
    this.#client = new OriginClient(endpoint, credential);
    // Nothing is told before the constructor has returned.
    this.#postPath = Promise.resolve().then(() => {
      return this.#client.authorized('stream', this.#stopped.signal, (bearer) => this.#openStream(bearer));
    });
    // Each message awaits it; a failure before the first one is told by onEnd.
    this.#postPath.catch((error: unknown) => this.#end(error as Error));
  }

  /** Runs `send` with the person's token; see `sendAuthorized`. */
  authorized<R>(operation: string, signal: StopSignal, send: (bearer: Bearer) => Promise<R>): Promise<R> {
    return this.#client.authorized(operation, signal, send);
  }

  /** Resolves once messages can be sent; rejects with what `onEnd` tells. */
  async opened(): Promise<void> {
    await this.#postPath;
  }

  /** Sends a message that asks for nothing, with the current token and no second attempt. */
  deliver(body: string, signal: AbortSignal = AbortSignal.timeout(NOTIFY_TIMEOUT_MS)): Promise<void> {
    return this.#post(body, signal, undefined, []);
  }

  /**
   * Sends a request whose `answer` the stream will bring; `headers` flat: name, value, name, value. Rejects where the
   * server does not take it. The POST may take as long as the call does, since some servers answer it only in the end.
   */
  async post(body: string, bearer: Bearer, answer: Promise<unknown>, headers: readonly string[] = []): Promise<void> {
    const controller = new AbortController();
    let isPosted = false;
    const stop = (): void => {
      if (!isPosted) setTimeout(() => controller.abort(new Error('answered')), LINGER_MS).unref();
    };
    answer.then(stop, stop);
    await this.#post(body, controller.signal, bearer, headers);
    isPosted = true;
  }

  close(): Promise<void> {
    this.#end(new NotSentError('connection', 'The connection is closed'));
    this.#closing ??= this.#client.destroy();
    return this.#closing;
  }

  /** Resolves with the path to POST to, which the first event names. */
  #openStream(bearer: Bearer): Promise<string> {
    return new Promise((resolve, reject) => {
      const end = (error: Error): void => {
        if (this.#follow(error)) {
          this.#openStream(bearer).then(resolve, reject);
          return;
        }
        reject(error);
        // Another token may do.
        if (!(error instanceof RefusedError)) this.#end(error);
      };
      const exchange = new HttpExchange(this.#stopped.signal, {
        onEvent: (data, event) => {
          if (event === 'endpoint') this.#resolveEndpoint(data, resolve, end);
          else this.#receive(data);
          return false;
        },
        onAnswer: (answer) => end(this.#streamEnded(answer)),
        onFailure: (error) => end(error as Error),
      });
      const path = this.#url.pathname + this.#url.search;
      const request = { method: 'GET', path, headers: ['accept', 'text/event-stream'], body: null } as const;
      this.#client.send(request, bearer, exchange);
    });
  }

  /** Nothing has run yet, so the stream may be elsewhere on the same origin. */
  #follow(error: Error): boolean {
    if (!(error instanceof RedirectError) || this.#redirectsLeft === 0) return false;
    if (error.location.origin !== this.#url.origin) return false;
    this.#redirectsLeft -= 1;
    this.#url = error.location;
    return true;
  }

  /** The address must be on the stream's own origin: a server must not turn our messages elsewhere. */
  #resolveEndpoint(data: string, resolve: (path: string) => void, end: (error: Error) => void): void {
    const url = URL.canParse(data, this.#url.href) ? new URL(data, this.#url) : undefined;
    if (url === undefined || url.origin !== this.#url.origin) {
      end(badAnswer('The server named an address on another origin to send messages to.', data.slice(0, 200)));
    } else {
      this.#isOpen = true;
      resolve(url.pathname + url.search);
    }
  }

  #streamEnded(answer: HttpAnswer): Error {
    if (answer.status === 200 && isEventStream(answer.headers)) {
      return new NotSentError('connection', 'The server ended the event stream');
    }
    const failure = httpFailure(answer, this.#url);
    return STREAMABLE_STATUS.has(answer.status) ? withHint(failure, STREAMABLE_HINT) : failure;
  }

  #receive(event: string): void {
    let value: unknown;
    const data = bearable(event);
    try {
      value = JSON.parse(data);
    } catch {
      this.#log.debug({ data: data.slice(0, 200) }, 'an event that is no JSON was ignored');
      return;
    }
    this.#events.onMessage(value, data);
  }

  /** Without `bearer` the current token is sent, and no second attempt is made. */
  async #post(
    body: string,
    signal: AbortSignal,
    bearer: Bearer | undefined,
    headers: readonly string[],
  ): Promise<void> {
    const path = await this.#postPath;
    await new Promise<void>((resolve, reject) => {
      const exchange = new HttpExchange(signal, {
        onEvent: () => false,
        onAnswer: (answer) => {
          if (answer.status < 300) resolve();
          else if (isSessionLost(answer)) reject(new NotSentError('session', 'The server forgot the session'));
          else reject(httpFailure(answer, this.#url));
        },
        onFailure: reject,
      });
      const request = {
        method: 'POST',
        path,
        headers: ['content-type', 'application/json', ...headers],
        body,
      } as const;
      if (bearer === undefined) void this.#client.sendOnce(request, exchange);
      else this.#client.send(request, bearer, exchange);
    });
  }

  #end(error: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopped.abort(error);
    void this.close();
    this.#events.onEnd(error, this.#isOpen);
  }
}
