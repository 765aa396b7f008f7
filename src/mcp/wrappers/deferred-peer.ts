/** A modern peer that has to be found out first: requests wait for it. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';

export class DeferredPeer implements Peer {
  readonly era = 'modern';
  readonly #peer: () => Promise<Peer>;

  /** `peer` is asked at each request, and itself keeps what it has found. */
  constructor(peer: () => Promise<Peer>) {
    this.#peer = peer;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    let exchange: Exchange | undefined;
    let isCancelled = false;
    this.#peer()
      .then((peer) => {
        if (!isCancelled) exchange = peer.request(message, replies, headers);
      })
      .catch((error: unknown) => {
        if (!isCancelled) replies.onFailure(error);
      });
    return {
      cancel: (notice) => {
        isCancelled = true;
        exchange?.cancel(notice);
      },
    };
  }

  send(message: Message): void {
    this.#peer()
      .then((peer) => peer.send(message))
      .catch(() => undefined);
  }

  /** What was found belongs to others as well. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
