/** The logger: JSON lines on stderr, readable ones on a terminal. */
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/** A log at `level`; what a person reads on a terminal is one line a record. */
export function createLog(level: string, terminal: boolean): Logger {
  const destination = terminal
    ? pretty({
        destination: 2,
        sync: true,
        colorize: true,
        translateTime: 'SYS:HH:MM:ss',
        ignore: 'server,reqId,stream',
        messageFormat: '{if server}{server}: {end}{msg}',
        singleLine: true,
        // As people write it.
        customPrettifiers: { level: (_level, _key, _record, { labelColorized }) => verbose(labelColorized) },
      })
    : new LinesTogether();
  return pino({ level, base: null, timestamp }, destination);
}

function verbose(label: string): string {
  return label.replace('TRACE', 'VERBOSE');
}

/** A fraction of a second's lines of a busy gateway. */
const TOGETHER_CHARACTERS = 16 * 1024;
/** How long a line waits for others, in milliseconds. */
const LATEST_MS = 50;
/** What begins a line of level 40 (`warn`) and above. */
const URGENT = /^\{"level":(?:[4-9]\d|\d{3})/;

/**
 * Lines go out together: a system call for each costs more than making it. Warnings and errors wait for nothing, and an end
 * of the process writes what is left, unless it is killed.
 */
class LinesTogether {
  readonly #destination = pino.destination({ fd: 2, sync: false, minLength: 0 });
  #lines = '';
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor() {
    // Before pino's own, which write what the destination was given.
    process.prependListener('beforeExit', () => this.flush());
    process.prependListener('exit', () => this.flush());
    this.#destination.on('close', () => {
      this.#isClosed = true;
    });
  }

  /** Called by pino. */
  write(line: string): void {
    this.#lines += line;
    if (this.#lines.length >= TOGETHER_CHARACTERS || URGENT.test(line)) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), LATEST_MS).unref();
  }

  /** Hands all lines on; the destination writes them soon. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    this.#lines = '';
    if (lines !== '' && !this.#isClosed) this.#destination.write(lines);
  }
}

let stampedAt = 0;
let stamp = '';

/** A thousand lines are written within a moment: its words are made once. */
function timestamp(): string {
  const now = Date.now();
  if (now !== stampedAt) {
    stampedAt = now;
    stamp = `,"time":"${new Date(now).toISOString()}"`;
  }
  return stamp;
}
