/** A peer that tells when it is used, when it is not, and when it is closed. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';

export interface Watch {
  /** The first of the requests that are under way. */
  onBusy?(): void;
  /** The last one is over. */
  onIdle?(): void;
  onAnswer?(answer: Message, status: number): void;
  /** A request had no answer. */
  onFailure?(error: unknown): void;
  onClose?(): void;
}

export class WatchedPeer implements Peer {
  readonly #peer: Peer;
  readonly #watch: Watch;
  #active = 0;
  #idleSince = Date.now();

  constructor(peer: Peer, watch: Watch = {}) {
    this.#peer = peer;
    this.#watch = watch;
  }

  get era(): Peer['era'] {
    return this.#peer.era;
  }

  /** Milliseconds since the epoch; undefined while a request is under way. */
  get idleSince(): number | undefined {
    return this.#active === 0 ? this.#idleSince : undefined;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    this.#active += 1;
    if (this.#active === 1) this.#watch.onBusy?.();
    let isOver = false;
    const over = (): void => {
      if (!isOver) this.#ended();
      isOver = true;
    };
    const exchange = this.#peer.request(
      message,
      {
        onMessage: (said) => replies.onMessage(said),
        onAnswer: (answer, status) => {
          over();
          this.#watch.onAnswer?.(answer, status);
          replies.onAnswer(answer, status);
        },
        onFailure: (error) => {
          over();
          this.#watch.onFailure?.(error);
          replies.onFailure(error);
        },
      },
      headers,
    );
    return {
      cancel: (notice) => {
        over();
        exchange.cancel(notice);
      },
    };
  }

  send(message: Message): void {
    this.#peer.send(message);
  }

  close(): Promise<void> {
    this.#watch.onClose?.();
    return this.#peer.close();
  }

  #ended(): void {
    this.#active -= 1;
    this.#idleSince = Date.now();
    if (this.#active === 0) this.#watch.onIdle?.();
  }
}
