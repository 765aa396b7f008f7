/** The life of one call: a deadline that progress pushes back, and the caller who may leave. */
import { GatewayError } from '../errors.ts';
import type { StopSignal } from './wire.ts';

export class CallScope {
  readonly #signal = new CallSignal();
  readonly #timer: NodeJS.Timeout;

  /** `timeoutMs` without an answer or a sign of progress end the call with 504. */
  constructor(timeoutMs: number) {
    this.#timer = setTimeout(() => this.#signal.abort(timedOut(timeoutMs)), timeoutMs);
  }

  get signal(): StopSignal {
    return this.#signal;
  }

  /** Starts the deadline anew. */
  readonly progress = (): void => {
    this.#timer.refresh();
  };

  /** The caller has gone: ends the call at the server, too. */
  readonly abandon = (): void => {
    this.#signal.abort(new GatewayError('cancelled', 499, 'The caller closed the connection.'));
  };

  /** Must be called when the call has ended, however it did. */
  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Making an AbortSignal, and collecting it as garbage, costs a tenth of a whole call. */
class CallSignal implements StopSignal {
  aborted = false;
  reason: unknown;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(reason: GatewayError): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of [...this.#listeners]) listener();
  }
}

function timedOut(timeoutMs: number): GatewayError {
  const message = `The server did not answer within ${timeoutMs / 1000} seconds. The call was cancelled; it may have had effects.`;
  return new GatewayError('call_timeout', 504, message, { detail: { message } });
}
