/** A log that keeps its lines, for tests that ask what was logged. */

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class MemoryLog {
  readonly lines: LogLine[];
  readonly #bound: object;

  constructor(bound: object = {}, lines: LogLine[] = []) {
    this.#bound = bound;
    this.lines = lines;
  }

  /** Writes to the same lines, with `fields` on each. */
  child(fields: object): MemoryLog {
    return new MemoryLog({ ...this.#bound, ...fields }, this.lines);
  }

  debug(fields: object, message: string): void {
    this.#add('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#add('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#add('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#add('error', fields, message);
  }

  /** The lines whose message matches. */
  matching(pattern: RegExp): LogLine[] {
    return this.lines.filter((line) => pattern.test(line.message));
  }

  #add(level: LogLine['level'], fields: object, message: string): void {
    this.lines.push({ level, message, fields: { ...this.#bound, ...fields } });
  }
}
