/**
 * A legacy peer that outlives the server's session: when that is gone, or a login has ended or begun, the next request
 * opens another one with the caller's own `initialize`, and what the caller had set is set again.
 */
import { LoginNeeded } from '../../oauth/errors.ts';
import { type Message, notificationMessage, requestMessage } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { NotSentError, unavailable } from '../../upstream/wire.ts';

/** What came of an `initialize`: the peer that it was sent to, and its answer, which may be an error. */
export interface Opened {
  readonly peer: Peer;
  readonly answer: Message;
}

/** Opens a session with the server and sends `initialize` to it; rejects with why there is no answer. */
export type OpenLegacy = (initialize: Message, events: PeerEvents) => Promise<Opened>;

/** A server that just failed is not asked again by every request. */
const LEAST_PAUSE_MS = 1_000;
const MOST_SUBSCRIPTIONS = 1_000;
/** How long requests may go on in a session that was given up. */
const DRAIN_MS = 30_000;
const NOBODY: Replies = { onMessage: () => undefined, onAnswer: () => undefined, onFailure: () => undefined };

export class LastingPeer implements Peer {
  readonly era = 'legacy';
  readonly #open: OpenLegacy;
  readonly #events: PeerEvents;
  #current: Peer | undefined;
  #opening: Promise<Peer> | undefined;
  #initialize: Message | undefined;
  #failedAt: number | undefined;
  #failure: unknown;
  /** What the caller had set, to be set again. */
  #level: Message | undefined;
  readonly #subscribed = new Map<unknown, Message>();
  #ownIds = 0;
  #isClosed = false;
  /** Requests under way. */
  #active = 0;
  /** Sessions that were given up while requests were under way there. */
  readonly #leaving = new Map<Peer, NodeJS.Timeout>();

  constructor(open: OpenLegacy, events: PeerEvents) {
    this.#open = open;
    this.#events = events;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    this.#active += 1;
    const call = new Call(message, replies, headers, () => {
      this.#active -= 1;
      if (this.#active === 0) this.#closeLeaving();
    });
    if (message.method === 'initialize') void this.#begin(call);
    else {
      this.#remember(message);
      if (this.#current === undefined) void this.#later(call);
      else this.#send(call, this.#current, true);
    }
    return call;
  }

  send(message: Message): void {
    // A session that is opened anew has been told already that it is.
    this.#current?.send(message);
  }

  /** Gives the server's session up, because a login or the server is another now; the next request opens a new one. */
  renew(): void {
    const former = this.#current;
    this.#current = undefined;
    this.#failedAt = undefined;
    if (former !== undefined) this.#leave(former);
    if (this.#initialize !== undefined) this.#tellChanges();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closeLeaving();
    await this.#current?.close();
    this.#current = undefined;
  }

  /** What is under way there may end. */
  #leave(peer: Peer): void {
    this.#leaving.set(peer, setTimeout(() => this.#closeLeaving(), DRAIN_MS).unref());
    if (this.#active === 0) this.#closeLeaving();
  }

  #closeLeaving(): void {
    for (const [peer, timer] of this.#leaving) {
      clearTimeout(timer);
      void peer.close();
    }
    this.#leaving.clear();
  }

  /** The caller's own `initialize`. */
  async #begin(call: Call): Promise<void> {
    this.#initialize = call.message;
    try {
      const answer = await this.#connect(call.message);
      call.answered(answer);
    } catch (error) {
      call.failed(error);
    }
  }

  async #later(call: Call): Promise<void> {
    try {
      this.#send(call, await this.#reopened(), false);
    } catch (error) {
      call.failed(error);
    }
  }

  /** `again`: what certainly reached nobody may be sent once more, on a new session. */
  #send(call: Call, peer: Peer, again: boolean): void {
    call.sendTo(peer, (error) => {
      if (!again || !(error instanceof NotSentError) || this.#isClosed) return false;
      if (this.#current === peer) this.#current = undefined;
      void this.#later(call);
      return true;
    });
  }

  /** A session for a request that found none; all that wait share the attempt. */
  #reopened(): Promise<Peer> {
    if (this.#current !== undefined) return Promise.resolve(this.#current);
    if (this.#isClosed) return Promise.reject(new NotSentError('connection', 'The session is closed'));
    if (this.#initialize === undefined) return Promise.reject(notInitialized());
    if (this.#failedAt !== undefined && Date.now() - this.#failedAt < LEAST_PAUSE_MS)
      return Promise.reject(this.#failure);
    this.#opening ??= this.#reopen(this.#initialize).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #reopen(initialize: Message): Promise<Peer> {
    const answer = await this.#connect(initialize);
    const peer = this.#current;
    if (peer === undefined || answer.error !== undefined) {
      this.#current = undefined;
      void peer?.close();
      throw unavailable('The server refuses a new session.', 5);
    }
    peer.send(notificationMessage('notifications/initialized'));
    for (const message of [...(this.#level === undefined ? [] : [this.#level]), ...this.#subscribed.values()]) {
      this.#ownIds += 1;
      peer.request(requestMessage(`lk-${this.#ownIds}`, message.method, { ...message.params }), NOBODY);
    }
    this.#tellChanges();
    return peer;
  }

  async #connect(initialize: Message): Promise<Message> {
    try {
      let isLost = false;
      let peer: Peer | undefined;
      const opened = await this.#open(initialize, {
        onMessage: (message) => this.#events.onMessage(message),
        onClosed: () => {
          isLost = true;
          if (peer !== undefined && this.#current === peer) this.#current = undefined;
        },
      });
      peer = opened.peer;
      if (this.#isClosed) {
        await peer.close();
        throw new NotSentError('connection', 'The session is closed');
      }
      this.#failedAt = undefined;
      if (!isLost) this.#current = peer;
      return opened.answer;
    } catch (error) {
      // Of a login the gateway itself is asked, which spares the server; a moment later there may be one.
      this.#failedAt = error instanceof LoginNeeded ? undefined : Date.now();
      this.#failure = error;
      throw error;
    }
  }

  #remember({ method, params }: Message): void {
    if (method === 'logging/setLevel') this.#level = requestMessage('lk', method, { level: params.level });
    else if (method === 'resources/unsubscribe') this.#subscribed.delete(params.uri);
    else if (method === 'resources/subscribe' && this.#subscribed.size < MOST_SUBSCRIPTIONS) {
      this.#subscribed.set(params.uri, requestMessage('lk', method, { uri: params.uri }));
    }
  }

  /** What a new session offers may differ in everything. */
  #tellChanges(): void {
    for (const kind of ['tools', 'prompts', 'resources']) {
      this.#events.onMessage(notificationMessage(`notifications/${kind}/list_changed`));
    }
  }
}

/** One request, which may wait for a session first. */
class Call implements Exchange {
  readonly message: Message;
  readonly #replies: Replies;
  readonly #headers: readonly string[] | undefined;
  readonly #onEnd: () => void;
  #exchange: Exchange | undefined;
  #isOver = false;

  constructor(message: Message, replies: Replies, headers: readonly string[] | undefined, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.message = message;
    this.#replies = replies;
    this.#headers = headers;
  }

  /** `retry` is asked about a failure; true: the call is taken care of. */
  sendTo(peer: Peer, retry: (error: unknown) => boolean): void {
    if (this.#isOver) return;
    const replies: Replies = {
      onMessage: (said) => this.#replies.onMessage(said),
      onAnswer: (answer, status) => this.#end(() => this.#replies.onAnswer(answer, status)),
      onFailure: (error) => {
        if (!retry(error)) this.failed(error);
      },
    };
    this.#exchange = peer.request(this.message, replies, this.#headers);
  }

  answered(answer: Message): void {
    this.#end(() => this.#replies.onAnswer(answer, 200));
  }

  failed(error: unknown): void {
    this.#end(() => this.#replies.onFailure(error));
  }

  cancel(notice?: Message): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#exchange?.cancel(notice);
    this.#onEnd();
  }

  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tell();
    this.#onEnd();
  }
}

function notInitialized(): Error {
  return new NotSentError('connection', 'The session is not initialized');
}
