/** The part of a logger that the upstream side needs; pino's fits. */

export interface Log {
  /** What passes, message by message; a log without it leaves that out. */
  trace?(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
