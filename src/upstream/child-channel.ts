/** A child process that speaks JSON, one message a line: started, written to, read from and ended. */
import type { Endpoint } from '../config/model.ts';
import type { Log } from '../log-sink.ts';
import { type Child, endChild, signalGroup, startChild } from './child.ts';
import { lineSplitter } from './lines.ts';
import { hasMethod, isBearable, unbearable } from './shape.ts';
import { badAnswer, MAX_MESSAGE_BYTES, NotSentError, unavailable } from './wire.ts';

/** How long to wait for what the process wrote before it ended. */
const LAST_WORDS_MS = 500;

/** Beyond this much unread input a child is taken for stuck. */
const MAX_UNREAD_BYTES = MAX_MESSAGE_BYTES;

export type StdioEndpoint = Extract<Endpoint, { kind: 'stdio' }>;

export interface ChildEvents {
  /** One line that is JSON: what it says, and as it came. */
  onMessage(value: unknown, text: string): void;
  /** A line over a limit was dropped, which may have been an answer; `error`: what whoever waits for it is told. */
  onOverflow(error: Error): void;
  /** The process is gone, after `close` too; false: it never ran. Called once. */
  onEnd(reason: string, hasRun: boolean): void;
}

export class ChildChannel {
  readonly #child: Child;
  readonly #endsBy: StdioEndpoint['endsBy'];
  readonly #events: ChildEvents;
  readonly #log: Log;
  /** Why nothing can be sent any more. */
  #gone: string | undefined;
  #hasEnded = false;
  #closing: Promise<void> | undefined;
  #lastWords = '';
  #outgoing = '';

  /** Starts the process. Throws where the system has no file descriptors left. */
  constructor(endpoint: StdioEndpoint, events: ChildEvents, log: Log) {
    this.#events = events;
    this.#log = log;
    this.#endsBy = endpoint.endsBy;
    this.#child = startChild(endpoint, log, (line) => {
      this.#lastWords = line;
    });
    this.#attach(endpoint);
  }

  /** Resolves once the process runs, rejects with what the system says where it cannot be started. To be asked at once. */
  started(): Promise<void> {
    return new Promise((resolve, reject) => this.#child.once('spawn', resolve).once('error', reject));
  }

  /** What the child has not read yet, in bytes. */
  get unread(): number {
    return this.#child.stdin.writableLength + this.#outgoing.length;
  }

  /** Why a message cannot be sent now, if so. */
  refusal(): Error | undefined {
    if (this.#gone !== undefined) return new NotSentError('connection', this.#gone);
    if (!this.#child.stdin.writable) return new NotSentError('connection', 'The process closed its input');
    if (this.unread <= MAX_UNREAD_BYTES) return undefined;
    return unavailable('The server does not read its input; try again shortly.', 5);
  }

  /**
   * Writes one line; to a process that is gone, nothing.
   * All that is written in one turn of the event loop leaves in one system call, which wakes the child once.
   */
  write(line: string): void {
    if (this.#gone !== undefined) return;
    if (this.#outgoing === '') setImmediate(() => this.#flush());
    this.#outgoing += `${line}\n`;
  }

  /** Resolves once the process is gone. */
  close(): Promise<void> {
    this.#gone ??= 'The connection is closed';
    this.#flush();
    this.#closing ??= endChild(this.#child, this.#endsBy);
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
    if (!isBearable(line)) {
      this.#log.warn({ characters: line.length }, 'stdout: a message of too many levels or values was dropped');
      if (!hasMethod(line)) this.#events.onOverflow(unbearable());
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      this.#log.debug({ line: line.slice(0, 200) }, 'stdout: a line that is no JSON was ignored');
      return;
    }
    this.#events.onMessage(value, line);
  }

  #overflow(bytes: number): void {
    this.#log.warn({ bytes, limit: MAX_MESSAGE_BYTES }, 'stdout: a message over the limit was dropped');
    this.#events.onOverflow(badAnswer(`The answer is larger than ${MAX_MESSAGE_BYTES} bytes.`));
  }

  #flush(): void {
    const text = this.#outgoing;
    this.#outgoing = '';
    if (this.#child.stdin.writable) this.#child.stdin.write(text);
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
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#gone ??= reason;
    void this.close();
    this.#events.onEnd(reason, this.#child.pid !== undefined);
  }
}
