/** Holds a caller to the memory that its requests and what it does not read may take up. */
import type { GatewayError } from '../../errors.ts';
import { failLater } from '../../upstream/peer/answer-later.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { unavailable } from '../../upstream/wire.ts';
import { RETRY_SECONDS, type Share } from '../budget.ts';
import { PassingCall, PassingPeer } from './passing.ts';

/** An answer so small is never dropped: what it tells has happened, and requests are bounded. */
const SMALL = 64 * 1024;

/**
 * A request counts with its text until it is over, whether its client still waits or not. What comes back is only let
 * through where there is room for it: whoever keeps it until the client has read it counts it there.
 */
export class BudgetPeer extends PassingPeer {
  readonly #share: Share;
  /** What gives back the room of each request under way. */
  readonly #underWay = new Set<() => void>();

  constructor(open: (events: PeerEvents) => Peer, share: Share, events: PeerEvents) {
    super(
      open({
        onMessage: (message) => {
          if (share.fits(message.text.length)) events.onMessage(message);
        },
        onClosed: (reason) => events.onClosed(reason),
      }),
    );
    this.#share = share;
  }

  override request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    const { length } = message.text;
    if (!this.#share.fits(length)) return failLater(replies, tooMuch('Your requests and unread answers take up'));
    return new BudgetCall(this.#share, this.#underWay, length, replies).through(this.inner, message, headers);
  }

  override async close(): Promise<void> {
    try {
      await super.close();
    } finally {
      for (const release of this.#underWay) release();
      this.#underWay.clear();
    }
  }
}

class BudgetCall extends PassingCall {
  readonly #share: Share;
  readonly #underWay: Set<() => void>;
  readonly #release: () => void;

  constructor(share: Share, underWay: Set<() => void>, length: number, replies: Replies) {
    super(replies);
    this.#share = share;
    this.#underWay = underWay;
    this.#release = share.take(length);
    underWay.add(this.#release);
  }

  override onMessage(message: Message): void {
    if (this.#share.fits(message.text.length)) super.onMessage(message);
  }

  override onAnswer(answer: Message, status: number): void {
    this.#over();
    const { length } = answer.text;
    if (length <= SMALL || this.#share.fits(length)) super.onAnswer(answer, status);
    else super.onFailure(tooMuch('The answer was dropped: your other requests and unread answers take up'));
  }

  override onFailure(error: unknown): void {
    this.#over();
    super.onFailure(error);
  }

  override cancel(notice?: Message): void {
    this.#over();
    super.cancel(notice);
  }

  #over(): void {
    this.#underWay.delete(this.#release);
    this.#release();
  }
}

function tooMuch(what: string): GatewayError {
  return unavailable(`${what} too much memory here; try again when some of them are over.`, RETRY_SECONDS);
}
