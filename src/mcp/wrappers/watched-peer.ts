/** A peer that tells when it is used, when it is not, and when it is closed. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import { PassingCall, PassingPeer } from './passing.ts';

export interface Watch {
  /** The first of the requests that are under way. */
  onBusy?(): void;
  /** The last one is over. */
  onIdle?(): void;
  /** Something that the server says, or asks, while it answers a request. */
  onMessage?(message: Message): void;
  onAnswer?(answer: Message, status: number): void;
  /** A request had no answer. */
  onFailure?(error: unknown): void;
  onClose?(): void;
}

export class WatchedPeer extends PassingPeer {
  readonly #watch: Watch;
  #active = 0;
  #idleSince = Date.now();

  constructor(peer: Peer, watch: Watch = {}) {
    super(peer);
    this.#watch = watch;
  }

  /** Milliseconds since the epoch; undefined while a request is under way. */
  get idleSince(): number | undefined {
    return this.#active === 0 ? this.#idleSince : undefined;
  }

  override request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    this.#active += 1;
    if (this.#active === 1) this.#watch.onBusy?.();
    return new WatchedCall(this, this.#watch, replies).through(this.inner, message, headers);
  }

  override close(): Promise<void> {
    this.#watch.onClose?.();
    return super.close();
  }

  /** For its calls: one is over. */
  ended(): void {
    this.#active -= 1;
    this.#idleSince = Date.now();
    if (this.#active === 0) this.#watch.onIdle?.();
  }
}

class WatchedCall extends PassingCall {
  readonly #peer: WatchedPeer;
  readonly #watch: Watch;
  #isOver = false;

  constructor(peer: WatchedPeer, watch: Watch, replies: Replies) {
    super(replies);
    this.#peer = peer;
    this.#watch = watch;
  }

  override onMessage(message: Message): void {
    this.#watch.onMessage?.(message);
    super.onMessage(message);
  }

  override onAnswer(answer: Message, status: number): void {
    this.#end();
    this.#watch.onAnswer?.(answer, status);
    super.onAnswer(answer, status);
  }

  override onFailure(error: unknown): void {
    this.#end();
    this.#watch.onFailure?.(error);
    super.onFailure(error);
  }

  override cancel(notice?: Message): void {
    this.#end();
    super.cancel(notice);
  }

  #end(): void {
    if (!this.#isOver) this.#peer.ended();
    this.#isOver = true;
  }
}
