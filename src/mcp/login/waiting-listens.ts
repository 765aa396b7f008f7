/** `subscriptions/listen` (2026-07-28) of callers without a connection: acknowledged, and heard again after the login. */
import type { Id } from '../../upstream/jsonrpc.ts';
import type { GatedCall } from './gated-call.ts';
import { acknowledged, changesFor } from './unconnected.ts';

/** Of one gate. */
const MOST_WAITING = 16;

export class WaitingListens {
  readonly #waiting = new Set<GatedCall>();
  readonly #acknowledged = new WeakSet<GatedCall>();

  /** True where `call` is held until a login; its caller has heard that we listen. */
  hold(call: GatedCall): boolean {
    for (const waiting of this.#waiting) if (waiting.isOver) this.#waiting.delete(waiting);
    if (this.#waiting.size >= MOST_WAITING) return false;
    this.#waiting.add(call);
    this.acknowledge(call);
    return true;
  }

  /** True where the caller has heard that we listen: the server's own word for it is not to be passed on. */
  isAcknowledged(call: GatedCall): boolean {
    return this.#acknowledged.has(call);
  }

  acknowledge(call: GatedCall): void {
    if (this.#acknowledged.has(call)) return;
    this.#acknowledged.add(call);
    call.tell(acknowledged(idOf(call), call.message));
  }

  /** A login has been made: tells all that everything may be different, and returns the requests to be passed on. */
  release(): readonly GatedCall[] {
    const released = [...this.#waiting].filter((call) => !call.isOver);
    this.#waiting.clear();
    for (const call of released) for (const change of changesFor(idOf(call), call.message)) call.tell(change);
    return released;
  }

  /** Takes out all that waits. */
  clear(): readonly GatedCall[] {
    const calls = [...this.#waiting];
    this.#waiting.clear();
    return calls;
  }
}

function idOf({ message }: GatedCall): Id {
  return message.id as Id;
}
