/** Waiting that ends when it is stopped, whatever becomes of what was waited for. */
import type { StopSignal } from '../../upstream/wire.ts';

/** What `work` comes to; rejects with the reason of `stop` once that is aborted. */
export async function unlessStopped<T>(work: Promise<T>, stop: StopSignal): Promise<T> {
  const { promise: stopped, reject } = deferred();
  const onStop = (): void => reject(stop.reason);
  stop.addEventListener('abort', onStop);
  if (stop.aborted) onStop();
  try {
    return await Promise.race([stopped, work]);
  } finally {
    stop.removeEventListener('abort', onStop);
  }
}

function deferred(): { readonly promise: Promise<never>; readonly reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, onReject) => {
    reject = onReject;
  });
  return { promise, reject };
}
