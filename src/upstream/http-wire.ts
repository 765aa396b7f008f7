/** MCP over streamable HTTP: each request is one POST, answered by JSON or by an event stream. */
import { type Dispatcher, Pool } from 'undici';
import type { Endpoint } from '../config/model.ts';
import { EventStream } from './event-stream.ts';
import { type HttpAnswer, HttpExchange } from './http-exchange.ts';
import { httpFailure, isSessionLost } from './http-status.ts';
import { classify, type Id, notificationText, type Params, replyText, requestText } from './jsonrpc.ts';
import type { Log } from './log.ts';
import { withProgressToken } from './pending.ts';
import { modernHeaders, type Protocol } from './protocol.ts';
import { NotSentError, type SendOptions, type Wire, type WireEvents } from './wire.ts';

type HttpEndpoint = Extract<Endpoint, { kind: 'http' | 'sse' }>;

const NOTIFY_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** Connections are given up early, before servers that close idle ones after five seconds can race with a call. */
const KEEP_ALIVE_MS = 4_000;

export class HttpWire implements Wire {
  readonly #endpoint: HttpEndpoint;
  readonly #events: WireEvents;
  readonly #log: Log;
  readonly #pool: Pool;
  readonly #path: string;
  #nextId = 1;
  #sessionId: string | undefined;
  #protocol: Protocol | undefined;
  #headers: readonly string[];
  #stream: EventStream | undefined;
  #closed = false;

  constructor(endpoint: HttpEndpoint, events: WireEvents, log: Log) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#log = log;
    this.#path = endpoint.url.pathname + endpoint.url.search;
    this.#pool = newPool(endpoint.url);
    this.#headers = this.#buildHeaders();
  }

  /** Which session the server gave us, if any. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  request(method: string, params: Params, options: SendOptions): Promise<unknown> {
    if (this.#closed) return Promise.reject(new NotSentError('connection', 'The connection is closed'));
    const id = this.#nextId++;
    const body = requestText(id, method, withProgressToken(params, id, options));
    return new Promise((resolve, reject) => {
      const headers = this.#headersFor(method, params, options.headers);
      const onFailure = (error: unknown): void => {
        if (options.signal.aborted) this.#cancelled(id, method);
        reject(error);
      };
      const exchange = new HttpExchange(options.signal, {
        onHead: (_status, head) => this.#rememberSession(head),
        onEvent: (data) => this.#streamed(data, id, options, resolve, reject),
        onAnswer: (answer) => this.#answered(answer, id, resolve, reject),
        onFailure,
      });
      this.#dispatch('POST', headers, body, exchange);
    });
  }

  notify(method: string, params?: Params): Promise<void> {
    if (this.#protocol?.era === 'modern') return Promise.resolve();
    return this.#post(notificationText(method, params), NOTIFY_TIMEOUT_MS);
  }

  useProtocol(protocol: Protocol): void {
    this.#protocol = protocol;
    this.#headers = this.#buildHeaders();
  }

  listen(): void {
    if (this.#protocol?.era !== 'legacy' || this.#closed) return;
    this.#stream = new EventStream({
      open: (lastEventId, exchange) => {
        const headers = [...this.#headers, 'accept', 'text/event-stream'];
        if (lastEventId !== undefined) headers.push('last-event-id', lastEventId);
        this.#dispatch('GET', headers, null, exchange);
      },
      onData: (data) => this.#unasked(data),
    });
    this.#stream.start();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.stop();
    if (this.#sessionId !== undefined) await this.#endSession();
    await this.#pool.destroy();
  }

  /** Ends the server's session (2025-11-25, Streamable HTTP, session management 5); a server may refuse that with 405. */
  #endSession(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => resolve();
      const events = { onEvent: () => true, onAnswer: done, onFailure: done };
      this.#dispatch('DELETE', this.#headers, null, new HttpExchange(AbortSignal.timeout(CLOSE_TIMEOUT_MS), events));
    });
  }

  #buildHeaders(): string[] {
    const headers: string[] = [];
    for (const [name, value] of Object.entries(this.#endpoint.headers)) headers.push(name, value);
    if (this.#sessionId !== undefined) headers.push('mcp-session-id', this.#sessionId);
    if (this.#protocol !== undefined) headers.push('mcp-protocol-version', this.#protocol.version);
    return headers;
  }

  #headersFor(method: string, params: Params, extra: readonly string[] | undefined): string[] {
    const headers = [
      ...this.#headers,
      'content-type',
      'application/json',
      'accept',
      'application/json, text/event-stream',
    ];
    if (extra !== undefined) headers.push(...extra);
    if (this.#protocol?.era === 'modern') headers.push(...modernHeaders(method, params));
    return headers;
  }

  #dispatch(
    method: 'GET' | 'POST' | 'DELETE',
    headers: readonly string[],
    body: string | null,
    handler: HttpExchange,
  ): void {
    const options: Dispatcher.DispatchOptions = {
      path: this.#path,
      method,
      headers: headers as string[],
      body,
      // Our own deadline rules; undici's would cut a long call or a quiet stream.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    try {
      this.#pool.dispatch(options, handler);
    } catch (error) {
      handler.onResponseError(undefined, error as Error);
    }
  }

  #answered(answer: HttpAnswer, id: Id, resolve: (result: unknown) => void, reject: (error: unknown) => void): void {
    if (isSessionLost(answer, this.#sessionId !== undefined && this.#protocol !== undefined)) {
      reject(new NotSentError('session', `The server forgot the session (HTTP ${answer.status})`));
      return;
    }
    const message = findAnswer(answer.body, id);
    if (message?.kind === 'result') resolve(message.result);
    else if (message?.kind === 'error') reject(message.error);
    else reject(httpFailure(answer, this.#endpoint.url));
  }

  /** One event of a request's own stream; true once it is the answer. */
  #streamed(
    data: string,
    id: Id,
    options: SendOptions,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
  ): boolean {
    const message = findAnswer(data, id);
    if (message?.kind === 'result') resolve(message.result);
    else if (message?.kind === 'error') reject(message.error);
    else {
      this.#unasked(data, options.onProgress);
      return false;
    }
    return true;
  }

  #unasked(data: string, onProgress?: () => void): void {
    let message: unknown;
    try {
      message = JSON.parse(data);
    } catch {
      if (data !== '') this.#log.debug({ data: data.slice(0, 200) }, 'an event that is no JSON was ignored');
      return;
    }
    const incoming = classify(message);
    if (incoming.kind === 'request') {
      this.#post(replyText(incoming.id, incoming.method), NOTIFY_TIMEOUT_MS).catch(() => undefined);
    } else if (incoming.kind === 'notification') {
      if (incoming.method === 'notifications/progress') onProgress?.();
      else this.#events.onNotification(incoming.method, incoming.params);
    }
  }

  /** The session id comes with the answer to `initialize` (2025-11-25, Streamable HTTP, session management 1). */
  #rememberSession(headers: HttpAnswer['headers']): void {
    if (this.#protocol !== undefined) return;
    const id = headers['mcp-session-id'];
    if (typeof id === 'string' && /^[\x21-\x7e]+$/.test(id)) this.#sessionId = id;
  }

  #cancelled(id: Id, method: string): void {
    // In 2026-07-28 closing the stream is the cancellation; before, a notification is.
    if (this.#protocol?.era !== 'legacy' || method === 'initialize') return;
    const params = { requestId: id, reason: 'The caller gave up' };
    this.notify('notifications/cancelled', params).catch(() => undefined);
  }

  #post(body: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const exchange = new HttpExchange(AbortSignal.timeout(timeoutMs), {
        onEvent: () => false,
        onAnswer: (answer) => {
          if (answer.status < 300) resolve();
          else reject(httpFailure(answer, this.#endpoint.url));
        },
        onFailure: reject,
      });
      this.#dispatch('POST', this.#headersFor('', {}, undefined), body, exchange);
    });
  }
}

function newPool(url: URL): Pool {
  return new Pool(url.origin, {
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: 10_000 },
    // A caller's answer must not wait behind another one on the same connection.
    pipelining: 1,
  });
}

/** Finds the answer to `id` in a body or event: a message, or a batch of them (2025-03-26). */
function findAnswer(text: string, id: Id): ReturnType<typeof classify> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
    const incoming = classify(message);
    if (incoming.kind === 'result' && incoming.id === id) return incoming;
    // An error about a request that the server could not read has no id.
    if (incoming.kind === 'error' && (incoming.id === id || incoming.id === undefined)) return incoming;
  }
  return undefined;
}
