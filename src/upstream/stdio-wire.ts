/** MCP over a child's stdin and stdout: one JSON-RPC message a line. */
import type { Log } from '../log-sink.ts';
import { ChildChannel, type StdioEndpoint } from './child-channel.ts';
import { notificationText, type Params, requestText } from './jsonrpc.ts';
import { PendingRequests } from './pending.ts';
import type { WireEvents } from './wire.ts';
import { connectionLost, type SendOptions, type Wire } from './wire.ts';

const MAX_UNREAD_REPLIES = 1024 * 1024;

export class StdioWire implements Wire {
  readonly #channel: ChildChannel;
  readonly #pending: PendingRequests;

  constructor(endpoint: StdioEndpoint, events: WireEvents, log: Log) {
    this.#pending = new PendingRequests(events);
    const channelEvents = {
      onMessage: (value: unknown) => this.#received(value),
      // Whose answer it was is unknown unless only one request waits.
      onOverflow: (error: Error) => this.#pending.failOnly(error),
      onEnd: (reason: string) => {
        this.#pending.failAll(() => connectionLost(reason));
        events.onClosed(reason);
      },
    };
    this.#channel = new ChildChannel(endpoint, channelEvents, log);
  }

  request(method: string, params: Params, options: SendOptions): Promise<unknown> {
    const refusal = this.#channel.refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    if (options.signal.aborted) return Promise.reject(options.signal.reason);
    const id = this.#pending.nextId();
    const text = requestText(id, method, params, options.onProgress !== undefined);
    const answer = this.#pending.wait(id, options, () => this.#cancel(id, method));
    this.#channel.write(text);
    return answer;
  }

  notify(method: string, params?: Params): Promise<void> {
    this.#channel.write(notificationText(method, params));
    return Promise.resolve();
  }

  useProtocol(): void {}

  listen(): void {}

  close(): Promise<void> {
    return this.#channel.close();
  }

  #received(value: unknown): void {
    // A child that asks and asks but never reads gets no more replies.
    this.#pending.receive(value, (text) => {
      if (this.#channel.unread < MAX_UNREAD_REPLIES) this.#channel.write(text);
    });
  }

  #cancel(id: number, method: string): void {
    // MCP: `initialize` must not be cancelled.
    if (method === 'initialize') return;
    this.#channel.write(notificationText('notifications/cancelled', { requestId: id, reason: 'The caller gave up' }));
  }
}
