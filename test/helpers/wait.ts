/** Waiting for a condition instead of sleeping for luck. */
import assert from 'node:assert/strict';

const STEP_MS = 5;

/** Resolves with the first value of `condition` that is neither false nor undefined; fails after `ms`. */
export async function until<T>(
  condition: () => T | Promise<T>,
  ms = 5_000,
  what = 'the condition',
): Promise<Exclude<T, false | undefined>> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    if (Date.now() > end) assert.fail(`${what} did not come true within ${ms} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

/** For servers that are to be slow, which keeps no process alive; tests themselves wait with `until`. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    if (signal?.aborted === true) done();
    else signal?.addEventListener('abort', done);
  });
}
