/** Tells the log, at its most talkative, which messages pass: what they are, and nothing of what they say. */
import type { Log } from '../../log-sink.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, PeerEvents, PeerFactory, Replies } from '../../upstream/peer/peer.ts';
import { PassingCall, PassingPeer } from './passing.ts';

const IN = 'SSE -> STDIO';
const OUT = 'STDIO -> SSE';
/** Both sides may make methods and ids as long as they like. */
const LONGEST_SHOWN = 80;

export class TracedPeer extends PassingPeer {
  readonly #log: Log;

  constructor(open: PeerFactory, log: Log, events: PeerEvents) {
    super(
      open({
        onMessage: (message) => {
          trace(log, OUT, message);
          events.onMessage(message);
        },
        onClosed: (reason) => events.onClosed(reason),
      }),
    );
    this.#log = log;
  }

  override request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    trace(this.#log, IN, message);
    return new TracedCall(this.#log, replies).through(this.inner, message, headers);
  }

  override send(message: Message): void {
    trace(this.#log, IN, message);
    super.send(message);
  }
}

class TracedCall extends PassingCall {
  readonly #log: Log;

  constructor(log: Log, replies: Replies) {
    super(replies);
    this.#log = log;
  }

  override onMessage(message: Message): void {
    trace(this.#log, OUT, message);
    super.onMessage(message);
  }

  override onAnswer(answer: Message, status: number): void {
    trace(this.#log, OUT, answer);
    super.onAnswer(answer, status);
  }

  override cancel(notice?: Message): void {
    if (notice !== undefined) trace(this.#log, IN, notice);
    super.cancel(notice);
  }
}

function trace(log: Log, way: string, { kind, method, id }: Message): void {
  log.trace?.({ kind, method: shown(method), id: shown(id) }, way);
}

function shown<T>(text: T): T | string {
  return typeof text === 'string' ? text.slice(0, LONGEST_SHOWN) : text;
}
