/** What MCP clients have not read yet counts for their callers, until they have or their connection is gone. */
import type { ServerResponse } from 'node:http';
import type { Share } from '../../mcp/budget.ts';

interface Shared extends ServerResponse {
  [SHARE]?: Share;
}

/** How to count each answer that is under way. */
const counted = new WeakMap<ServerResponse, (kept: number) => void>();
/** A property of its own: a WeakMap with an entry for each request costs more than all the counting. */
const SHARE = Symbol('share');
/** So much of an answer is not worth counting: nearly all are smaller, and are gone at once. */
const SMALL = 64 * 1024;

/** What `response` holds back counts as `share`'s; whoever writes to it says so with `noteUnsent`. */
export function countUnsent(response: ServerResponse, share: Share): void {
  (response as Shared)[SHARE] = share;
}

function beginCounting(response: ServerResponse, share: Share): (kept: number) => void {
  let unread = 0;
  let release = (): void => undefined;
  const count = (kept = 0): void => {
    const now = response.destroyed ? 0 : response.writableLength + kept;
    if (now === unread) return;
    release();
    unread = now;
    release = share.take(now);
  };
  counted.set(response, count);
  response.on('drain', () => count());
  response.once('close', () => {
    counted.delete(response);
    release();
  });
  return count;
}

/** Writes a piece of a stream, unless that has ended, and counts what is unread then. */
export function writeCounted(response: ServerResponse, text: string): void {
  // Whoever looks after callers may have ended it. Node calls that writable still, and what is written is an error.
  if (response.writable && !response.writableEnded) response.write(text);
  noteUnsent(response);
}

/** To be called after something was written to `response`. `kept`: characters that wait for being written. */
export function noteUnsent(response: ServerResponse, kept = 0): void {
  const known = counted.get(response);
  if (known !== undefined) {
    known(kept);
    return;
  }
  const share = (response as Shared)[SHARE];
  if (share === undefined || response.destroyed || response.writableLength + kept <= SMALL) return;
  beginCounting(response, share)(kept);
}
