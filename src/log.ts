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
      })
    : pino.destination({ fd: 2, sync: false, minLength: 0 });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
