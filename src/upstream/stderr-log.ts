/** What a child writes to stderr: each line goes to the log, a flood is cut to a number of lines a second. */
import type { Readable } from 'node:stream';
import type { Log } from '../log-sink.ts';
import { lineSplitter } from './lines.ts';

const LINE_BYTES = 16 * 1024;
const LINES_PER_SECOND = 100;
const NEWLINE = Buffer.from('\n');

/** Logs each line and gives it to `onLine`; lines over the limit are dropped, and their number is logged. */
export function logStderr(stderr: Readable, log: Log, onLine: (line: string) => void): void {
  const limit = new LineLimit(log);
  const write = (line: string): void => {
    if (line.trim() === '') return;
    const text = harmless(line);
    onLine(text);
    if (limit.admits()) log.info({ stream: 'stderr' }, text);
  };
  const feed = lineSplitter(LINE_BYTES, write, (bytes) => write(`(a line of ${bytes} bytes)`));
  stderr.on('data', feed);
  // The last line often has no end: it is what the process died of. At `close` it would be too late, for the process
  // itself is told to be closed before that.
  stderr.on('end', () => feed(NEWLINE));
  stderr.on('close', () => {
    feed(NEWLINE);
    limit.close();
  });
  stderr.on('error', () => undefined);
}

/** Terminals take these for commands; JSON writes the other control characters as escapes, but not these. */
function harmless(line: string): string {
  return line.replace(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

class LineLimit {
  readonly #log: Log;
  #lines = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  admits(): boolean {
    this.#timer ??= setTimeout(() => this.close(), 1_000).unref();
    this.#lines += 1;
    return this.#lines <= LINES_PER_SECOND;
  }

  /** Ends the current second. */
  close(): void {
    clearTimeout(this.#timer);
    const dropped = this.#lines - LINES_PER_SECOND;
    this.#timer = undefined;
    this.#lines = 0;
    if (dropped > 0) this.#log.warn({ dropped }, 'stderr: lines dropped');
  }
}
