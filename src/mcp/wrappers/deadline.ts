/** A request waits so long for an answer, or for a sign of life, and no longer; while the server asks the caller, time stands still. */
import { GatewayError } from '../../errors.ts';
import { timedOut } from '../../upstream/call-scope.ts';
import type { Id } from '../../upstream/jsonrpc.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';

/** Never answered as long as somebody listens (2026-07-28, subscriptions). */
const ENDLESS = 'subscriptions/listen';
/** A server may ask so much without being answered; what comes beyond holds no clock. */
const MOST_ASKED = 1_000;
/** A person may take their time; a client that has gone must not hold a request for ever. */
const LONGEST_ASKED_MS = 30 * 60_000;

/** Told of each tool call that has ended, after how many milliseconds; `code`: why it failed, if so. */
export type CallListener = (tool: unknown, ms: number, code: string | undefined) => void;

export interface DeadlineOptions {
  /** Makes the peer behind. */
  readonly open: (events: PeerEvents) => Peer;
  /** Asked at each request. */
  readonly timeoutMs: () => number;
  readonly onCall: CallListener;
}

export class DeadlinePeer implements Peer {
  readonly #peer: Peer;
  readonly #timeoutMs: () => number;
  readonly #onCall: CallListener;
  /** Requests of the server that the caller has not answered yet. */
  readonly #asked = new Set<Id>();
  #lastAskedAt = 0;

  constructor({ open, timeoutMs, onCall }: DeadlineOptions, events: PeerEvents) {
    this.#timeoutMs = timeoutMs;
    this.#onCall = onCall;
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
    const began = performance.now();
    const ended = (code: string | undefined): void => {
      clearTimeout(timer);
      if (message.method === 'tools/call') this.#onCall(message.params.name, performance.now() - began, code);
    };
    const expire = (): void => {
      if (this.#isAsking) {
        timer.refresh();
        return;
      }
      exchange.cancel();
      ended('call_timeout');
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
          ended(codeOf(answer));
          replies.onAnswer(answer, status);
        },
        onFailure: (error) => {
          ended(error instanceof GatewayError ? error.code : 'server_unavailable');
          replies.onFailure(error);
        },
      },
      headers,
    );
    return {
      cancel: (notice) => {
        ended('cancelled');
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

/** Of what a server says itself: never in its own words, which could be any. */
function codeOf({ error, result }: Message): string | undefined {
  if (error !== undefined) return 'rpc_error';
  return result?.isError === true ? 'tool_error' : undefined;
}
