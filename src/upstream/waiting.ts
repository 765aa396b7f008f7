/** Waiting for a promise, but not for ever. */
import type { StopSignal } from './wire.ts';

export type Outcome = 'ready' | 'failed' | 'waiting';

/** `ready` once the promise fulfils, `failed` once it rejects, `waiting` if neither happened within `ms` or before the abort. */
export function settledWithin(promise: Promise<unknown>, ms: number, signal?: StopSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const finish = (outcome: Outcome): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    const onAbort = (): void => finish('waiting');
    const timer = setTimeout(() => finish('waiting'), ms);
    signal?.addEventListener('abort', onAbort);
    promise.then(
      () => finish('ready'),
      () => finish('failed'),
    );
  });
}
