/** MCP over a child's stdin and stdout: one JSON-RPC message a line. */
import type { Endpoint } from '../config/model.ts';
import type { Log } from '../log-sink.ts';
import { type Child, endChild, signalGroup, startChild } from './child.ts';
import { notificationText, type Params, requestText } from './jsonrpc.ts';
import { lineSplitter } from './lines.ts';
import { PendingRequests } from './pending.ts';
import type { WireEvents } from './wire.ts';
import {
  badAnswer,
  connectionLost,
  MAX_MESSAGE_BYTES,
  NotSentError,
  type SendOptions,
  unavailable,
  type Wire,
} from './wire.ts';

/** How long to wait for what the process wrote before it ended. */
const LAST_WORDS_MS = 500;

/** Beyond this much unread input a child is taken for stuck. */
const MAX_UNREAD_BYTES = MAX_MESSAGE_BYTES;
const MAX_UNREAD_REPLIES = 1024 * 1024;

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
  #outgoing = '';

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
    if (!this.#child.stdin.writable)
      return Promise.reject(new NotSentError('connection', 'The process closed its input'));
    if (options.signal.aborted) return Promise.reject(options.signal.reason);
    if (this.#unread > MAX_UNREAD_BYTES)
      return Promise.reject(unavailable('The server does not read its input; try again shortly.', 5));
    const id = this.#pending.nextId();
    const text = requestText(id, method, params, options.onProgress !== undefined);
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
    this.#flush();
    this.#closing ??= endChild(this.#child);
    return this.#closing;
  }

  #attach(endpoint: StdioEndpoint): void {
    const child = this.#child;
    child.on('error', (error) => this.#end(`cannot start ${endpoint.command}: ${error.message}`));
    child.on('exit', (code, signal) => this.#exited(signal === null ? `exit code ${code}` : `signal ${signal}`));
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
    // A child that asks and asks but never reads gets no more replies.
    this.#pending.receive(message, (text) => {
      if (this.#unread < MAX_UNREAD_REPLIES) this.#write(text);
    });
  }

  #overflow(bytes: number): void {
    this.#log.warn({ bytes, limit: MAX_MESSAGE_BYTES }, 'stdout: a message over the limit was dropped');
    // Whose answer it was is unknown unless only one request waits.
    if (this.#pending.size === 1) {
      this.#pending.failAll(() => badAnswer(`The answer is larger than ${MAX_MESSAGE_BYTES} bytes.`));
    }
  }

  /** All that is written in one turn of the event loop leaves in one system call, which wakes the child once. */
  #write(text: string): void {
    if (this.#gone !== undefined) return;
    if (this.#outgoing === '') setImmediate(() => this.#flush());
    this.#outgoing += `${text}\n`;
  }

  /** What the child has not read yet, in bytes. */
  get #unread(): number {
    return this.#child.stdin.writableLength + this.#outgoing.length;
  }

  #flush(): void {
    const text = this.#outgoing;
    this.#outgoing = '';
    if (this.#child.stdin.writable) this.#child.stdin.write(text);
  }

  #cancel(id: number, method: string): void {
    // MCP: `initialize` must not be cancelled.
    if (method === 'initialize') return;
    this.#write(notificationText('notifications/cancelled', { requestId: id, reason: 'The caller gave up' }));
  }

  /** Answers and last words may still be in the pipes, which a process that it started may hold open. */
  #exited(how: string): void {
    this.#gone ??= `the process ended with ${how}`;
    signalGroup(this.#child, 'SIGKILL');
    const finish = (): void => {
      clearTimeout(timer);
      this.#child.off('close', finish);
      const hint = this.#lastWords === '' ? '' : `; its last words: ${this.#lastWords.slice(0, 300)}`;
      this.#end(`the process ended with ${how}${hint}`);
    };
    const timer = setTimeout(finish, LAST_WORDS_MS);
    this.#child.on('close', finish);
  }

  #end(reason: string): void {
    this.#gone ??= reason;
    this.#pending.failAll(() => connectionLost(reason));
    void this.close();
    this.#events.onClosed(reason);
  }
}
