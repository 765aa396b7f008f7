/** The logger: JSON lines on stderr, readable ones on a terminal. */
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/** Errors keep their message and code; stack traces only at debug, so that nothing private leaks into a shared log by habit. */
export function createLog(level: string, terminal: boolean): Logger {
  const destination = terminal
    ? pretty({
        destination: 2,
        sync: true,
        colorize: true,
        translateTime: 'SYS:HH:MM:ss',
        ignore: 'pid,hostname,reqId',
      })
    : pino.destination({ fd: 2, sync: false, minLength: 0 });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
