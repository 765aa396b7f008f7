/** The life of one call: a deadline that progress pushes back, and the caller who may leave. */
import { GatewayError } from '../errors.ts';

export class CallScope {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  /** `timeoutMs` without an answer or a sign of progress end the call with 504. */
  constructor(timeoutMs: number) {
    this.signal = this.#controller.signal;
    this.#timer = setTimeout(() => this.#controller.abort(timedOut(timeoutMs)), timeoutMs);
  }

  /** Starts the deadline anew. */
  readonly progress = (): void => {
    this.#timer.refresh();
  };

  /** The caller has gone: ends the call at the server, too. */
  readonly abandon = (): void => {
    this.#controller.abort(new GatewayError('cancelled', 499, 'The caller closed the connection.'));
  };

  /** Must be called when the call has ended, however it did. */
  end(): void {
    clearTimeout(this.#timer);
  }
}

function timedOut(timeoutMs: number): GatewayError {
  const message = `The server did not answer within ${timeoutMs / 1000} seconds. The call was cancelled; it may have had effects.`;
  return new GatewayError('call_timeout', 504, message, { detail: { message } });
}
