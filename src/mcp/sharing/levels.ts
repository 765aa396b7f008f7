/** What each caller of a shared session wants to hear: from which log level on (RFC 5424 section 6.2.1), of which resources. */

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;

export type LogLevel = (typeof LEVELS)[number];

export function isLogLevel(value: unknown): value is LogLevel {
  return (LEVELS as readonly unknown[]).includes(value);
}

/** Whether a message of `level` is for somebody who asked for `least` and above; a level that nobody knows is. */
export function reaches(level: unknown, least: LogLevel): boolean {
  return !isLogLevel(level) || LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

/** The level that serves all; undefined where nobody asked. */
export function mostVerbose(levels: Iterable<LogLevel>): LogLevel | undefined {
  const asked = new Set(levels);
  return LEVELS.find((level) => asked.has(level));
}
