/**
 * Calls of stateless callers that wait, between two rounds, for what the server asked (2026-07-28, Multi Round-Trip
 * Requests): found again by a `requestState` that is random, works once, and only for the caller and the call it is about.
 */
import { randomBytes } from 'node:crypto';
import { hashOf } from '../../config/hash.ts';
import { type Message, unlessTooDeep } from '../../upstream/peer/message.ts';

const HOLD_MS = 5 * 60_000;
const MOST_PER_PEER = 100;
const MOST_PER_CALLER = 20;
const MOST_BYTES = 64 * 1024 * 1024;

export interface RoundLimits {
  readonly holdMs?: number;
  readonly mostPerPeer?: number;
  readonly mostPerCaller?: number;
  readonly mostBytes?: number;
}

/** Whose call it is, and which. */
export interface Owner {
  /** The key of the upstream session. */
  readonly peer: string;
  /** `principal.id`. */
  readonly caller: string;
}

/** A call that can wait. */
export interface Holdable {
  /** Nobody came back for it. */
  expire(): void;
}

interface Held<Call> {
  readonly call: Call;
  readonly owner: Owner;
  readonly fingerprint: string;
  readonly timer: NodeJS.Timeout;
}

export class Rounds<Call extends Holdable> {
  readonly #held = new Map<string, Held<Call>>();
  readonly #limits: Required<RoundLimits>;
  #bytes = 0;

  constructor(limits: RoundLimits = {}) {
    this.#limits = {
      holdMs: limits.holdMs ?? HOLD_MS,
      mostPerPeer: limits.mostPerPeer ?? MOST_PER_PEER,
      mostPerCaller: limits.mostPerCaller ?? MOST_PER_CALLER,
      mostBytes: limits.mostBytes ?? MOST_BYTES,
    };
  }

  get size(): number {
    return this.#held.size;
  }

  /** Keeps the call that `request` began under `state`; false where too many are kept, or the request is nested too deeply. */
  hold(state: string, call: Call, owner: Owner, request: Message): boolean {
    const mine = this.#count((held) => held.caller === owner.caller);
    const ofPeer = this.#count((held) => held.peer === owner.peer);
    if (mine >= this.#limits.mostPerCaller || ofPeer >= this.#limits.mostPerPeer) return false;
    const fingerprint = fingerprintOf(request);
    if (fingerprint === undefined) return false;
    const timer = setTimeout(() => {
      this.#held.delete(state);
      call.expire();
    }, this.#limits.holdMs).unref();
    this.#held.set(state, { call, owner, fingerprint, timer });
    return true;
  }

  /** The call that `request` goes on with, once; undefined for a state that is unknown, used, another's or another call's. */
  take(state: unknown, owner: Owner, request: Message): Call | undefined {
    if (typeof state !== 'string') return undefined;
    const held = this.#held.get(state);
    if (held === undefined || held.owner.caller !== owner.caller || held.owner.peer !== owner.peer) return undefined;
    if (held.fingerprint !== fingerprintOf(request)) return undefined;
    this.#held.delete(state);
    clearTimeout(held.timer);
    return held.call;
  }

  /** Counts what a call keeps; false where that would be too much for all calls together. */
  reserve(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limits.mostBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Gives up all that wait. */
  close(): void {
    for (const { call, timer } of this.#held.values()) {
      clearTimeout(timer);
      call.expire();
    }
    this.#held.clear();
  }

  #count(matches: (owner: Owner) => boolean): number {
    let count = 0;
    for (const { owner } of this.#held.values()) if (matches(owner)) count += 1;
    return count;
  }
}

/** A new state, which nobody can guess. */
export function newRequestState(): string {
  return randomBytes(32).toString('base64url');
}

/** What must be the same in each round; undefined for what is nested too deeply. */
function fingerprintOf({ method, params }: Message): string | undefined {
  const { _meta: _, inputResponses: __, requestState: ___, ...same } = params;
  return unlessTooDeep(() => hashOf([method, same]));
}
