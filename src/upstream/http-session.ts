/** A session over streamable HTTP: where it lives, what each of its requests carries, and how it ends. */
import { type HttpAnswer, HttpExchange } from './http-exchange.ts';
import { httpFailure, isSessionLost, soundsLikeSessionLost, withHint } from './http-status.ts';
import type { Id } from './jsonrpc.ts';
import type { OriginClient, OriginRequest } from './origin-client.ts';
import { NotSentError } from './wire.ts';

const NOTIFY_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** How an HTTP+SSE server of 2024-11-05 refuses a POST to its stream. */
const SSE_STATUS = new Set([404, 405]);
const SSE_HINT = 'Is it an SSE server? Then set "type": "sse".';

/** For the connections of one session. */
export const HTTP_LIMITS = {
  // Given up early, before servers that close idle connections after five seconds can race with a call.
  keepAliveTimeout: 4_000,
  // Calls beyond that wait; a server that asks us endlessly cannot use up our sockets.
  connections: 256,
};

const JSON_HEADERS = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];

/** What an answer means that may have brought none. */
export interface Verdict {
  /** Why it is none, if so. */
  readonly failure: Error | undefined;
  /** Why the session is of no use any more, if so. */
  readonly lost: string | undefined;
}

export class HttpSession {
  readonly client: OriginClient;
  #url: URL;
  #id: string | undefined;
  #isEstablished = false;
  /** The two that say which session and revision; flat: name, value, name, value. */
  #headers: readonly string[] = [];

  constructor(client: OriginClient, url: URL) {
    this.client = client;
    this.#url = url;
  }

  get isEstablished(): boolean {
    return this.#isEstablished;
  }

  get url(): URL {
    return this.#url;
  }

  /** Must be on the same origin. */
  moveTo(url: URL): void {
    this.#url = url;
  }

  /** The session id comes with the answer to `initialize` (2025-11-25, Streamable HTTP, session management 1). */
  rememberId(headers: HttpAnswer['headers']): void {
    if (this.#isEstablished) return;
    const id = headers['mcp-session-id'];
    if (typeof id !== 'string' || !/^[\x21-\x7e]+$/.test(id)) return;
    this.#id = id;
    this.#headers = ['mcp-session-id', id];
  }

  /** The handshake is over; `version`: what all requests from now on name, if anything. */
  establish(version: string | undefined): void {
    this.#isEstablished = true;
    this.#headers = this.#id === undefined ? [] : ['mcp-session-id', this.#id];
    if (version !== undefined) this.#headers = [...this.#headers, 'mcp-protocol-version', version];
  }

  /** One message to the server; `extra`: headers for this one, flat. */
  post(body: string, extra: readonly string[] = []): OriginRequest {
    return { method: 'POST', path: this.#path, headers: [...this.#headers, ...JSON_HEADERS, ...extra], body };
  }

  /** A stream from the server: of what it says unasked, or what came after an event. */
  get(lastEventId: string | undefined): OriginRequest {
    const headers = [...this.#headers, 'accept', 'text/event-stream'];
    if (lastEventId !== undefined) headers.push('last-event-id', lastEventId);
    return { method: 'GET', path: this.#path, headers, body: null };
  }

  /** Sends a message that asks for nothing; resolves once the server has accepted it. */
  deliver(body: string, signal: AbortSignal = AbortSignal.timeout(NOTIFY_TIMEOUT_MS)): Promise<void> {
    return new Promise((resolve, reject) => {
      const exchange = new HttpExchange(signal, {
        onHead: (status) => {
          if (status < 300) resolve();
        },
        onEvent: () => false,
        onAnswer: (answer) => reject(httpFailure(answer, this.#url)),
        onFailure: reject,
      });
      void this.client.sendOnce(this.post(body), exchange);
    });
  }

  /** Judges the complete answer to request `id`; `hasMessage`: the JSON-RPC answer is in it. */
  judge(answer: HttpAnswer, id: Id, hasMessage: boolean): Verdict {
    const hasSession = this.#isEstablished && this.#id !== undefined;
    if (hasSession && isSessionLost(answer, id)) {
      const lost = `The server forgot the session (HTTP ${answer.status})`;
      return { failure: new NotSentError('session', lost), lost };
    }
    // 401 and 403 are never about the request itself, whatever the body says.
    if (hasMessage && answer.status !== 401 && answer.status !== 403) return { failure: undefined, lost: undefined };
    const lost = hasSession && soundsLikeSessionLost(answer) ? 'the server refused the session' : undefined;
    const failure = httpFailure(answer, this.#url);
    const isWrongType = !this.#isEstablished && SSE_STATUS.has(answer.status);
    return { failure: isWrongType ? withHint(failure, SSE_HINT) : failure, lost };
  }

  /** Ends the server's session (2025-11-25, Streamable HTTP, session management 5); a server may refuse that with 405. */
  async end(): Promise<void> {
    if (this.#id === undefined) return;
    await new Promise<void>((resolve) => {
      const done = (): void => resolve();
      const events = { onEvent: () => true, onAnswer: done, onFailure: done };
      const request = { method: 'DELETE', path: this.#path, headers: this.#headers, body: null } as const;
      this.client.sendLast(request, new HttpExchange(AbortSignal.timeout(CLOSE_TIMEOUT_MS), events));
    });
  }

  get #path(): string {
    return this.#url.pathname + this.#url.search;
  }
}
