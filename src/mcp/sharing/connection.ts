/** The one upstream session that many callers share: opened when it is needed, opened again after it was lost. */
import { LoginNeeded } from '../../oauth/errors.ts';
import { Pacing } from '../../upstream/pacing.ts';
import { ask } from '../../upstream/peer/ask.ts';
import {
  type JsonObject,
  type Message,
  notificationMessage,
  requestMessage,
  unlessTooDeep,
  withId,
} from '../../upstream/peer/message.ts';
import type { Peer, PeerFactory } from '../../upstream/peer/peer.ts';
import { LEGACY_REVISIONS } from '../../upstream/protocol.ts';
import { DEFAULT_TIMINGS, type LinkTimings } from '../../upstream/timings.ts';
import { badAnswer, unavailable } from '../../upstream/wire.ts';

/** A session that has been initialized. */
export interface Opened {
  readonly peer: Peer;
  /** The answer to `initialize`. */
  readonly answer: Message;
}

export interface ConnectionEvents {
  /** What belongs to no request. */
  onMessage(message: Message, peer: Peer): void;
  /** Before any request of a caller is sent. `again`: there was a session before. */
  onOpened(opened: Opened, again: boolean): void;
  /** All that waited has been failed. */
  onLost(): void;
  /** Whether somebody would miss the session; else it is opened again only when it is asked for. */
  isWanted(): boolean;
}

/** The id of `initialize`, which no request of a caller has. */
const INITIALIZE_ID = 0;

export class SharedConnection {
  readonly #factory: PeerFactory;
  readonly #initializeParams: JsonObject;
  readonly #events: ConnectionEvents;
  readonly #timings: LinkTimings;
  readonly #pacing: Pacing;
  #current: Opened | undefined;
  #opening: Promise<Opened> | undefined;
  #openingPeer: Peer | undefined;
  #answer: Message | undefined;
  /** Sessions that the server forgot, and that have not ended yet. */
  readonly #former = new Set<Peer>();
  #openedAt = 0;
  #notBefore = 0;
  #closed = false;

  constructor(
    factory: PeerFactory,
    initializeParams: JsonObject,
    events: ConnectionEvents,
    timings: LinkTimings = DEFAULT_TIMINGS,
  ) {
    this.#factory = factory;
    this.#initializeParams = initializeParams;
    this.#events = events;
    this.#timings = timings;
    this.#pacing = new Pacing(timings);
  }

  /** The session, where there is one now. */
  get current(): Opened | undefined {
    return this.#current;
  }

  /** The newest answer to `initialize`; undefined until there was one. */
  get answer(): Message | undefined {
    return this.#answer;
  }

  /** The session, opened if need be; whoever asks meanwhile waits for the same one. Rejects with what callers are told. */
  open(): Promise<Opened> {
    if (this.#current !== undefined) return Promise.resolve(this.#current);
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** The server has forgotten the session: the next request opens another. What is under way ends in the old one, which ends by itself. */
  forget(opened: Opened): void {
    if (this.#current !== opened) return;
    this.#former.add(opened.peer);
    this.#current = undefined;
    this.#events.onLost();
  }

  /** Opens again by itself, after the pause that is due. Stops where only a person can help. */
  reopenSoon(): void {
    if (this.#closed || !this.#events.isWanted()) return;
    const pause = Math.max(this.#notBefore - Date.now(), 0);
    this.#pacing.later(pause, () => {
      this.open().catch((error: unknown) => {
        if (!(error instanceof LoginNeeded)) this.reopenSoon();
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#pacing.stop();
    const peer = this.#current?.peer ?? this.#openingPeer;
    this.#current = undefined;
    await Promise.all([peer, ...this.#former].map((one) => one?.close()));
  }

  async #connect(): Promise<Opened> {
    await this.#pause();
    if (this.#closed) throw closed();
    this.#pacing.attempt();
    const peer = this.#newPeer();
    this.#openingPeer = peer;
    try {
      const answer = writable(checked(await this.#initialize(peer)));
      if (this.#closed) throw closed();
      const opened = { peer, answer };
      peer.send(notificationMessage('notifications/initialized'));
      this.#begin(opened);
      return opened;
    } catch (error) {
      peer.close().catch(() => undefined);
      // A missing login is no failure of the server, and may be there at the next request.
      if (!(error instanceof LoginNeeded)) this.#notBefore = Date.now() + this.#pacing.failed();
      throw error;
    } finally {
      this.#openingPeer = undefined;
    }
  }

  #newPeer(): Peer {
    const peer: Peer = this.#factory({
      onMessage: (message) => this.#events.onMessage(message, peer),
      onClosed: () => {
        this.#former.delete(peer);
        this.#lost(peer);
      },
    });
    return peer;
  }

  #begin(opened: Opened): void {
    const again = this.#answer !== undefined;
    this.#answer = opened.answer;
    this.#current = opened;
    this.#openedAt = Date.now();
    this.#pacing.succeeded();
    this.#events.onOpened(opened, again);
  }

  #initialize(peer: Peer): Promise<Message> {
    const request = requestMessage(INITIALIZE_ID, 'initialize', this.#initializeParams);
    return ask(peer, request, { ms: this.#timings.connectMs });
  }

  /** A server that keeps failing is spared; who comes shortly before the pause ends waits for it. */
  async #pause(): Promise<void> {
    const left = this.#notBefore - Date.now();
    if (left > this.#timings.minGapMs) {
      throw unavailable('The server is not available; try again shortly.', Math.ceil(left / 1_000));
    }
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }

  #lost(peer: Peer): void {
    if (this.#closed || this.#current?.peer !== peer) return;
    this.#current = undefined;
    this.#pacing.lost();
    const lived = Date.now() - this.#openedAt;
    if (lived < this.#timings.stableMs) this.#notBefore = Date.now() + this.#pacing.failed();
    this.#events.onLost();
  }
}

function checked(answer: Message): Message {
  const version = answer.result?.protocolVersion;
  if (typeof version === 'string' && LEGACY_REVISIONS.includes(version)) return answer;
  throw badAnswer('The server did not begin a session that latchkey understands.', answer.error?.message);
}

/** It is told to each caller, in words of theirs; what is nested too deeply for that could be told to none. */
function writable(answer: Message): Message {
  if (unlessTooDeep(() => withId(answer, INITIALIZE_ID)) !== undefined) return answer;
  throw badAnswer('The answer to initialize is nested too deeply.');
}

function closed(): Error {
  return unavailable('The connection to the server was ended.', 1);
}
