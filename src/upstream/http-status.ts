/** What an HTTP answer means that brought no JSON-RPC answer. */
import { GatewayError } from '../errors.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { badAnswer, connectionLost } from './wire.ts';

/** The server wants us elsewhere; `location` is absolute. */
export class RedirectError extends Error {
  override readonly name = 'RedirectError';
  readonly location: URL;

  constructor(location: URL) {
    super(`The server redirects to ${location.href}; set "url" to that address`);
    this.location = location;
  }
}

/**
 * True when the server says that it does not know our session, so the request was not looked at: 404
 * (2025-11-25, Streamable HTTP, session management 3), or a 400 that speaks of the session, as many servers send
 * after a restart.
 */
export function isSessionLost(answer: HttpAnswer, hasSession: boolean): boolean {
  if (!hasSession) return false;
  if (answer.status === 404) return true;
  return answer.status === 400 && /session/i.test(answer.body.slice(0, 2000));
}

/** The error for an answer that is not what MCP promises. */
export function httpFailure(answer: HttpAnswer, url: URL): Error {
  const { status, headers, body } = answer;
  const location = headers.location;
  if (status >= 300 && status < 400 && typeof location === 'string' && URL.canParse(location, url.href)) {
    return new RedirectError(new URL(location, url));
  }
  if (status === 401 || status === 403) {
    const message = `The server refuses our credentials (HTTP ${status}).`;
    return new GatewayError('upstream_unauthorized', 502, message, { detail: { message } });
  }
  if (status === 200 && String(headers['content-type']).includes('text/event-stream')) {
    return connectionLost('the event stream ended without the answer');
  }
  const message = status === 200 ? 'The server sent an invalid answer.' : `The server answered HTTP ${status}.`;
  return badAnswer(message, body.slice(0, 500));
}
