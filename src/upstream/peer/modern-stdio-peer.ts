/**
 * A server of 2026-07-28 in a child that many callers share. Over stdio all that ties a message to its request are ids
 * and tokens, and those of two callers may be equal: on the wire they are ours.
 */
import type { Endpoint } from '../../config/model.ts';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log-sink.ts';
import { isRecord } from '../../schema/json-schema.ts';
import type { Id } from '../jsonrpc.ts';
import { LOG_LEVEL_META, SUBSCRIPTION_ID_META } from '../protocol.ts';
import { UnderWay } from '../under-way.ts';
import { badAnswer, unavailable } from '../wire.ts';
import { failLater } from './answer-later.ts';
import { edited, type JsonObject, type Message, unlessTooDeep } from './message.ts';
import { statusOf } from './modern-answer.ts';
import type { Exchange, Peer, PeerEvents, Replies } from './peer.ts';
import { StdioPeer } from './stdio-peer.ts';

type StdioEndpoint = Extract<Endpoint, { kind: 'stdio' }>;

/** One child serves everybody; each caller's own share is bounded before. */
const MOST_CALLS = 10_000;
/** How long a server may go on to log for a request that was given up. */
const AFTERMATH_MS = 60_000;

/** One request under way; its id on the wire is its progress token there, too. */
interface Call {
  readonly replies: Replies;
  /** As the caller wrote it, and so the token: a large integer is a bigint. */
  readonly id: unknown;
  readonly progressToken: unknown;
  readonly isListen: boolean;
  readonly wantsLogs: boolean;
}

export class ModernStdioPeer implements Peer {
  readonly era = 'modern';
  readonly #peer: Peer;
  readonly #log: Log;
  readonly #calls = new UnderWay<Id, Call>();
  #lastId = 0;
  #givenUpAt = Number.NEGATIVE_INFINITY;

  constructor(endpoint: StdioEndpoint, events: PeerEvents, log: Log) {
    this.#log = log;
    this.#peer = new StdioPeer(
      endpoint,
      { onMessage: (message) => this.#route(message), onClosed: (reason) => events.onClosed(reason) },
      log,
    );
  }

  request(message: Message, replies: Replies): Exchange {
    if (this.#calls.size >= MOST_CALLS) {
      return failLater(replies, unavailable('The server has too many requests under way; try again shortly.', 5));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const outgoing = unlessTooDeep(edited, message, (value) => {
      this.#calls.set(id, callOf(value, replies));
      return outgoingRequest(value, id);
    });
    if (outgoing === undefined) {
      this.#calls.take(id);
      return failLater(replies, tooDeep());
    }
    const exchange = this.#peer.request(outgoing, {
      onMessage: (incoming) => this.#route(incoming),
      onAnswer: (answer) => this.#answered(id, answer),
      onFailure: (error) => this.#calls.take(id)?.replies.onFailure(error),
    });
    return { cancel: (notice) => this.#cancel(id, exchange, notice) };
  }

  /** A stateless server takes requests alone. */
  send(_message: Message): void {}

  close(): Promise<void> {
    return this.#peer.close();
  }

  #answered(id: number, answer: Message): void {
    const call = this.#calls.take(id);
    if (call === undefined) return;
    const message = unlessTooDeep(edited, answer, (value) => incomingAnswer(value, call));
    if (message === undefined) call.replies.onFailure(badAnswer('The answer is nested too deeply.'));
    else call.replies.onAnswer(message, statusOf(message));
  }

  #cancel(id: number, exchange: Exchange, notice: Message | undefined): void {
    const call = this.#calls.take(id);
    if (call === undefined) return;
    if (!call.isListen) this.#givenUpAt = Date.now();
    exchange.cancel(notice && unlessTooDeep(edited, notice, (value) => noticeAbout(value, id)));
  }

  /** To the caller whom a notification certainly is for; a server may ask nobody, and what is nobody's is dropped. */
  #route(message: Message): void {
    const call = message.kind === 'notification' ? this.#ownerOf(message) : undefined;
    const incoming = call && unlessTooDeep(edited, message, (value) => incomingNotice(value, call));
    if (incoming !== undefined) call?.replies.onMessage(incoming);
    else this.#log.debug({ kind: message.kind }, 'a message that belongs to no request was ignored');
  }

  #ownerOf({ method, params }: Message): Call | undefined {
    const subscription = metaOf(params)[SUBSCRIPTION_ID_META];
    if (subscription !== undefined) return this.#calls.get(subscription as Id);
    if (method === 'notifications/progress') {
      const call = this.#calls.get(params.progressToken as Id);
      return call?.progressToken === undefined ? undefined : call;
    }
    return method === 'notifications/message' ? this.#loggedFor() : undefined;
  }

  /** A log line does not say what it belongs to: it may be for the only request there is, else for somebody else. */
  #loggedFor(): Call | undefined {
    if (Date.now() - this.#givenUpAt < AFTERMATH_MS) return undefined;
    let only: Call | undefined;
    for (const call of this.#calls.all()) {
      if (call.isListen && !call.wantsLogs) continue;
      if (only !== undefined) return undefined;
      only = call;
    }
    return only?.wantsLogs === true ? only : undefined;
  }
}

function callOf({ id, method, params }: JsonObject, replies: Replies): Call {
  const { progressToken, [LOG_LEVEL_META]: level } = metaOf(params);
  return { replies, id, progressToken, isListen: method === 'subscriptions/listen', wantsLogs: level !== undefined };
}

function outgoingRequest(value: JsonObject, id: number): JsonObject {
  const { params } = value;
  if (metaOf(params).progressToken === undefined) return { ...value, id };
  return { ...value, id, params: withMeta(params, { progressToken: id }) };
}

function incomingAnswer(value: JsonObject, { id }: Call): JsonObject {
  const { result } = value;
  if (metaOf(result)[SUBSCRIPTION_ID_META] === undefined) return { ...value, id };
  return { ...value, id, result: withMeta(result, { [SUBSCRIPTION_ID_META]: id }) };
}

function incomingNotice(value: JsonObject, { id, progressToken }: Call): JsonObject {
  const { params } = value;
  if (metaOf(params)[SUBSCRIPTION_ID_META] !== undefined) {
    return { ...value, params: withMeta(params, { [SUBSCRIPTION_ID_META]: id }) };
  }
  if (value.method !== 'notifications/progress' || !isRecord(params)) return value;
  return { ...value, params: { ...params, progressToken } };
}

function noticeAbout(value: JsonObject, requestId: number): JsonObject {
  const { params } = value;
  return { ...value, params: { ...(isRecord(params) ? params : {}), requestId } };
}

/** The `_meta` of params or of a result. */
function metaOf(holder: unknown): JsonObject {
  return isRecord(holder) && isRecord(holder._meta) ? holder._meta : {};
}

function withMeta(holder: unknown, entries: JsonObject): JsonObject {
  return { ...(isRecord(holder) ? holder : {}), _meta: { ...metaOf(holder), ...entries } };
}

function tooDeep(): GatewayError {
  return new GatewayError('invalid_arguments', 422, 'The request is nested too deeply.');
}
