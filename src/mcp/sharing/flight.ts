/** One caller's request on a shared session: its id and progress token are ours on the way out, and the caller's on the way back. */

import { isRecord } from '../../schema/json-schema.ts';
import { type Id, INVALID_PARAMS } from '../../upstream/jsonrpc.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  unlessTooDeep,
  withId,
} from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';
import { badAnswer, NotSentError } from '../../upstream/wire.ts';
import type { Opened, SharedConnection } from './connection.ts';

export interface FlightHost {
  readonly connection: SharedConnection;
  onEnd(flight: Flight, how: 'answered' | 'failed' | 'cancelled'): void;
  /** A message of the server that belongs to the request; ids of the server's requests are its own. */
  onMessage(message: Message, flight: Flight): void;
}

export interface Request {
  readonly message: Message;
  readonly replies: Replies;
  readonly headers: readonly string[] | undefined;
}

export class Flight implements Replies, Exchange {
  /** On the wire; it is the progress token, too. */
  readonly id: number;
  readonly #host: FlightHost;
  readonly #request: Request;
  readonly #token: Id | undefined;
  #opened: Opened | undefined;
  #exchange: Exchange | undefined;
  #retried = false;
  #over = false;

  constructor(host: FlightHost, id: number, request: Request) {
    this.#host = host;
    this.id = id;
    this.#request = request;
    this.#token = progressTokenOf(request.message);
  }

  start(): void {
    const { current } = this.#host.connection;
    if (current !== undefined) {
      try {
        this.#send(current);
      } catch (error) {
        queueMicrotask(() => this.fail(error));
      }
      return;
    }
    this.#host.connection
      .open()
      .then((opened) => this.#send(opened))
      .catch((error: unknown) => this.fail(error));
  }

  /** Passes a message of the server on to the caller. */
  deliver(message: Message): void {
    if (!this.#over) this.#request.replies.onMessage(message);
  }

  /** Sends an answer to the server, in the session that the request is in. */
  reply(answer: Message): void {
    this.#opened?.peer.send(answer);
  }

  /** Passes progress on, if it is this request's. */
  progress(message: Message): void {
    const token = this.#token;
    if (token === undefined || message.params.progressToken !== this.id) return;
    const mine = unlessTooDeep(() => edited(message, (value) => inParams(value, { progressToken: token })));
    if (mine !== undefined) this.deliver(mine);
  }

  cancel(notice?: Message): void {
    if (this.#over) return;
    const requestId = this.id;
    const ours = notice && unlessTooDeep(() => edited(notice, (value) => inParams(value, { requestId })));
    this.#exchange?.cancel(ours);
    this.#end('cancelled');
  }

  /** The caller has gone: the server is told, too. */
  abandon(error: unknown): void {
    if (this.#over) return;
    this.#exchange?.cancel();
    this.#end('cancelled');
    this.#request.replies.onFailure(error);
  }

  /** Ends it without an answer. */
  fail(error: unknown): void {
    if (this.#end('failed')) this.#request.replies.onFailure(error);
  }

  #send(opened: Opened): void {
    if (this.#over) return;
    const message = unlessTooDeep(() => this.#outgoing());
    if (message === undefined) {
      queueMicrotask(() =>
        this.#answer(errorMessage(this.#callersId, INVALID_PARAMS, 'The parameters are nested too deeply.')),
      );
      return;
    }
    this.#opened = opened;
    this.#exchange = opened.peer.request(message, this, this.#request.headers);
  }

  #outgoing(): Message {
    const { id } = this;
    if (this.#token === undefined) return withId(this.#request.message, id);
    return edited(this.#request.message, (value) => {
      const { _meta } = value.params as JsonObject;
      return inParams({ ...value, id }, { _meta: { ...(_meta as JsonObject), progressToken: id } });
    });
  }

  onMessage(message: Message): void {
    this.#host.onMessage(message, this);
  }

  onAnswer(answer: Message, status: number): void {
    const mine = unlessTooDeep(() => withId(answer, this.#callersId));
    if (mine === undefined) this.fail(badAnswer('The answer of the server is nested too deeply.'));
    else this.#answer(mine, status);
  }

  #answer(message: Message, status = 200): void {
    if (this.#end('answered')) this.#request.replies.onAnswer(message, status);
  }

  /** A request that a forgotten session kept from being read is sent once more, in a new session. */
  onFailure(error: unknown): void {
    const forgotten = error instanceof NotSentError && error.what === 'session';
    if (!forgotten || this.#retried || this.#opened === undefined) {
      this.fail(error);
      return;
    }
    this.#retried = true;
    this.#exchange = undefined;
    this.#host.connection.forget(this.#opened);
    this.start();
  }

  get #callersId(): Id {
    return this.#request.message.id ?? this.id;
  }

  /** False where it had ended before. */
  #end(how: 'answered' | 'failed' | 'cancelled'): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#host.onEnd(this, how);
    return true;
  }
}

function progressTokenOf(request: Message): Id | undefined {
  const { _meta } = request.params;
  const token = isRecord(_meta) ? _meta.progressToken : undefined;
  return typeof token === 'string' || typeof token === 'number' ? token : undefined;
}

function inParams(value: JsonObject, change: JsonObject): JsonObject {
  return { ...value, params: { ...(value.params as JsonObject | undefined), ...change } };
}
