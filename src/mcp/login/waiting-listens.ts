/** `subscriptions/listen` (2026-07-28) that no server listens to: acknowledged by us, and told of logins. */
import { recordOf } from '../../schema/json-schema.ts';
import type { Id } from '../../upstream/jsonrpc.ts';
import { type Message, notificationMessage } from '../../upstream/peer/message.ts';
import { changedMethod } from '../capabilities.ts';
import { acknowledgement, listsIn, tagged } from '../subscriptions.ts';
import type { GatedCall } from './gated-call.ts';

/** Of one gate. */
const MOST_WAITING = 16;

export class WaitingListens {
  readonly #waiting = new Set<GatedCall>();
  readonly #acknowledged = new WeakSet<GatedCall>();
  /** Those that the server will tell nothing. */
  readonly #declined = new WeakSet<GatedCall>();

  /** True where `call` is held until a login; its caller has heard that we listen. */
  hold(call: GatedCall): boolean {
    for (const waiting of this.#waiting) if (waiting.isOver) this.#waiting.delete(waiting);
    if (this.#waiting.size >= MOST_WAITING) return false;
    this.#waiting.add(call);
    this.#acknowledge(call);
    return true;
  }

  /** What the caller of `call` hears of the server's own acknowledgement; undefined: they have heard ours. */
  acknowledgedBy(call: GatedCall, said: Message): Message | undefined {
    if (honorsNothing(said) && listsIn(notificationsOf(call)).length > 0) {
      // What this server never changes for everybody, a login changes for one.
      this.#declined.add(call);
      this.#acknowledge(call);
    }
    return this.#acknowledged.has(call) ? undefined : said;
  }

  /** True where `call` is held though the server has ended it, because only logins could have been told of. */
  outlives(call: GatedCall): boolean {
    return this.#declined.delete(call) && this.hold(call);
  }

  #acknowledge(call: GatedCall): void {
    if (this.#acknowledged.has(call)) return;
    this.#acknowledged.add(call);
    // All that was asked for, because a login may bring it.
    call.tell(tagged(acknowledgement(recordOf(notificationsOf(call))), idOf(call)));
  }

  /** A login has been made, or has ended: tells all that everything may be different, and returns the requests to be passed on. */
  release(): readonly GatedCall[] {
    const released = [...this.#waiting].filter((call) => !call.isOver);
    this.#waiting.clear();
    for (const call of released) {
      for (const list of listsIn(notificationsOf(call))) {
        call.tell(tagged(notificationMessage(changedMethod(list)), idOf(call)));
      }
    }
    return released;
  }

  /** Takes out all that waits. */
  clear(): readonly GatedCall[] {
    const calls = [...this.#waiting];
    this.#waiting.clear();
    return calls;
  }
}

function honorsNothing({ params }: Message): boolean {
  return Object.values(recordOf(params.notifications)).every(
    (one) => one === false || (Array.isArray(one) && one.length === 0),
  );
}

function notificationsOf({ message }: GatedCall): unknown {
  return message.params.notifications;
}

function idOf({ message }: GatedCall): Id {
  return message.id as Id;
}
