/** MCP over a child's stdin and stdout: one JSON-RPC message a line. */
import type { Endpoint } from '../config/model.ts';
import { type Child, endChild, startChild } from './child.ts';
import { notificationText, type Params, requestText } from './jsonrpc.ts';
import { lineSplitter } from './lines.ts';
import type { Log } from './log.ts';
import { PendingRequests, withProgressToken } from './pending.ts';
import type { WireEvents } from './wire.ts';
import { badAnswer, connectionLost, MAX_MESSAGE_BYTES, NotSentError, type SendOptions, type Wire } from './wire.ts';

type StdioEndpoint = Extract<Endpoint, { kind: 'stdio' }>;

export class StdioWire implements Wire {
  readonly #child: Child;
  readonly #pending: PendingRequests;
  readonly #events: WireEvents;
  readonly #log: Log;
  /** Why nothing can be sent any more. */
  #gone: string | undefined;
  #closing: Promise<void> | undefined;
  #lastWords = '';

  constructor(endpoint: StdioEndpoint, events: WireEvents, log: Log) {
    this.#events = events;
    this.#log = log;
    this.#pending = new PendingRequests(events);
    this.#child = startChild(endpoint, log, (line) => {
      this.#lastWords = line;
    });
    this.#attach(endpoint);
  }

  request(method: string, params: Params, options: SendOptions): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(new NotSentError('connection', this.#gone));
    const id = this.#pending.nextId();
    const text = requestText(id, method, withProgressToken(params, id, options));
    const answer = this.#pending.wait(id, options, () => this.#cancel(id, method));
    this.#write(text);
    return answer;
  }

  notify(method: string, params?: Params): Promise<void> {
    this.#write(notificationText(method, params));
    return Promise.resolve();
  }

  useProtocol(): void {}

  listen(): void {}

  close(): Promise<void> {
    this.#gone ??= 'The connection is closed';
    this.#closing ??= endChild(this.#child);
    return this.#closing;
  }

  #attach(endpoint: StdioEndpoint): void {
    const child = this.#child;
    child.on('error', (error) => this.#end(`cannot start ${endpoint.command}: ${error.message}`));
    child.on('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      const hint = this.#lastWords === '' ? '' : `; its last words: ${this.#lastWords.slice(0, 300)}`;
      this.#end(`the process ended with ${how}${hint}`);
    });
    child.stdin.on('error', () => undefined); // EPIPE: the exit event tells the story.
    child.stdout.on('error', () => undefined);
    child.stdout.on(
      'data',
      lineSplitter(
        MAX_MESSAGE_BYTES,
        (line) => this.#line(line),
        (bytes) => this.#overflow(bytes),
      ),
    );
  }

  #line(line: string): void {
    if (line === '') return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#log.debug({ line: line.slice(0, 200) }, 'stdout: a line that is no JSON was ignored');
      return;
    }
    this.#pending.receive(message, (text) => this.#write(text));
  }

  #overflow(bytes: number): void {
    this.#log.warn({ bytes, limit: MAX_MESSAGE_BYTES }, 'stdout: a message over the limit was dropped');
    // Whose answer it was is unknown unless only one request waits.
    if (this.#pending.size === 1) {
      this.#pending.failAll(() => badAnswer(`The answer is larger than ${MAX_MESSAGE_BYTES} bytes.`));
    }
  }

  #write(text: string): void {
    if (this.#gone === undefined) this.#child.stdin.write(`${text}\n`);
  }

  #cancel(id: number, method: string): void {
    // MCP: `initialize` must not be cancelled.
    if (method === 'initialize') return;
    this.#write(notificationText('notifications/cancelled', { requestId: id, reason: 'The caller gave up' }));
  }

  #end(reason: string): void {
    if (this.#gone === undefined) this.#gone = reason;
    this.#pending.failAll(() => connectionLost(reason));
    void this.close();
    this.#events.onClosed(reason);
  }
}
