/** What stands between a caller and a server extends these, and overrides what it has a part in: all else passes. */
import { failLater } from '../../upstream/peer/answer-later.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';

export class PassingPeer implements Peer {
  protected readonly inner: Peer;

  constructor(inner: Peer) {
    this.inner = inner;
  }

  get era(): Peer['era'] {
    return this.inner.era;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    return this.inner.request(message, replies, headers);
  }

  send(message: Message): void {
    this.inner.send(message);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

/** One request on its way through a peer. An object with methods: closures for each would be most of what it costs. */
export class PassingCall implements Replies, Exchange {
  protected readonly replies: Replies;
  #exchange: Exchange | undefined;

  constructor(replies: Replies) {
    this.replies = replies;
  }

  /** Sends it; to be called once. What `peer` throws is the failure of the request: callers rely on hearing of it so. */
  through(peer: Peer, message: Message, headers: readonly string[] | undefined): this {
    try {
      this.#exchange = peer.request(message, this, headers);
    } catch (error) {
      this.#exchange = failLater(this, error);
    }
    return this;
  }

  onMessage(message: Message): void {
    this.replies.onMessage(message);
  }

  onAnswer(answer: Message, status: number): void {
    this.replies.onAnswer(answer, status);
  }

  onFailure(error: unknown): void {
    this.replies.onFailure(error);
  }

  cancel(notice?: Message): void {
    this.#exchange?.cancel(notice);
  }
}
