/** MCP over streamable HTTP: each request is one POST, answered by JSON or by an event stream. */
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import { EventStream } from './event-stream.ts';
import { HttpExchange } from './http-exchange.ts';
import { HTTP_LIMITS, HttpSession } from './http-session.ts';
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
import { operationOf } from './operation.ts';
import { type Bearer, type HttpEndpoint, OriginClient } from './origin-client.ts';
import { modernHeaders, type Protocol } from './protocol.ts';
import { NotSentError, type SendOptions, type Wire, type WireEvents } from './wire.ts';

const MAX_REPLIES = 32;

export class HttpWire implements Wire {
  readonly #events: WireEvents;
  readonly #log: Log;
  readonly #client: OriginClient;
  readonly #session: HttpSession;
  /** For servers that send the progress of a call on the stream for unasked messages. */
  readonly #onProgress = new Map<unknown, () => void>();
  #nextId = 1;
  #protocol: Protocol | undefined;
  #stream: EventStream | undefined;
  #closed = false;
  #replies = 0;

  constructor(endpoint: HttpEndpoint, events: WireEvents, log: Log, credential?: Credential) {
    this.#events = events;
    this.#log = log;
    this.#client = new OriginClient(endpoint, credential, HTTP_LIMITS);
    this.#session = new HttpSession(this.#client, endpoint.url);
  }

  request(method: string, params: Params, options: SendOptions): Promise<unknown> {
    if (this.#closed) return Promise.reject(new NotSentError('connection', 'The connection is closed'));
    if (options.signal.aborted) return Promise.reject(options.signal.reason);
    const operation = operationOf(method, params);
    return this.#client.authorized(operation, options.signal, (bearer) => this.#ask(method, params, options, bearer));
  }

  #ask(method: string, params: Params, options: SendOptions, bearer: Bearer): Promise<unknown> {
    const id = this.#nextId++;
    const body = requestText(id, method, params, options.onProgress !== undefined);
    const result = new Promise((resolve, reject) => {
      const settle = (answer: Answer): void => {
        if (answer.kind === 'result') resolve(answer.result);
        else reject(answer.error);
      };
      const exchange = new HttpExchange(options.signal, {
        onHead: (_status, head) => this.#session.rememberId(head),
        onEvent: (data) => this.#streamed(data, id, settle, options.onProgress),
        onAnswer: (answer) => {
          const message = parseMessages(answer.body).find((one) => isAnswerTo(id, one)) as Answer | undefined;
          const { failure, lost } = this.#session.judge(answer, id, message !== undefined);
          if (lost !== undefined && !(failure instanceof NotSentError)) this.#events.onClosed(lost);
          if (failure !== undefined) reject(failure);
          else if (message !== undefined) settle(message);
        },
        onFailure: (error) => {
          if (options.signal.aborted) this.#cancelled(id, method);
          reject(error);
        },
      });
      this.#client.send(this.#session.post(body, this.#headersFor(method, params, options.headers)), bearer, exchange);
    });
    this.#watchProgress(id, result, options.onProgress);
    return result;
  }

  notify(method: string, params?: Params, signal?: AbortSignal): Promise<void> {
    if (this.#protocol?.era === 'modern') return Promise.resolve();
    return this.#session.deliver(notificationText(method, params), signal);
  }

  useProtocol(protocol: Protocol): void {
    this.#protocol = protocol;
    this.#session.establish(protocol.version);
  }

  listen(): void {
    if (this.#protocol?.era !== 'legacy' || this.#closed) return;
    this.#stream = new EventStream({
      open: (lastEventId, exchange) => {
        void this.#client.sendOnce(this.#session.get(lastEventId), exchange);
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
    await this.#session.end();
    await this.#client.destroy();
  }

  /** What one request carries besides the session. */
  #headersFor(method: string, params: Params, extra: readonly string[] = []): readonly string[] {
    return this.#protocol?.era === 'modern' ? [...extra, ...modernHeaders(method, params)] : extra;
  }

  #watchProgress(id: Id, result: Promise<unknown>, onProgress: (() => void) | undefined): void {
    if (onProgress === undefined) return;
    this.#onProgress.set(id, onProgress);
    const forget = (): void => void this.#onProgress.delete(id);
    result.then(forget, forget);
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
    this.#session
      .deliver(text)
      .catch(() => undefined)
      .finally(() => {
        this.#replies -= 1;
      });
  }

  #cancelled(id: Id, method: string): void {
    // In 2026-07-28 closing the stream is the cancellation; before, a notification is.
    if (this.#protocol?.era !== 'legacy' || method === 'initialize') return;
    const params = { requestId: id, reason: 'The caller gave up' };
    this.notify('notifications/cancelled', params).catch(() => undefined);
  }
}
