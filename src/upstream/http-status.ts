/** What an HTTP answer means that brought no JSON-RPC answer. */
import { GatewayError } from '../errors.ts';
import { parseChallenge } from '../oauth/challenge.ts';
import type { Challenge } from '../oauth/model.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { type Id, parseMessages } from './jsonrpc.ts';
import { badAnswer, connectionLost } from './wire.ts';

/** The server wants us elsewhere; `location` is absolute. */
export class RedirectError extends GatewayError {
  readonly location: URL;

  constructor(location: URL) {
    const message = 'The server redirects to another address.';
    // Without the query, which may hold a secret.
    const privateDetail = `Set "url" to ${location.origin}${location.pathname}`;
    super('bad_upstream_answer', 502, message, { detail: { message }, privateDetail });
    this.location = location;
  }
}

/** 401 or 403: the server looked at who asks and at nothing else, so the request may be sent again with another token. */
export class RefusedError extends GatewayError {
  readonly answered: 401 | 403;
  /** Undefined where the answer held no Bearer challenge. */
  readonly challenge: Challenge | undefined;

  constructor(status: 401 | 403, challenge: Challenge | undefined) {
    const message = `The server refuses our credentials (HTTP ${status}).`;
    super('upstream_unauthorized', 502, message, { detail: { message } });
    this.answered = status;
    this.challenge = challenge;
  }
}

/**
 * True when the server says that it does not know our session, so the request was not looked at: 404
 * (2025-11-25, Streamable HTTP, session management 3), or a 400 whose error object belongs to no request and speaks
 * of the session, as many servers send after a restart. Anything about the request `id` itself is an answer instead,
 * and any other text may come from the tool: the call may have run, and must not be sent again.
 */
export function isSessionLost(answer: HttpAnswer, id?: Id): boolean {
  if (answer.status !== 404 && answer.status !== 400) return false;
  const messages = parseMessages(answer.body);
  if (id !== undefined && messages.some((message) => 'id' in message && message.id === id)) return false;
  if (answer.status === 404) return true;
  return messages.some(
    (message) =>
      message.kind === 'error' && message.id === undefined && /session|not initialized/i.test(message.error.message),
  );
}

const SESSION_TEXT =
  /(?:no valid|invalid|unknown|missing|expired) (?:mcp[- ])?session|session (?:id )?(?:not found|expired|unknown|missing|invalid|terminated)/i;

/** A 400 in plain words about the session: worth a new session, but no proof that the request was not looked at. */
export function soundsLikeSessionLost({ status, body }: HttpAnswer): boolean {
  return status === 400 && parseMessages(body).length === 0 && SESSION_TEXT.test(body.slice(0, 500));
}

/** The error for an answer that is not what MCP promises. */
export function httpFailure(answer: HttpAnswer, url: URL): GatewayError {
  const { status, headers, body } = answer;
  const location = headers.location;
  if (status >= 300 && status < 400 && typeof location === 'string' && URL.canParse(location, url.href)) {
    return new RedirectError(new URL(location, url));
  }
  if (status === 401 || status === 403) {
    return new RefusedError(status, parseChallenge(headers['www-authenticate']));
  }
  if (status === 200 && isEventStream(headers)) return connectionLost('the event stream ended without the answer');
  const message = status === 200 ? 'The server sent an invalid answer.' : `The server answered HTTP ${status}.`;
  // Not the body: a server may echo arguments and headers, which no log may hold.
  return badAnswer(message, `${String(headers['content-type'] ?? 'no content type')}, ${body.length} characters`);
}

export function isEventStream(headers: HttpAnswer['headers']): boolean {
  return String(headers['content-type']).includes('text/event-stream');
}

/** The same failure with a remark for the one who wrote the configuration. */
export function withHint(failure: GatewayError, hint: string): GatewayError {
  if (failure instanceof RedirectError || failure instanceof RefusedError || failure.code !== 'bad_upstream_answer')
    return failure;
  return badAnswer(failure.message, [hint, failure.privateDetail].filter(Boolean).join(' '));
}
