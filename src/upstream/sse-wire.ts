/** MCP over HTTP+SSE of 2024-11-05: one stream brings the address to POST to, and then every answer. */
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import { type HttpAnswer, HttpExchange } from './http-exchange.ts';
import { httpFailure, isEventStream, isSessionLost, RefusedError, withHint } from './http-status.ts';
import { notificationText, type Params, requestText } from './jsonrpc.ts';
import { type Bearer, type HttpEndpoint, OriginClient } from './origin-client.ts';
import { PendingRequests } from './pending.ts';
import {
  badAnswer,
  connectionLost,
  NotSentError,
  reasonOf,
  type SendOptions,
  type Wire,
  type WireEvents,
} from './wire.ts';

const NOTIFY_TIMEOUT_MS = 10_000;
/** How long a POST may stay open once the stream has brought the answer. */
const LINGER_MS = 1_000;
/** How a streamable HTTP server refuses a GET without a session. */
const STREAMABLE_STATUS = new Set([400, 404, 405, 406]);
const STREAMABLE_HINT = 'Is it a streamable HTTP server? Then set "type": "streamable-http".';

export class SseWire implements Wire {
  readonly #endpoint: HttpEndpoint;
  readonly #events: WireEvents;
  readonly #log: Log;
  readonly #client: OriginClient;
  readonly #pending: PendingRequests;
  readonly #stopped = new AbortController();
  readonly #postPath: Promise<string>;
  #isOpen = false;
  /** Why nothing can be sent any more. */
  #gone: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(endpoint: HttpEndpoint, events: WireEvents, log: Log, credential?: Credential) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#log = log;
    this.#pending = new PendingRequests(events);
    this.#client = new OriginClient(endpoint, credential);
    this.#postPath = this.#client.authorized('stream', this.#stopped.signal, (bearer) => this.#openStream(bearer));
    // Each request awaits it; a failure before the first request is told by onClosed.
    this.#postPath.catch((error: unknown) => this.#end(error as Error));
  }

  request(method: string, params: Params, options: SendOptions): Promise<unknown> {
    if (options.signal.aborted) return Promise.reject(options.signal.reason);
    const operation = method === 'tools/call' ? String(params.name) : method;
    return this.#client.authorized(operation, options.signal, (bearer) => this.#ask(method, params, options, bearer));
  }

  #ask(method: string, params: Params, options: SendOptions, bearer: Bearer): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(new NotSentError('connection', this.#gone));
    const id = this.#pending.nextId();
    const body = requestText(id, method, params, options.onProgress !== undefined);
    const answer = this.#pending.wait(id, options, () => this.#cancel(id, method));
    this.#postFor(answer, body, bearer, options.headers).catch((error: unknown) => this.#pending.fail(id, error));
    return answer;
  }

  notify(method: string, params?: Params, signal = AbortSignal.timeout(NOTIFY_TIMEOUT_MS)): Promise<void> {
    return this.#post(notificationText(method, params), signal, undefined);
  }

  useProtocol(): void {}

  listen(): void {}

  close(): Promise<void> {
    this.#end(new NotSentError('connection', 'The connection is closed'));
    this.#closing ??= this.#client.destroy();
    return this.#closing;
  }

  /** Opens the stream; resolves with the path to POST to, which the first event names. */
  #openStream(bearer: Bearer): Promise<string> {
    return new Promise((resolve, reject) => {
      const end = (error: Error): void => {
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
      const path = this.#endpoint.url.pathname + this.#endpoint.url.search;
      const request = { method: 'GET', path, headers: ['accept', 'text/event-stream'], body: null } as const;
      this.#client.send(request, bearer, exchange);
    });
  }

  /** The address must be on the stream's own origin: a server must not turn our messages elsewhere. */
  #resolveEndpoint(data: string, resolve: (path: string) => void, end: (error: Error) => void): void {
    const url = URL.canParse(data, this.#endpoint.url.href) ? new URL(data, this.#endpoint.url) : undefined;
    if (url === undefined || url.origin !== this.#endpoint.url.origin) {
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
    const failure = httpFailure(answer, this.#endpoint.url);
    return STREAMABLE_STATUS.has(answer.status) ? withHint(failure, STREAMABLE_HINT) : failure;
  }

  #receive(data: string): void {
    let message: unknown;
    try {
      message = JSON.parse(data);
    } catch {
      this.#log.debug({ data: data.slice(0, 200) }, 'an event that is no JSON was ignored');
      return;
    }
    this.#pending.receive(message, (text) => {
      this.#post(text, AbortSignal.timeout(NOTIFY_TIMEOUT_MS), undefined).catch(() => undefined);
    });
  }

  /** Posts a request; the POST may take as long as the call does, since some servers answer it only in the end. */
  async #postFor(
    answer: Promise<unknown>,
    body: string,
    bearer: Bearer,
    headers: readonly string[] | undefined,
  ): Promise<void> {
    const controller = new AbortController();
    let isPosted = false;
    const stop = (): void => {
      if (!isPosted) setTimeout(() => controller.abort(new Error('answered')), LINGER_MS).unref();
    };
    answer.then(stop, stop);
    await this.#post(body, controller.signal, bearer, headers);
    isPosted = true;
  }

  /** Without `bearer` the current token is sent, and no second attempt is made. */
  async #post(
    body: string,
    signal: AbortSignal,
    bearer: Bearer | undefined,
    headers: readonly string[] = [],
  ): Promise<void> {
    const path = await this.#postPath;
    await new Promise<void>((resolve, reject) => {
      const exchange = new HttpExchange(signal, {
        onEvent: () => false,
        onAnswer: (answer) => {
          if (answer.status < 300) resolve();
          else if (isSessionLost(answer)) reject(new NotSentError('session', 'The server forgot the session'));
          else reject(httpFailure(answer, this.#endpoint.url));
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

  #cancel(id: number, method: string): void {
    if (method === 'initialize') return;
    const params = { requestId: id, reason: 'The caller gave up' };
    this.notify('notifications/cancelled', params).catch(() => undefined);
  }

  #end(error: Error): void {
    if (this.#gone !== undefined) return;
    const reason = reasonOf(error);
    this.#gone = reason;
    // Without an address nothing was sent yet.
    this.#pending.failAll(() => (this.#isOpen ? connectionLost(reason) : error));
    this.#stopped.abort(error);
    void this.close();
    this.#events.onClosed(reason);
  }
}
