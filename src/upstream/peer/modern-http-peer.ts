/** A server of 2026-07-28 over HTTP: each request is one POST, and its text passes as it is. */
import type { Log } from '../../log-sink.ts';
import type { Credential } from '../../oauth/credential.ts';
import { isRecord } from '../../schema/json-schema.ts';
import { type HttpAnswer, HttpExchange } from '../http-exchange.ts';
import { RedirectError } from '../http-status.ts';
import { bearable } from '../jsonrpc.ts';
import { operationOf } from '../operation.ts';
import { type Bearer, type HttpEndpoint, OriginClient } from '../origin-client.ts';
import { headerValue, MODERN, modernHeaders, PROTOCOL_VERSION_META } from '../protocol.ts';
import { StopSource } from '../stop-source.ts';
import { type Message, readMessage } from './message.ts';
import { answerOf, answerTo, type ModernAnswer } from './modern-answer.ts';
import type { Exchange, Peer, PeerEvents, Replies } from './peer.ts';

const LIMITS = {
  // Given up early, before servers that close idle connections after five seconds can race with a request.
  keepAliveTimeout: 4_000,
  // Requests beyond that wait; subscriptions count too.
  connections: 256,
};
const MOST_REDIRECTS = 3;

/** One request under way. */
interface Call {
  readonly message: Message;
  readonly replies: Replies;
  readonly headers: readonly string[];
  readonly stop: StopSource;
}

export class ModernHttpPeer implements Peer {
  readonly era = 'modern';
  readonly #endpoint: HttpEndpoint;
  readonly #log: Log;
  readonly #client: OriginClient;
  #path: string;

  /** `_events` stay quiet: without a session nothing comes unasked, and nothing can be lost. */
  constructor(endpoint: HttpEndpoint, _events: PeerEvents, log: Log, credential?: Credential) {
    this.#endpoint = endpoint;
    this.#log = log;
    this.#client = new OriginClient(endpoint, credential, LIMITS);
    this.#path = pathOf(endpoint.url);
  }

  request(message: Message, replies: Replies, headers: readonly string[] = []): Exchange {
    const stop = new StopSource();
    const call: Call = { message, replies, headers: headersOf(message, headers), stop };
    this.#client
      .authorized(operationOf(message.method, message.params), stop, (bearer) => this.#ask(call, bearer))
      .then((answer) => {
        if (!stop.aborted) replies.onAnswer(answer.message, answer.status);
      })
      .catch((error: unknown) => {
        if (!stop.aborted) replies.onFailure(error);
      });
    // Closing the response is the cancellation (2026-07-28, Streamable HTTP, cancellation).
    return { cancel: () => stop.abort(new DOMException('The caller gave up', 'AbortError')) };
  }

  /** A stateless server takes requests alone. */
  send(_message: Message): void {}

  close(): Promise<void> {
    return this.#client.destroy();
  }

  /** A redirected request has not run: within the origin it is sent again. */
  async #ask(call: Call, bearer: Bearer): Promise<ModernAnswer> {
    for (let hop = 0; ; hop += 1) {
      try {
        return await this.#post(call, bearer);
      } catch (error) {
        const moved = error instanceof RedirectError ? error.location : undefined;
        if (moved === undefined || moved.origin !== this.#endpoint.url.origin || hop >= MOST_REDIRECTS) throw error;
        this.#path = pathOf(moved);
      }
    }
  }

  #post(call: Call, bearer: Bearer): Promise<ModernAnswer> {
    return new Promise((resolve, reject) => {
      const settle = (make: () => ModernAnswer): void => {
        try {
          resolve(make());
        } catch (error) {
          reject(error);
        }
      };
      const exchange = new HttpExchange(call.stop, {
        onEvent: (data) => this.#streamed(call, data, settle),
        onAnswer: (answer: HttpAnswer) => settle(() => answerOf(answer, call.message, this.#endpoint.url)),
        onFailure: reject,
      });
      const { headers, message } = call;
      this.#client.send({ method: 'POST', path: this.#path, headers, body: message.text }, bearer, exchange);
    });
  }

  /** One event of the stream; true once it brought the answer. */
  #streamed(call: Call, data: string, settle: (make: () => ModernAnswer) => void): boolean {
    const message = readMessage(bearable(data));
    const answer = message === undefined ? undefined : answerTo(call.message, message);
    if (answer !== undefined) {
      settle(() => ({ message: answer, status: 200 }));
      return true;
    }
    if (message?.kind === 'notification') call.replies.onMessage(message);
    else this.#log.debug({ kind: message?.kind }, 'a message that has no place in a stateless answer was ignored');
    return false;
  }
}

function pathOf(url: URL): string {
  return url.pathname + url.search;
}

/** 2026-07-28, Streamable HTTP, standard headers: they repeat what the body says. */
function headersOf(message: Message, extra: readonly string[]): readonly string[] {
  const { method, params } = message;
  const { _meta: meta } = params;
  const version = isRecord(meta) ? meta[PROTOCOL_VERSION_META] : undefined;
  return [
    'content-type',
    'application/json',
    'accept',
    'application/json, text/event-stream',
    'mcp-protocol-version',
    typeof version === 'string' ? headerValue(version) : MODERN,
    ...modernHeaders(method, params),
    ...extra,
  ];
}
