/** Lines that a person types or pastes on the terminal while a login is under way. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isatty, type ReadStream } from 'node:tty';

/** Hands on each line that is not empty, until the function that is returned is called. Keeps no process alive. */
export function readLines(input: ReadStream, onLine: (line: string) => void): () => void {
  // Without `terminal` the line stays in the hands of the system: echo, erasing and Ctrl-C are as ever.
  const lines = createInterface({ input, terminal: false });
  lines.on('line', (line) => {
    if (line.trim() !== '') onLine(line);
  });
  const ignore = (): void => undefined;
  input.on('error', ignore);
  input.unref();
  return () => {
    lines.close();
    input.pause();
    input.off('error', ignore);
  };
}

/**
 * The terminal that a person can type on; undefined: there is none, or it is another job's turn there (`latchkey &`):
 * whoever reads then is stopped by the system, with all calls.
 */
export function typingTerminal(): ReadStream | undefined {
  return isatty(0) && isForeground() ? process.stdin : undefined;
}

/** Whether the terminal's foreground process group is ours; where that cannot be found out, it is taken for so. */
function isForeground(): boolean {
  try {
    // The name of the command stands in front, in parentheses, and may hold anything; state, parent, group, session,
    // terminal and the terminal's foreground group follow.
    const [, , group, , , foreground] = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return group === foreground;
  } catch {
    return true;
  }
}
