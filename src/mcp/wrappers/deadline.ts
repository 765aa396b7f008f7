/** A request waits so long for an answer, or for a sign of life, and no longer; while the server asks the caller, time stands still. */
import { GatewayError } from '../../errors.ts';
import { timedOut } from '../../upstream/call-scope.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { PassingCall, PassingPeer } from './passing.ts';
import { Patience } from './patience.ts';
import { isQuestion, Questions } from './questions.ts';

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

export class DeadlinePeer extends PassingPeer {
  readonly #timeoutMs: () => number;
  readonly #onCall: CallListener;
  readonly #questions: Questions;

  constructor({ open, timeoutMs, onCall }: DeadlineOptions, events: PeerEvents) {
    const questions = new Questions();
    super(
      open({
        onMessage: (message) => {
          questions.heard(message);
          events.onMessage(message);
        },
        onClosed: (reason) => {
          questions.clear();
          events.onClosed(reason);
        },
      }),
    );
    this.#timeoutMs = timeoutMs;
    this.#onCall = onCall;
    this.#questions = questions;
  }

  override request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    const call =
      message.method === ENDLESS
        ? new PassingCall(replies)
        : new TimedCall(message, replies, this.#timeoutMs(), this.#questions, this.#onCall);
    return call.through(this.inner, message, headers);
  }

  override send(message: Message): void {
    if (message.kind === 'answer' && message.id !== undefined) this.#questions.close(message.id);
    super.send(message);
  }
}

class TimedCall extends PassingCall {
  readonly #message: Message;
  readonly #questions: Questions;
  readonly #onCall: CallListener;
  readonly #patience: Patience;
  readonly #began = performance.now();
  readonly #latest = Date.now() + LONGEST_RENEWED_MS;

  constructor(message: Message, replies: Replies, ms: number, questions: Questions, onCall: CallListener) {
    super(replies);
    this.#message = message;
    this.#questions = questions;
    this.#onCall = onCall;
    this.#patience = new Patience(ms, questions, () => this.#timedOut(ms));
  }

  override onMessage(said: Message): void {
    this.#questions.heard(said);
    if (!isQuestion(said) && Date.now() < this.#latest) this.#patience.renew();
    super.onMessage(said);
  }

  override onAnswer(answer: Message, status: number): void {
    this.#ended(codeOf(answer));
    super.onAnswer(answer, status);
  }

  override onFailure(error: unknown): void {
    this.#ended(error instanceof GatewayError ? error.code : 'server_unavailable');
    super.onFailure(error);
  }

  override cancel(notice?: Message): void {
    this.#ended('cancelled');
    super.cancel(notice);
  }

  #timedOut(ms: number): void {
    super.cancel();
    this.#ended('call_timeout');
    super.onFailure(timedOut(ms, this.#isCall));
  }

  #ended(code: string | undefined): void {
    this.#patience.stop();
    if (this.#isCall) this.#onCall(this.#message.params.name, performance.now() - this.#began, code);
  }

  get #isCall(): boolean {
    return this.#message.method === 'tools/call';
  }
}

/** Of what a server says itself: never in its own words, which could be any. */
function codeOf({ error, result }: Message): string | undefined {
  if (error !== undefined) return 'rpc_error';
  return result?.isError === true ? 'tool_error' : undefined;
}
