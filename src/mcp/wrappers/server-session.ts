/** One session with a server, of those that a lasting peer has: being opened, in use, given up while requests end, and closed. */
import type { Id } from '../../upstream/jsonrpc.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { StopSource } from '../../upstream/stop-source.ts';
import { NotSentError, type StopSignal } from '../../upstream/wire.ts';
import { unlessStopped } from './unless-stopped.ts';
import { WatchedPeer } from './watched-peer.ts';

/** What came of an `initialize`: the peer that it was sent to, and its answer, which may be an error. */
export interface Opened {
  readonly peer: Peer;
  readonly answer: Message;
}

/**
 * Opens a session with the server and sends `initialize` to it; rejects with why there is no answer, and then leaves nothing
 * open. `stop`: nobody wants it any more.
 */
export type OpenLegacy = (initialize: Message, events: PeerEvents, stop: StopSignal) => Promise<Opened>;

export interface SessionEvents {
  /** What belongs to no request; nothing once the session is closed. */
  onMessage(message: Message): void;
  /** The server has ended it. */
  onLost(): void;
  /** Nothing of it is left. */
  onEnded(): void;
}

/** Questions of the server that may wait for an answer; of more the oldest are forgotten. */
const MOST_ASKED = 1_000;

export class ServerSession {
  readonly #events: SessionEvents;
  readonly #stop = new StopSource();
  /** Ids of what the server asks. */
  readonly #asked = new Set<Id>();
  #opened: Promise<Peer | undefined> = Promise.resolve(undefined);
  #peer: WatchedPeer | undefined;
  /** Set once it was given up. */
  #drain: NodeJS.Timeout | undefined;
  #isOver = false;
  #ending: Promise<void> | undefined;

  constructor(events: SessionEvents) {
    this.#events = events;
  }

  /** True once it carries nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** True once we have closed it ourselves. */
  get isStopped(): boolean {
    return this.#stop.aborted;
  }

  /** Resolves with the answer to `initialize`; rejects with why there is none, at once where the session is closed. */
  async open(open: OpenLegacy, initialize: Message): Promise<Message> {
    const events: PeerEvents = {
      onMessage: (message) => this.#heard(message),
      onClosed: () => this.#lost(),
    };
    const opening = open(initialize, events, this.#stop);
    this.#opened = opening.then(
      ({ peer }) => {
        this.#peer = new WatchedPeer(peer, {
          onIdle: () => this.#idle(),
          onMessage: (said) => this.#noteAsked(said),
        });
        return this.#peer;
      },
      () => undefined,
    );
    return (await unlessStopped(opening, this.#stop)).answer;
  }

  /** Only once it is open. */
  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    if (this.#peer === undefined) throw new TypeError('not open yet');
    return this.#peer.request(message, replies, headers);
  }

  send(message: Message): void {
    this.#peer?.send(message);
  }

  /** Passes the answer to a question on; false where the server of this session has not asked that. */
  answer(message: Message): boolean {
    if (message.id === undefined || !this.#asked.delete(message.id)) return false;
    this.send(message);
    return true;
  }

  /** Closes it once no request is under way there, and after `ms` in any case. */
  leave(ms: number): void {
    if (this.#isOver || this.#drain !== undefined) return;
    this.#drain = setTimeout(() => void this.close(), ms).unref();
    if (this.#peer?.idleSince !== undefined) void this.close();
  }

  /** Fails what is under way there; resolves once nothing of it is left. */
  close(): Promise<void> {
    this.#isOver = true;
    this.#stop.abort(new NotSentError('connection', 'The session is closed'));
    return this.#end();
  }

  #idle(): void {
    if (this.#drain !== undefined && !this.#isOver) void this.close();
  }

  #lost(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onLost();
    void this.#end();
  }

  #end(): Promise<void> {
    clearTimeout(this.#drain);
    this.#asked.clear();
    this.#ending ??= this.#closePeer().then(() => this.#events.onEnded());
    return this.#ending;
  }

  /** One that is still being opened ends as soon as it is there. */
  async #closePeer(): Promise<void> {
    const peer = this.#peer ?? (await this.#opened);
    await peer?.close().catch(() => undefined);
  }

  #heard(message: Message): void {
    if (this.#isOver) return;
    this.#noteAsked(message);
    this.#events.onMessage(message);
  }

  #noteAsked({ kind, id }: Message): void {
    if (kind !== 'request' || id === undefined) return;
    this.#asked.add(id);
    const [oldest] = this.#asked;
    if (oldest !== undefined && this.#asked.size > MOST_ASKED) this.#asked.delete(oldest);
  }
}
