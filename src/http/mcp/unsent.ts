/** What MCP clients have not read yet counts for their callers, until they have or their connection is gone. */
import type { ServerResponse } from 'node:http';
import type { Share } from '../../mcp/budget.ts';

/** How to count each answer that is under way. */
const counted = new WeakMap<ServerResponse, (kept: number) => void>();

/** Begins to count what `response` holds back; whoever writes to it says so with `noteUnsent`. */
export function countUnsent(response: ServerResponse, share: Share): void {
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
}

/** To be called after something was written to `response`. `kept`: characters that wait for being written. */
export function noteUnsent(response: ServerResponse, kept = 0): void {
  counted.get(response)?.(kept);
}
