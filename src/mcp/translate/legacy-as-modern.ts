/** A server with sessions as callers of 2026-07-28 see it: each request for itself, with its own envelope. */
import { type Id, INVALID_PARAMS } from '../../upstream/jsonrpc.ts';
import { answerLater, failLater } from '../../upstream/peer/answer-later.ts';
import { errorMessage, type JsonObject, type Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import { connectionLost } from '../../upstream/wire.ts';
import type { SharedPeers } from '../sharing/registry.ts';
import type { SharedPeer } from '../sharing/shared-peer.ts';
import { discovery, unknownMethod } from './legacy-as-modern-answers.ts';
import { envelopeOf } from './legacy-as-modern-envelope.ts';
import { Listening } from './legacy-as-modern-listen.ts';
import type { Owner, Rounds } from './rounds.ts';
import { ROUND_METHODS, RoundsCall } from './rounds-call.ts';
import { askingCapabilities } from './rounds-capabilities.ts';

/** A server, and for whom. */
export interface LegacyServer {
  readonly peers: SharedPeers;
  /** Of the session that declares nothing: which server, and whose (or shared). Other sessions' keys begin with it. */
  readonly key: string;
  /** Makes a session that declares these capabilities of a client. Throws 503 where there is no room for one. */
  make(capabilities: JsonObject): SharedPeer;
  readonly rounds: Rounds<RoundsCall>;
  /** `principal.id`: who may go on with a call that waits, and who is asked by a session of its own. */
  readonly caller: string;
}

/** Methods that this revision has given up, though the server knows them. */
const GIVEN_UP = /^(?:initialize|ping|logging\/setLevel|resources\/(?:un)?subscribe|tasks\/.*)$/;

/** Sessions of one caller with one server: clients declare the same each time. */
const MOST_OF_ONE_CALLER = 4;

/** What is under way, to be ended with the peer. */
interface Running {
  abandon(error: unknown): void;
}

export class LegacyAsModern implements Peer {
  readonly era = 'modern';
  readonly #server: LegacyServer;
  readonly #owner: Owner;
  readonly #running = new Set<Running>();

  constructor(server: LegacyServer) {
    this.#server = server;
    this.#owner = { peer: server.key, caller: server.caller };
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    try {
      return this.#request(message, replies, headers);
    } catch (error) {
      return failLater(replies, error);
    }
  }

  /** Callers of this revision send requests only. */
  send(): void {}

  /** What waits between two rounds stays: it belongs to the caller, who comes with another request. */
  async close(): Promise<void> {
    for (const running of [...this.#running]) running.abandon(connectionLost('The conversation was closed.'));
  }

  #request(message: Message, replies: Replies, headers: readonly string[] | undefined): Exchange {
    const { method } = message;
    if (GIVEN_UP.test(method)) return answerLater(replies, unknownMethod(message), 404);
    if (ROUND_METHODS.has(method) && message.params.requestState !== undefined) return this.#resume(message, replies);
    const shared = this.#sharedFor(message);
    if (method === 'server/discover') {
      return answerLater(
        replies,
        shared.opened().then((welcome) => discovery(welcome, message.id as Id)),
      );
    }
    return method === 'subscriptions/listen'
      ? this.#listen(shared, message, replies)
      : this.#call(shared, message, replies, headers);
  }

  /** Callers that may be asked something have a session of their own, which declares just that, where there is room. */
  #sharedFor(message: Message): SharedPeer {
    const { peers, key, make } = this.#server;
    const asking = askingCapabilities(envelopeOf(message).capabilities);
    const own = Object.keys(asking).length > 0 ? this.#ownFor(asking) : undefined;
    return own ?? peers.get(key, () => make({}));
  }

  /** Undefined where there is no room: a server that cannot ask is better than none. */
  #ownFor(asking: JsonObject): SharedPeer | undefined {
    const { peers, key, caller, make } = this.#server;
    const family = `${key}\n${JSON.stringify(caller)}\n`;
    const own = family + JSON.stringify(asking);
    if (peers.find(own) === undefined && !peers.hasRoom(family, MOST_OF_ONE_CALLER)) return undefined;
    try {
      return peers.get(own, () => make(asking));
    } catch {
      return undefined;
    }
  }

  #call(shared: SharedPeer, message: Message, replies: Replies, headers: readonly string[] | undefined): Exchange {
    const call = new RoundsCall({ shared, rounds: this.#server.rounds, owner: this.#owner }, message);
    this.#running.add(call);
    call.start(replies, headers, () => this.#running.delete(call));
    return { cancel: () => call.cancel(message) };
  }

  #resume(message: Message, replies: Replies): Exchange {
    const call = this.#server.rounds.take(message.params.requestState, this.#owner, message);
    if (call === undefined) return answerLater(replies, unknownState(message));
    this.#running.add(call);
    call.resume(message, replies, () => this.#running.delete(call));
    return { cancel: () => call.cancel(message) };
  }

  #listen(shared: SharedPeer, message: Message, replies: Replies): Exchange {
    const listening = new Listening(shared, message, replies, () => this.#running.delete(listening));
    this.#running.add(listening);
    listening.start();
    return listening;
  }
}

function unknownState({ id }: Message): Message {
  const text = 'This requestState is unknown, was used before, or has expired. Send the request again without it.';
  return errorMessage(id as Id, INVALID_PARAMS, text, { reason: 'invalid_request_state' });
}
