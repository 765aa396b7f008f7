/** Splits a byte stream into lines without ever cutting a UTF-8 character, and drops lines beyond a limit. */

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Returns the function to feed chunks to; `onLine` gets each line without its end, `onOverflow` the size of a dropped one. */
export function lineSplitter(
  maxBytes: number,
  onLine: (line: string) => void,
  onOverflow: (bytes: number) => void,
): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;

  const finish = (tail: Buffer): void => {
    const total = size + tail.length;
    const kept = parts;
    parts = [];
    size = 0;
    if (total > maxBytes) {
      onOverflow(total);
      return;
    }
    const line = kept.length === 0 ? tail : Buffer.concat([...kept, tail], total);
    const end = line.length > 0 && line[line.length - 1] === RETURN ? line.length - 1 : line.length;
    onLine(line.toString('utf8', 0, end));
  };

  return (chunk) => {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, start)) {
      finish(chunk.subarray(start, at));
      start = at + 1;
    }
    if (start === chunk.length) return;
    const rest = chunk.subarray(start);
    size += rest.length;
    // Past the limit only the size is kept: a line without end must not fill the memory.
    if (size <= maxBytes) parts.push(rest);
    else parts = [];
  };
}
