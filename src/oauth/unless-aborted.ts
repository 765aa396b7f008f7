/** Waiting for work that goes on for others too. */

/** As much of an AbortSignal as it takes; an AbortSignal is one. */
interface Abortable {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Settles as `work` does, or rejects with the signal's reason once that is aborted; `work` itself goes on. */
export function unlessAborted<R>(work: Promise<R>, signal: Abortable): Promise<R> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
