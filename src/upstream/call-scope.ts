/** The life of one call: a deadline that progress pushes back, and the caller who may leave. */
import { GatewayError } from '../errors.ts';
import { StopSource } from './stop-source.ts';
import type { StopSignal } from './wire.ts';

export class CallScope {
  readonly #signal = new StopSource();
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
    this.#signal.abort(callerLeft());
  };

  /** Must be called when the call has ended, however it did. */
  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Nobody hears it but the log, and whoever waits for the same. */
export function callerLeft(): GatewayError {
  return new GatewayError('cancelled', 499, 'The caller closed the connection.');
}

/** What a caller is told whose request took longer than it may, in milliseconds; `isCall`: of a tool, which does something. */
export function timedOut(timeoutMs: number, isCall = true): GatewayError {
  const effects = isCall ? ' The call was cancelled; it may have had effects.' : '';
  const message = `The server did not answer within ${timeoutMs / 1000} seconds.${effects}`;
  return new GatewayError('call_timeout', 504, message, { detail: { message } });
}
