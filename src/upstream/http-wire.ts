/** MCP over streamable HTTP: each request is one POST, answered by JSON or by an event stream. */
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import { EventStream } from './event-stream.ts';
import { type HttpAnswer, HttpExchange } from './http-exchange.ts';
import { httpFailure, isSessionLost, soundsLikeSessionLost, withHint } from './http-status.ts';
import {
  type Answer,
  type Id,
  type Incoming,
  isAnswerTo,
  notificationText,
  type Params,
  parseMessages,
  replyText,
  requestText,
} from './jsonrpc.ts';
import { type Bearer, type HttpEndpoint, OriginClient } from './origin-client.ts';
import { modernHeaders, type Protocol } from './protocol.ts';
import { NotSentError, type SendOptions, type Wire, type WireEvents } from './wire.ts';

const NOTIFY_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;
const LIMITS = {
  // Given up early, before servers that close idle connections after five seconds can race with a call.
  keepAliveTimeout: 4_000,
  // Calls beyond that wait; a server that asks us endlessly cannot use up our sockets.
  connections: 256,
};
const MAX_REPLIES = 32;

/** How an HTTP+SSE server of 2024-11-05 refuses a POST to its stream. */
const SSE_STATUS = new Set([404, 405]);
const SSE_HINT = 'Is it an SSE server? Then set "type": "sse".';

export class HttpWire implements Wire {
  readonly #endpoint: HttpEndpoint;
  readonly #events: WireEvents;
  readonly #log: Log;
  readonly #client: OriginClient;
  readonly #path: string;
  /** For servers that send the progress of a call on the stream for unasked messages. */
  readonly #onProgress = new Map<unknown, () => void>();
  #nextId = 1;
  #sessionId: string | undefined;
  #protocol: Protocol | undefined;
  #headers: readonly string[] = [];
  #stream: EventStream | undefined;
  #closed = false;
  #replies = 0;

  constructor(endpoint: HttpEndpoint, events: WireEvents, log: Log, credential?: Credential) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#log = log;
    this.#path = endpoint.url.pathname + endpoint.url.search;
    this.#client = new OriginClient(endpoint, credential, LIMITS);
  }

  request(method: string, params: Params, options: SendOptions): Promise<unknown> {
    if (this.#closed) return Promise.reject(new NotSentError('connection', 'The connection is closed'));
    if (options.signal.aborted) return Promise.reject(options.signal.reason);
    const operation = method === 'tools/call' ? String(params.name) : method;
    return this.#client.authorized(operation, options.signal, (bearer) => this.#ask(method, params, options, bearer));
  }

  #ask(method: string, params: Params, options: SendOptions, bearer: Bearer): Promise<unknown> {
    const id = this.#nextId++;
    const body = requestText(id, method, params, options.onProgress !== undefined);
    const result = new Promise((resolve, reject) => {
      const headers = this.#headersFor(method, params, options.headers);
      const settle = (answer: Answer): void => {
        if (answer.kind === 'result') resolve(answer.result);
        else reject(answer.error);
      };
      const exchange = new HttpExchange(options.signal, {
        onHead: (_status, head) => this.#rememberSession(head),
        onEvent: (data) => this.#streamed(data, id, settle, options.onProgress),
        onAnswer: (answer) => {
          const message = parseMessages(answer.body).find((one) => isAnswerTo(id, one)) as Answer | undefined;
          const failure = this.#failureOf(answer, id, message !== undefined);
          if (failure !== undefined) reject(failure);
          else if (message !== undefined) settle(message);
        },
        onFailure: (error) => {
          if (options.signal.aborted) this.#cancelled(id, method);
          reject(error);
        },
      });
      this.#client.send({ method: 'POST', path: this.#path, headers, body }, bearer, exchange);
    });
    this.#watchProgress(id, result, options.onProgress);
    return result;
  }

  notify(method: string, params?: Params, signal = AbortSignal.timeout(NOTIFY_TIMEOUT_MS)): Promise<void> {
    if (this.#protocol?.era === 'modern') return Promise.resolve();
    return this.#post(notificationText(method, params), signal);
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
        void this.#client.sendOnce({ method: 'GET', path: this.#path, headers, body: null }, exchange);
      },
      onData: (data) => {
        for (const message of parseMessages(data)) this.#unasked(message);
      },
      onReopened: () => this.#events.onReopened(),
      onSessionLost: () => this.#events.onClosed('The server forgot the session'),
    });
    this.#stream.start();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.stop();
    if (this.#sessionId !== undefined) await this.#endSession();
    await this.#client.destroy();
  }

  /** Ends the server's session (2025-11-25, Streamable HTTP, session management 5); a server may refuse that with 405. */
  #endSession(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => resolve();
      const events = { onEvent: () => true, onAnswer: done, onFailure: done };
      const request = { method: 'DELETE', path: this.#path, headers: this.#headers, body: null } as const;
      this.#client.sendLast(request, new HttpExchange(AbortSignal.timeout(CLOSE_TIMEOUT_MS), events));
    });
  }

  #buildHeaders(): string[] {
    const headers: string[] = [];
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

  #watchProgress(id: Id, result: Promise<unknown>, onProgress: (() => void) | undefined): void {
    if (onProgress === undefined) return;
    this.#onProgress.set(id, onProgress);
    const forget = (): void => void this.#onProgress.delete(id);
    result.then(forget, forget);
  }

  /** Why an answer is none, if so. */
  #failureOf(answer: HttpAnswer, id: Id, hasMessage: boolean): Error | undefined {
    const isEstablished = this.#protocol !== undefined;
    if (isEstablished && this.#sessionId !== undefined && isSessionLost(answer, id)) {
      return new NotSentError('session', `The server forgot the session (HTTP ${answer.status})`);
    }
    // 401 and 403 are never about the request itself, whatever the body says.
    if (hasMessage && answer.status !== 401 && answer.status !== 403) return undefined;
    if (isEstablished && this.#sessionId !== undefined && soundsLikeSessionLost(answer)) {
      this.#events.onClosed('the server refused the session');
    }
    const failure = httpFailure(answer, this.#endpoint.url);
    return isEstablished || !SSE_STATUS.has(answer.status) ? failure : withHint(failure, SSE_HINT);
  }

  /** One event of a request's own stream; true once it brought the answer. */
  #streamed(data: string, id: Id, settle: (answer: Answer) => void, onProgress?: () => void): boolean {
    let answered = false;
    for (const message of parseMessages(data)) {
      if (isAnswerTo(id, message)) {
        settle(message);
        answered = true;
      } else {
        this.#unasked(message, onProgress);
      }
    }
    return answered;
  }

  #unasked(message: Incoming, onProgress?: () => void): void {
    if (message.kind === 'request') {
      // A stateless server has nobody to ask; before 2026-07-28 the answer is a POST of its own.
      if (this.#protocol?.era === 'modern') return;
      this.#reply(replyText(message.id, message.method));
    } else if (message.kind === 'notification') {
      const { method, params } = message;
      if (method === 'notifications/progress') (onProgress ?? this.#onProgress.get(params.progressToken))?.();
      else this.#events.onNotification(method, params);
    } else {
      this.#log.debug({ kind: message.kind }, 'a message that answers no request of ours was ignored');
    }
  }

  /** Replies under way are few: what a flooding server asks beyond that stays without one. */
  #reply(text: string): void {
    if (this.#replies >= MAX_REPLIES) return;
    this.#replies += 1;
    this.#post(text, AbortSignal.timeout(NOTIFY_TIMEOUT_MS))
      .catch(() => undefined)
      .finally(() => {
        this.#replies -= 1;
      });
  }

  /** The session id comes with the answer to `initialize` (2025-11-25, Streamable HTTP, session management 1). */
  #rememberSession(headers: HttpAnswer['headers']): void {
    if (this.#protocol !== undefined) return;
    const id = headers['mcp-session-id'];
    if (typeof id !== 'string' || !/^[\x21-\x7e]+$/.test(id)) return;
    this.#sessionId = id;
    this.#headers = this.#buildHeaders();
  }

  #cancelled(id: Id, method: string): void {
    // In 2026-07-28 closing the stream is the cancellation; before, a notification is.
    if (this.#protocol?.era !== 'legacy' || method === 'initialize') return;
    const params = { requestId: id, reason: 'The caller gave up' };
    this.notify('notifications/cancelled', params).catch(() => undefined);
  }

  /** One message that asks for nothing; sent once the server has accepted it. */
  #post(body: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const exchange = new HttpExchange(signal, {
        onHead: (status) => {
          if (status < 300) resolve();
        },
        onEvent: () => false,
        onAnswer: (answer) => reject(httpFailure(answer, this.#endpoint.url)),
        onFailure: reject,
      });
      const headers = this.#headersFor('', {}, undefined);
      void this.#client.sendOnce({ method: 'POST', path: this.#path, headers, body }, exchange);
    });
  }
}
