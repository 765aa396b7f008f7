/** Holds a caller to the memory that its requests and what it does not read may take up. */
import type { GatewayError } from '../../errors.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { unavailable } from '../../upstream/wire.ts';
import type { Share } from '../budget.ts';

/** An answer so small is never dropped: what it tells has happened, and requests are bounded. */
const SMALL = 64 * 1024;
const RETRY_SECONDS = 5;

/**
 * A request counts with its text until it is over, whether its client still waits or not. What comes back is only let
 * through where there is room for it: whoever keeps it until the client has read it counts it there.
 */
export class BudgetPeer implements Peer {
  readonly #peer: Peer;
  readonly #share: Share;
  readonly #underWay = new Set<() => void>();

  constructor(open: (events: PeerEvents) => Peer, share: Share, events: PeerEvents) {
    this.#share = share;
    this.#peer = open({
      onMessage: (message) => {
        if (share.fits(message.text.length)) events.onMessage(message);
      },
      onClosed: (reason) => events.onClosed(reason),
    });
  }

  get era(): Peer['era'] {
    return this.#peer.era;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    const { length } = message.text;
    if (!this.#share.fits(length)) return refused(replies);
    const release = this.#share.take(length);
    const over = (): void => {
      this.#underWay.delete(release);
      release();
    };
    this.#underWay.add(release);
    const exchange = this.#peer.request(message, this.#counted(replies, over), headers);
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

  async close(): Promise<void> {
    try {
      await this.#peer.close();
    } finally {
      for (const release of this.#underWay) release();
      this.#underWay.clear();
    }
  }

  #counted(replies: Replies, over: () => void): Replies {
    const share = this.#share;
    return {
      onMessage: (said) => {
        if (share.fits(said.text.length)) replies.onMessage(said);
      },
      onAnswer: (answer, status) => {
        over();
        const { length } = answer.text;
        if (length <= SMALL || share.fits(length)) replies.onAnswer(answer, status);
        else replies.onFailure(tooMuch('The answer was dropped: your other requests and unread answers take up'));
      },
      onFailure: (error) => {
        over();
        replies.onFailure(error);
      },
    };
  }
}

function refused(replies: Replies): Exchange {
  let waits = true;
  queueMicrotask(() => {
    if (waits) replies.onFailure(tooMuch('Your requests and unread answers take up'));
  });
  return {
    cancel: () => {
      waits = false;
    },
  };
}

function tooMuch(what: string): GatewayError {
  return unavailable(`${what} too much memory here; try again when some of them are over.`, RETRY_SECONDS);
}
