/** A request waits so long for an answer, or for a sign of life, and no longer; while the server asks the caller, time stands still. */
import { GatewayError } from '../../errors.ts';
import { timedOut } from '../../upstream/call-scope.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { Patience } from './patience.ts';
import { isQuestion, Questions } from './questions.ts';
import { requestSafely } from './request-safely.ts';

/** Never answered as long as somebody listens (2026-07-28, subscriptions). */
const ENDLESS = 'subscriptions/listen';
/** Signs of life prolong a request no longer than that: who holds it could hold it for ever. */
const LONGEST_RENEWED_MS = 60 * 60_000;

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
  readonly #questions = new Questions();

  constructor({ open, timeoutMs, onCall }: DeadlineOptions, events: PeerEvents) {
    this.#timeoutMs = timeoutMs;
    this.#onCall = onCall;
    this.#peer = open({
      onMessage: (message) => {
        this.#questions.heard(message);
        events.onMessage(message);
      },
      onClosed: (reason) => {
        this.#questions.clear();
        events.onClosed(reason);
      },
    });
  }

  get era(): Peer['era'] {
    return this.#peer.era;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    if (message.method === ENDLESS) return requestSafely(this.#peer, message, replies, headers);
    const ms = this.#timeoutMs();
    const began = performance.now();
    const latest = Date.now() + LONGEST_RENEWED_MS;
    const ended = (code: string | undefined): void => {
      patience.stop();
      if (message.method === 'tools/call') this.#onCall(message.params.name, performance.now() - began, code);
    };
    const patience = new Patience(ms, this.#questions, () => {
      exchange.cancel();
      ended('call_timeout');
      replies.onFailure(timedOut(ms, message.method === 'tools/call'));
    });
    const exchange = requestSafely(
      this.#peer,
      message,
      {
        onMessage: (said) => {
          this.#questions.heard(said);
          if (!isQuestion(said) && Date.now() < latest) patience.renew();
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
    if (message.kind === 'answer' && message.id !== undefined) this.#questions.close(message.id);
    this.#peer.send(message);
  }

  close(): Promise<void> {
    return this.#peer.close();
  }
}

/** Of what a server says itself: never in its own words, which could be any. */
function codeOf({ error, result }: Message): string | undefined {
  if (error !== undefined) return 'rpc_error';
  return result?.isError === true ? 'tool_error' : undefined;
}
