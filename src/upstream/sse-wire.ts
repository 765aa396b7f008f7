/** MCP over HTTP+SSE of 2024-11-05: one stream brings the address to POST to, and then every answer. */
import { type Dispatcher, Pool } from 'undici';
import type { Endpoint } from '../config/model.ts';
import { type HttpAnswer, HttpExchange } from './http-exchange.ts';
import { httpFailure } from './http-status.ts';
import { notificationText, type Params, requestText } from './jsonrpc.ts';
import type { Log } from './log.ts';
import { PendingRequests, withProgressToken } from './pending.ts';
import { badAnswer, connectionLost, NotSentError, type SendOptions, type Wire, type WireEvents } from './wire.ts';

type SseEndpoint = Extract<Endpoint, { kind: 'http' | 'sse' }>;

const POST_TIMEOUT_MS = 30_000;

export class SseWire implements Wire {
  readonly #endpoint: SseEndpoint;
  readonly #events: WireEvents;
  readonly #log: Log;
  readonly #pool: Pool;
  readonly #pending: PendingRequests;
  readonly #headers: readonly string[];
  readonly #stopped = new AbortController();
  readonly #postPath: Promise<string>;
  #gone: string | undefined;

  constructor(endpoint: SseEndpoint, events: WireEvents, log: Log) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#log = log;
    this.#headers = Object.entries(endpoint.headers).flat();
    this.#pending = new PendingRequests(events);
    this.#pool = new Pool(endpoint.url.origin, { connect: { timeout: 10_000 }, pipelining: 1 });
    this.#postPath = this.#openStream();
    // Each request awaits it; a failure before the first request is told by onClosed.
    this.#postPath.catch(() => undefined);
  }

  async request(method: string, params: Params, options: SendOptions): Promise<unknown> {
    if (this.#gone !== undefined) throw new NotSentError('connection', this.#gone);
    const id = this.#pending.nextId();
    const body = requestText(id, method, withProgressToken(params, id, options));
    const answer = this.#pending.wait(id, options, () => this.#cancel(id, method));
    // The answer may fail while we still wait for the address.
    answer.catch(() => undefined);
    this.#post(body, options.headers).catch((error: unknown) => this.#pending.fail(id, error));
    return answer;
  }

  notify(method: string, params?: Params): Promise<void> {
    return this.#post(notificationText(method, params), undefined);
  }

  useProtocol(): void {}

  listen(): void {}

  async close(): Promise<void> {
    this.#gone ??= 'The connection is closed';
    this.#stopped.abort(new NotSentError('connection', this.#gone));
    await this.#pool.destroy();
  }

  /** Opens the stream; resolves with the path to POST to, which the first event names. */
  #openStream(): Promise<string> {
    return new Promise((resolve, reject) => {
      const end = (error: Error): void => {
        reject(error);
        this.#end(error.message);
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
      this.#send(
        'GET',
        this.#endpoint.url.pathname + this.#endpoint.url.search,
        null,
        ['accept', 'text/event-stream'],
        exchange,
      );
    });
  }

  /** The address must be on the stream's own origin: a server must not turn our messages elsewhere. */
  #resolveEndpoint(data: string, resolve: (path: string) => void, reject: (error: Error) => void): void {
    const url = URL.canParse(data, this.#endpoint.url.href) ? new URL(data, this.#endpoint.url) : undefined;
    if (url === undefined || url.origin !== this.#endpoint.url.origin) {
      reject(badAnswer('The server named an address on another origin to send messages to.', data.slice(0, 200)));
    } else {
      resolve(url.pathname + url.search);
    }
  }

  #streamEnded(answer: HttpAnswer): Error {
    const isStream = String(answer.headers['content-type']).includes('text/event-stream');
    if (answer.status === 200 && isStream) return new NotSentError('connection', 'The server ended the event stream');
    const failure = httpFailure(answer, this.#endpoint.url);
    const hint = [400, 404, 405, 406].includes(answer.status)
      ? ' Is it a streamable HTTP server? Then set "type": "streamable-http".'
      : '';
    return new Error(`${failure.message}${hint}`);
  }

  #receive(data: string): void {
    try {
      this.#pending.receive(JSON.parse(data), (text) => {
        this.#post(text, undefined).catch(() => undefined);
      });
    } catch {
      this.#log.debug({ data: data.slice(0, 200) }, 'an event that is no JSON was ignored');
    }
  }

  async #post(body: string, extra: readonly string[] | undefined): Promise<void> {
    const path = await this.#postPath;
    await new Promise<void>((resolve, reject) => {
      const exchange = new HttpExchange(AbortSignal.timeout(POST_TIMEOUT_MS), {
        onEvent: () => false,
        onAnswer: (answer) => {
          if (answer.status < 300) resolve();
          else if (answer.status === 404) reject(new NotSentError('session', 'The server forgot the session'));
          else reject(httpFailure(answer, this.#endpoint.url));
        },
        onFailure: reject,
      });
      this.#send('POST', path, body, ['content-type', 'application/json', ...(extra ?? [])], exchange);
    });
  }

  #send(method: 'GET' | 'POST', path: string, body: string | null, headers: string[], handler: HttpExchange): void {
    const all = [...this.#headers, ...headers];
    const options: Dispatcher.DispatchOptions = { path, method, headers: all, body, headersTimeout: 0, bodyTimeout: 0 };
    try {
      this.#pool.dispatch(options, handler);
    } catch (error) {
      handler.onResponseError(undefined, error as Error);
    }
  }

  #cancel(id: number, method: string): void {
    if (method === 'initialize') return;
    const params = { requestId: id, reason: 'The caller gave up' };
    this.notify('notifications/cancelled', params).catch(() => undefined);
  }

  #end(reason: string): void {
    if (this.#gone !== undefined) return;
    this.#gone = reason;
    this.#pending.failAll(() => connectionLost(reason));
    void this.close();
    this.#events.onClosed(reason);
  }
}
