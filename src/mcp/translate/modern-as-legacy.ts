/**
 * A server of 2026-07-28 as a caller of an older revision sees it: a session that is ours alone, questions as requests,
 * and subscriptions as unasked notifications. What it cannot carry: the code of a resource that does not exist (-32602
 * since 2026-07-28), how long an answer may be kept, and output schemas that describe no object.
 */

import type { Log } from '../../log-sink.ts';
import { isRecord, recordOf } from '../../schema/json-schema.ts';
import { type Id, INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import { answerLater, failLater } from '../../upstream/peer/answer-later.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  requestMessage,
  resultMessage,
  unlessTooDeep,
} from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, PeerFactory, Replies } from '../../upstream/peer/peer.ts';
import { badAnswer, connectionLost } from '../../upstream/wire.ts';
import { isLogLevel } from '../sharing/levels.ts';
import { tooDeep } from './modern-as-legacy-call.ts';
import { Calls } from './modern-as-legacy-calls.ts';
import { Changes } from './modern-as-legacy-changes.ts';
import { MirroredTools } from './modern-as-legacy-tools.ts';
import { callerOf, DEFAULT_LEVEL, enveloped, initializeResult } from './modern-as-legacy-words.ts';

const LIST_MS = 10_000;

type Headers = readonly string[];

export class ModernAsLegacy implements Peer {
  readonly era = 'legacy';
  readonly #peer: Peer;
  readonly #events: PeerEvents;
  readonly #calls: Calls;
  readonly #tools: MirroredTools;
  readonly #changes: Changes;
  /** What the server says that it can do. */
  #capabilities: JsonObject = {};
  /** Those of `initialize`, for requests of our own. */
  #headers: Headers = [];
  #isClosed = false;

  /** `open`: gives the modern peer, which may be one that others use too, and is not closed here. */
  constructor(open: PeerFactory, events: PeerEvents, log: Log) {
    this.#events = events;
    this.#peer = open({ onMessage: () => undefined, onClosed: (reason) => this.#lost(reason) });
    this.#calls = new Calls(this.#peer, (answer, method) => {
      if (method === 'tools/list') this.#tools.learn(answer);
    });
    this.#tools = new MirroredTools((cursor) => this.#listTools(cursor));
    this.#changes = new Changes(
      (notifications, replies) => this.#own('subscriptions/listen', { notifications }, replies),
      (message) => this.#changed(message),
      log,
    );
  }

  request(message: Message, replies: Replies, headers: Headers = []): Exchange {
    if (message.method === 'initialize') return this.#initialize(message, replies, headers);
    const answer = this.#answerHere(message);
    if (answer === undefined) return this.#forward(message, replies, headers);
    return answerLater(replies, answer);
  }

  /** Other notifications mean nothing to a stateless server. */
  send(message: Message): void {
    if (message.kind === 'answer') this.#calls.receive(message);
    else if (message.method === 'notifications/initialized') this.#changes.start(this.#capabilities);
  }

  /** Ends what is under way for this caller. */
  close(): Promise<void> {
    if (!this.#isClosed) this.#end('The session is over');
    return Promise.resolve();
  }

  #lost(reason: string): void {
    if (this.#isClosed) return;
    this.#end(reason);
    this.#events.onClosed(reason);
  }

  #end(reason: string): void {
    this.#isClosed = true;
    this.#changes.close();
    this.#calls.failAll(connectionLost(reason));
  }

  #initialize(message: Message, replies: Replies, headers: Headers): Exchange {
    this.#headers = headers;
    this.#calls.caller = callerOf(message.params);
    return this.#own(
      'server/discover',
      {},
      {
        onMessage: () => undefined,
        onAnswer: (answer) => {
          const translated = this.#initialized(message, answer);
          if (translated === undefined) replies.onFailure(badAnswer('The answer to server/discover is invalid.'));
          else replies.onAnswer(translated, 200);
        },
        onFailure: (error) => replies.onFailure(error),
      },
    );
  }

  /** The answer to `initialize`; undefined where the server's cannot be written in its words. */
  #initialized({ id, params }: Message, answer: Message): Message | undefined {
    const { caller } = this.#calls;
    this.#capabilities = recordOf(answer.result?.capabilities);
    if (isRecord(this.#capabilities.logging)) this.#calls.caller = { ...caller, logLevel: DEFAULT_LEVEL };
    return unlessTooDeep(() =>
      edited(answer, ({ result, ...value }) => {
        if (answer.error !== undefined) return { ...value, id };
        return { ...value, id, result: initializeResult(recordOf(result), params.protocolVersion) };
      }),
    );
  }

  /** What a stateless server does not know, and we answer in its place; undefined for all else. */
  #answerHere(message: Message): Message | Promise<Message> | undefined {
    const { id = '', method, params } = message;
    switch (method) {
      case 'ping':
        return resultMessage(id, {});
      case 'logging/setLevel':
        if (!isRecord(this.#capabilities.logging)) break;
        if (!isLogLevel(params.level)) return errorMessage(id, INVALID_PARAMS, 'Invalid params: no such log level');
        this.#calls.caller = { ...this.#calls.caller, logLevel: params.level };
        return resultMessage(id, {});
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        if (recordOf(this.#capabilities.resources).subscribe !== true) break;
        if (!isAddress(params.uri))
          return errorMessage(id, INVALID_PARAMS, 'Invalid params: uri is missing or too long');
        return this.#subscribed(id, params.uri, method === 'resources/subscribe');
      case 'server/discover':
      case 'subscriptions/listen':
        break;
      default:
        return undefined;
    }
    return errorMessage(id, METHOD_NOT_FOUND, `Method not found: ${method}`);
  }

  async #subscribed(id: Id, uri: string, isWanted: boolean): Promise<Message> {
    if (!isWanted) this.#changes.unsubscribe(uri);
    else if (!(await this.#changes.subscribe(uri))) {
      return errorMessage(id, INTERNAL_ERROR, 'The server does not accept the subscription, or there are too many.');
    }
    return resultMessage(id, {});
  }

  #forward(message: Message, replies: Replies, headers: Headers): Exchange {
    const call = this.#calls.open(message, replies);
    const { method, params } = message;
    if (method !== 'tools/call') {
      call.start(headers);
      return call;
    }
    const start = (): void => call.start([...headers, ...this.#tools.headersFor(params)]);
    const ready = this.#tools.ready(params.name);
    if (ready === undefined) start();
    else ready.then(start).catch((error: unknown) => call.fail(error));
    return call;
  }

  /** A request of ours in the caller's name; it wants no log lines. */
  #own(method: string, params: JsonObject, replies: Replies): Exchange {
    const caller = { ...this.#calls.caller, logLevel: undefined };
    const id = this.#calls.nextId();
    const request = unlessTooDeep(() => requestMessage(id, method, enveloped(params, caller)));
    if (request === undefined) return failLater(replies, tooDeep());
    return this.#peer.request(request, replies, this.#headers);
  }

  /** One page of the tools; undefined where there is none in time. */
  #listTools(cursor: unknown): Promise<Message | undefined> {
    return new Promise((resolve) => {
      const settle = (answer?: Message): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      const exchange = this.#own('tools/list', cursor === undefined ? {} : { cursor }, {
        onMessage: () => undefined,
        onAnswer: settle,
        onFailure: () => settle(),
      });
      const timer = setTimeout(() => {
        exchange.cancel();
        resolve(undefined);
      }, LIST_MS).unref();
    });
  }

  #changed(message: Message): void {
    if (message.method === 'notifications/tools/list_changed') this.#tools.changed();
    this.#events.onMessage(message);
  }
}

/** Subscriptions are kept. */
function isAddress(uri: unknown): uri is string {
  return typeof uri === 'string' && uri.length <= 8_192;
}
