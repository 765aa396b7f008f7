/** The logger: JSON lines on stderr, readable ones on a terminal. */
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/** Lines go out together: a system call for each costs more than making it. None waits longer than `LATEST_MS`. */
const TOGETHER_BYTES = 4096;
const LATEST_MS = 50;

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
      })
    : pino.destination({ fd: 2, sync: false, minLength: TOGETHER_BYTES, periodicFlush: LATEST_MS });
  return pino({ level, base: null, timestamp }, destination);
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
