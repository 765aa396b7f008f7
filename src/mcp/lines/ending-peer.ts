/** A peer whose requests under way can be ended from our side: each caller gets an answer, and the server is told. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import { CLIENT_INFO } from '../../upstream/protocol.ts';
import { connectionLost } from '../../upstream/wire.ts';
import { endOfStream } from '../subscriptions.ts';

const LISTEN = 'subscriptions/listen';

interface Call {
  readonly message: Message;
  readonly replies: Replies;
  exchange: Exchange | undefined;
}

export class EndingPeer implements Peer {
  readonly #peer: Peer;
  readonly #calls = new Set<Call>();

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  get era(): Peer['era'] {
    return this.#peer.era;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    const call: Call = { message, replies, exchange: undefined };
    this.#calls.add(call);
    const passed: Replies = {
      onMessage: (said) => replies.onMessage(said),
      onAnswer: (answer, status) => {
        if (this.#calls.delete(call)) replies.onAnswer(answer, status);
      },
      onFailure: (error) => {
        if (this.#calls.delete(call)) replies.onFailure(error);
      },
    };
    call.exchange = this.#peer.request(message, passed, headers);
    return {
      cancel: (notice) => {
        if (this.#calls.delete(call)) call.exchange?.cancel(notice);
      },
    };
  }

  send(message: Message): void {
    this.#peer.send(message);
  }

  /** Ends the subscriptions, which would never end by themselves (2026-07-28, subscriptions: graceful closure). */
  endListens(): void {
    for (const call of [...this.#calls]) if (call.message.method === LISTEN) this.#end(call);
  }

  async close(): Promise<void> {
    for (const call of [...this.#calls]) this.#end(call);
    await this.#peer.close();
  }

  #end(call: Call): void {
    if (!this.#calls.delete(call)) return;
    call.exchange?.cancel();
    const { message, replies } = call;
    const { id = '' } = message;
    if (message.method !== LISTEN) replies.onFailure(connectionLost('The gateway ended the request'));
    else replies.onAnswer(endOfStream(id, CLIENT_INFO), 200);
  }
}
