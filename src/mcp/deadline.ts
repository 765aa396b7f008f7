/** A request waits so long for an answer, or for a sign of life, and no longer; while the server asks the caller, time stands still. */
import { timedOut } from '../upstream/call-scope.ts';
import type { Id } from '../upstream/jsonrpc.ts';
import type { Message } from '../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../upstream/peer/peer.ts';

/** Never answered as long as somebody listens (2026-07-28, subscriptions). */
const ENDLESS = 'subscriptions/listen';
/** A server may ask so much without being answered; what comes beyond holds no clock. */
const MOST_ASKED = 1_000;
/** A person may take their time; a client that has gone must not hold a request for ever. */
const LONGEST_ASKED_MS = 30 * 60_000;

export class DeadlinePeer implements Peer {
  readonly #peer: Peer;
  readonly #timeoutMs: () => number;
  /** Requests of the server that the caller has not answered yet. */
  readonly #asked = new Set<Id>();
  #lastAskedAt = 0;

  /** `open` makes the peer behind; `timeoutMs` is asked at each request. */
  constructor(open: (events: PeerEvents) => Peer, timeoutMs: () => number, events: PeerEvents) {
    this.#timeoutMs = timeoutMs;
    this.#peer = open({
      onMessage: (message) => {
        this.#noteAsked(message);
        events.onMessage(message);
      },
      onClosed: (reason) => {
        this.#asked.clear();
        events.onClosed(reason);
      },
    });
  }

  get era(): Peer['era'] {
    return this.#peer.era;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    if (message.method === ENDLESS) return this.#peer.request(message, replies, headers);
    const ms = this.#timeoutMs();
    const expire = (): void => {
      if (this.#isAsking) {
        timer.refresh();
        return;
      }
      exchange.cancel();
      replies.onFailure(timedOut(ms));
    };
    const timer = setTimeout(expire, ms);
    const exchange = this.#peer.request(
      message,
      {
        onMessage: (said) => {
          timer.refresh();
          this.#noteAsked(said);
          replies.onMessage(said);
        },
        onAnswer: (answer, status) => {
          clearTimeout(timer);
          replies.onAnswer(answer, status);
        },
        onFailure: (error) => {
          clearTimeout(timer);
          replies.onFailure(error);
        },
      },
      headers,
    );
    return {
      cancel: (notice) => {
        clearTimeout(timer);
        exchange.cancel(notice);
      },
    };
  }

  send(message: Message): void {
    if (message.kind === 'answer' && message.id !== undefined) this.#asked.delete(message.id);
    this.#peer.send(message);
  }

  close(): Promise<void> {
    return this.#peer.close();
  }

  get #isAsking(): boolean {
    return this.#asked.size > 0 && Date.now() - this.#lastAskedAt < LONGEST_ASKED_MS;
  }

  #noteAsked({ kind, id }: Message): void {
    if (kind !== 'request' || id === undefined) return;
    if (this.#asked.size < MOST_ASKED) this.#asked.add(id);
    this.#lastAskedAt = Date.now();
  }
}
