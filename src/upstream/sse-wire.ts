/** MCP over HTTP+SSE of 2024-11-05: requests are POSTed, and one stream brings every answer. */
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import { notificationText, type Params, requestText, UNBEARABLE_ANSWER } from './jsonrpc.ts';
import { operationOf } from './operation.ts';
import type { Bearer, HttpEndpoint } from './origin-client.ts';
import { PendingRequests } from './pending.ts';
import { unbearable } from './shape.ts';
import { SseChannel } from './sse-channel.ts';
import { connectionLost, NotSentError, reasonOf, type SendOptions, type Wire, type WireEvents } from './wire.ts';

export class SseWire implements Wire {
  readonly #events: WireEvents;
  readonly #channel: SseChannel;
  readonly #pending: PendingRequests;
  /** Why nothing can be sent any more. */
  #gone: string | undefined;

  constructor(endpoint: HttpEndpoint, events: WireEvents, log: Log, credential?: Credential) {
    this.#events = events;
    this.#pending = new PendingRequests(events);
    const channelEvents = {
      onMessage: (value: unknown, text: string) => this.#received(value, text),
      onEnd: (error: Error, wasOpen: boolean) => this.#end(error, wasOpen),
    };
    this.#channel = new SseChannel(endpoint, channelEvents, log, credential);
  }

  request(method: string, params: Params, options: SendOptions): Promise<unknown> {
    if (options.signal.aborted) return Promise.reject(options.signal.reason);
    const operation = operationOf(method, params);
    return this.#channel.authorized(operation, options.signal, (bearer) => this.#ask(method, params, options, bearer));
  }

  notify(method: string, params?: Params, signal?: AbortSignal): Promise<void> {
    return this.#channel.deliver(notificationText(method, params), signal);
  }

  useProtocol(): void {}

  listen(): void {}

  close(): Promise<void> {
    return this.#channel.close();
  }

  #ask(method: string, params: Params, options: SendOptions, bearer: Bearer): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(new NotSentError('connection', this.#gone));
    const id = this.#pending.nextId();
    const body = requestText(id, method, params, options.onProgress !== undefined);
    const answer = this.#pending.wait(id, options, () => this.#cancel(id, method));
    this.#channel.post(body, bearer, answer, options.headers).catch((error: unknown) => this.#pending.fail(id, error));
    return answer;
  }

  #received(value: unknown, text: string): void {
    // Whose answer it was is unknown unless only one request waits.
    if (text === UNBEARABLE_ANSWER) {
      this.#pending.failOnly(unbearable());
      return;
    }
    this.#pending.receive(value, (reply) => {
      this.#channel.deliver(reply).catch(() => undefined);
    });
  }

  #cancel(id: number, method: string): void {
    if (method === 'initialize') return;
    const params = { requestId: id, reason: 'The caller gave up' };
    this.notify('notifications/cancelled', params).catch(() => undefined);
  }

  #end(error: Error, wasOpen: boolean): void {
    const reason = reasonOf(error);
    this.#gone = reason;
    // Without an address nothing was sent yet.
    this.#pending.failAll(() => (wasOpen ? connectionLost(reason) : error));
    this.#events.onClosed(reason);
  }
}
