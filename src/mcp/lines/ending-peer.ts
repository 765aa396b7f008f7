/** A peer whose requests under way can be ended from our side: each caller gets an answer, and the server is told. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';
import { CLIENT_INFO } from '../../upstream/protocol.ts';
import { connectionLost } from '../../upstream/wire.ts';
import { endOfStream } from '../subscriptions.ts';
import { PassingCall, PassingPeer } from '../wrappers/passing.ts';

const LISTEN = 'subscriptions/listen';

export class EndingPeer extends PassingPeer {
  readonly #calls = new Set<EndingCall>();

  override request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    return new EndingCall(message, replies, this.#calls).through(this.inner, message, headers);
  }

  /** Ends the subscriptions, which would never end by themselves (2026-07-28, subscriptions: graceful closure). */
  endListens(): void {
    for (const call of [...this.#calls]) if (call.message.method === LISTEN) call.end();
  }

  override async close(): Promise<void> {
    for (const call of [...this.#calls]) call.end();
    await super.close();
  }
}

class EndingCall extends PassingCall {
  readonly message: Message;
  /** Those under way; each is told of its end once. */
  readonly #calls: Set<EndingCall>;

  constructor(message: Message, replies: Replies, calls: Set<EndingCall>) {
    super(replies);
    this.message = message;
    this.#calls = calls;
    calls.add(this);
  }

  override onAnswer(answer: Message, status: number): void {
    if (this.#calls.delete(this)) super.onAnswer(answer, status);
  }

  override onFailure(error: unknown): void {
    if (this.#calls.delete(this)) super.onFailure(error);
  }

  override cancel(notice?: Message): void {
    if (this.#calls.delete(this)) super.cancel(notice);
  }

  /** From our side. */
  end(): void {
    if (!this.#calls.delete(this)) return;
    super.cancel();
    const { id = '', method } = this.message;
    if (method === LISTEN) super.onAnswer(endOfStream(id, CLIENT_INFO), 200);
    else super.onFailure(connectionLost('The gateway ended the request'));
  }
}
