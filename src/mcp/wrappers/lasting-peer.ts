/**
 * A legacy peer that outlives the server's session: when that is gone, or a login has ended or begun, the next request
 * opens another one with the caller's own `initialize`, and what the caller had set is set again.
 */
import { LoginNeeded } from '../../oauth/errors.ts';
import { type Id, INVALID_REQUEST } from '../../upstream/jsonrpc.ts';
import { errorMessage, type Message, notificationMessage, requestMessage } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { DRAIN_MS } from '../../upstream/timings.ts';
import { NotSentError, unavailable } from '../../upstream/wire.ts';
import { CHANGED_LISTS, changedMethod } from '../capabilities.ts';
import { LastingCall, type LastingCallHost } from './lasting-call.ts';
import { type OpenLegacy, ServerSession } from './server-session.ts';

export type { Opened, OpenLegacy } from './server-session.ts';

/** A server that just failed is not asked again by every request. */
const LEAST_PAUSE_MS = 1_000;
const MOST_SUBSCRIPTIONS = 1_000;
const NOBODY: Replies = { onMessage: () => undefined, onAnswer: () => undefined, onFailure: () => undefined };

export class LastingPeer implements Peer {
  readonly era = 'legacy';
  readonly #open: OpenLegacy;
  readonly #events: PeerEvents;
  /** All of which something is left; the oldest first. */
  readonly #sessions = new Set<ServerSession>();
  #current: ServerSession | undefined;
  /** At most one at a time; all that wait share it. */
  #opening: ServerSession | undefined;
  readonly #waiting = new Set<LastingCall>();
  readonly #host: LastingCallHost = {
    repeats: (call, session, error) => this.#repeats(call, session, error),
    cancelled: (call) => this.#cancelled(call),
  };
  /** The caller's own `initialize`; as a call, until it is over. */
  #initialize: Message | undefined;
  #beginning: LastingCall | undefined;
  #failed: { readonly at: number; readonly error: unknown } | undefined;
  /** The caller knows that everything may differ in the session that comes next. */
  #hasTold = false;
  /** What the caller had set, to be set again. */
  #level: Message | undefined;
  readonly #subscribed = new Map<unknown, Message>();
  #ownIds = 0;
  #isClosed = false;

  constructor(open: OpenLegacy, events: PeerEvents) {
    this.#open = open;
    this.#events = events;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    const call = new LastingCall(message, replies, headers, this.#host);
    if (message.method === 'initialize') this.#begin(call);
    else {
      this.#remember(message);
      if (this.#current === undefined) this.#wait(call);
      else call.sendTo(this.#current, true);
    }
    return call;
  }

  /** Who asked gets the answer, be it a session that was given up; all else is for the one in use. */
  send(message: Message): void {
    // A session that is opened anew has been told already that it is.
    if (message.kind !== 'answer') this.#current?.send(message);
    else for (const session of this.#sessions) if (session.answer(message)) return;
  }

  /** Gives the server's session up, because a login or the server is another now; the next request opens a new one. */
  renew(): void {
    this.#failed = undefined;
    this.#leave(this.#current);
    // What waits for it makes that another one is opened.
    void this.#opening?.close();
    if (this.#initialize === undefined || this.#isBeginning) return;
    this.#tellChanges();
    this.#hasTold = true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#current = undefined;
    for (const call of this.#taken()) call.failed(closed());
    await Promise.all([...this.#sessions].map((session) => session.close()));
  }

  get #isBeginning(): boolean {
    return this.#beginning?.isOver === false;
  }

  /** What is under way there may end. */
  #leave(session: ServerSession | undefined): void {
    if (session === this.#current) this.#current = undefined;
    session?.leave(DRAIN_MS);
  }

  /** The caller's own `initialize`. One at a time; a later one takes the place of what the former came to. */
  #begin(call: LastingCall): void {
    if (this.#isBeginning) {
      const { id } = call.message;
      const refusal = errorMessage(id as Id, INVALID_REQUEST, 'This session is being initialized already.');
      queueMicrotask(() => call.answered(refusal));
      return;
    }
    this.#initialize = call.message;
    this.#beginning = call;
    this.#failed = undefined;
    this.#leave(this.#current);
    void this.#opening?.close();
    this.#wait(call);
  }

  #wait(call: LastingCall): void {
    const refusal = this.#refusal;
    if (refusal !== undefined) {
      queueMicrotask(() => call.failed(refusal.error));
      return;
    }
    this.#waiting.add(call);
    if (this.#opening === undefined && this.#initialize !== undefined) void this.#connect(this.#initialize);
  }

  /** Why there can be no session now, if so. */
  get #refusal(): { readonly error: unknown } | undefined {
    if (this.#isClosed) return { error: closed() };
    if (this.#initialize === undefined) return { error: notInitialized() };
    return this.#failed !== undefined && Date.now() - this.#failed.at < LEAST_PAUSE_MS ? this.#failed : undefined;
  }

  /** What certainly reached nobody is sent once more, on a new session. */
  #repeats(call: LastingCall, session: ServerSession, error: unknown): boolean {
    if (!(error instanceof NotSentError) || this.#isClosed) return false;
    this.#leave(session);
    if (this.#current === undefined) this.#wait(call);
    else call.sendTo(this.#current, false);
    return true;
  }

  /** Who has cancelled their `initialize` wants no session. */
  #cancelled(call: LastingCall): void {
    this.#waiting.delete(call);
    if (call === this.#beginning && this.#waiting.size === 0) void this.#opening?.close();
  }

  async #connect(initialize: Message): Promise<void> {
    const session = this.#newSession();
    this.#opening = session;
    const outcome = await session.open(this.#open, initialize).then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    );
    this.#opening = undefined;
    if (session.isStopped) {
      if (this.#waiting.size > 0) void this.#connect(this.#initialize ?? initialize);
    } else if ('error' in outcome) {
      void session.close();
      this.#fail(outcome.error);
    } else if (outcome.answer.error !== undefined) {
      void session.close();
      if (this.#isBeginning) this.#beginning?.answered(outcome.answer);
      this.#fail(unavailable('The server refuses a new session.', 5));
    } else this.#connected(session, outcome.answer);
  }

  #newSession(): ServerSession {
    const session: ServerSession = new ServerSession({
      onMessage: (message) => this.#events.onMessage(message),
      onLost: () => {
        if (this.#current === session) this.#current = undefined;
      },
      onEnded: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  #connected(session: ServerSession, answer: Message): void {
    this.#failed = undefined;
    if (!session.isOver) this.#current = session;
    const hasTold = this.#hasTold;
    this.#hasTold = false;
    const calls = this.#taken();
    if (this.#isBeginning) this.#beginning?.answered(answer);
    else {
      this.#restore(session);
      if (!hasTold) this.#tellChanges();
    }
    for (const call of calls) if (call !== this.#beginning) call.sendTo(session, false);
  }

  #fail(error: unknown): void {
    // Of a login the gateway itself is asked, which spares the server; a moment later there may be one.
    this.#failed = error instanceof LoginNeeded ? undefined : { at: Date.now(), error };
    this.#hasTold = false;
    for (const call of this.#taken()) call.failed(error);
  }

  #taken(): readonly LastingCall[] {
    const calls = [...this.#waiting];
    this.#waiting.clear();
    return calls;
  }

  #restore(session: ServerSession): void {
    session.send(notificationMessage('notifications/initialized'));
    for (const message of [...(this.#level === undefined ? [] : [this.#level]), ...this.#subscribed.values()]) {
      this.#ownIds += 1;
      session.request(requestMessage(`lk-${this.#ownIds}`, message.method, { ...message.params }), NOBODY);
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
    for (const list of CHANGED_LISTS) this.#events.onMessage(notificationMessage(changedMethod(list)));
  }
}

function closed(): Error {
  return new NotSentError('connection', 'The session is closed');
}

function notInitialized(): Error {
  return new NotSentError('connection', 'The session is not initialized');
}
