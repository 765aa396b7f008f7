/** What an HTTP answer of 2026-07-28 says: a JSON-RPC answer, which may come with an error status, or why there is none. */
import { GatewayError } from '../../errors.ts';
import type { HttpAnswer } from '../http-exchange.ts';
import { httpFailure, RedirectError } from '../http-status.ts';
import { bearable, INTERNAL_ERROR, METHOD_NOT_FOUND } from '../jsonrpc.ts';
import { MODERN_ERRORS } from '../protocol.ts';
import { errorMessage, type Message, readMessage, unlessTooDeep, withId } from './message.ts';

export interface ModernAnswer {
  readonly message: Message;
  /** 200, or the status of an error that has one of its own (2026-07-28, Streamable HTTP, sending messages). */
  readonly status: number;
}

/** An HTTP status that brought no JSON-RPC answer, and is neither a redirect nor about credentials. */
export class StatusError extends GatewayError {
  readonly answered: number;

  constructor(status: number, failure: GatewayError) {
    const { detail, privateDetail } = failure;
    super(failure.code, failure.status, failure.message, { detail, privateDetail });
    this.answered = status;
  }
}

/** The answer of a body that is no stream; throws `GatewayError` where it holds none to `request`. */
export function answerOf(answer: HttpAnswer, request: Message, url: URL): ModernAnswer {
  const { status } = answer;
  // 401 and 403 are never about the request itself, whatever the body says.
  const speaks = status < 300 || (status >= 400 && status !== 401 && status !== 403);
  const read = speaks ? readMessage(bearable(answer.body)) : undefined;
  const message = read === undefined ? undefined : answerTo(request, read);
  if (message !== undefined) return { message, status: status < 300 ? 200 : status };
  const failure = httpFailure(answer, url);
  const isPlain = failure.code === 'bad_upstream_answer' && !(failure instanceof RedirectError);
  throw isPlain ? new StatusError(status, failure) : failure;
}

/** `message` if it answers `request`, under its id: an error about what the server could not read has none. */
export function answerTo(request: Message, message: Message): Message | undefined {
  if (message.kind !== 'answer' || request.id === undefined) return undefined;
  if (message.id === request.id) return message;
  if (message.id !== undefined) return undefined;
  const cannot = 'The server answered an error that cannot be passed on.';
  return unlessTooDeep(withId, message, request.id) ?? errorMessage(request.id, INTERNAL_ERROR, cannot);
}

/** The HTTP status that an answer has in 2026-07-28, where it did not come over HTTP. */
export function statusOf(answer: Message): number {
  const code = answer.error?.code;
  if (code === METHOD_NOT_FOUND) return 404;
  return MODERN_ERRORS.has(code) ? 400 : 200;
}
