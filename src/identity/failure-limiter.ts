/** Counts what may not happen too often, such as failed credentials of an address; beyond a limit the answer is 429 for a while. */
import { isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../errors.ts';

const WINDOW_MS = 60_000;
const MOST_FAILURES = 20;

export interface LimiterOptions {
  /** How often within a minute; default 20. */
  readonly most?: number;
  readonly clock?: { now(): number };
}

export class FailureLimiter {
  /** Bounded, so that an attacker with many addresses cannot fill the memory. */
  readonly #failures: LRUCache<string, { count: number }>;
  readonly #most: number;

  constructor({ most = MOST_FAILURES, clock = performance }: LimiterOptions = {}) {
    this.#most = most;
    this.#failures = new LRUCache({ max: 10_000, ttl: WINDOW_MS, ttlResolution: 0, perf: clock });
  }

  /** `text`: an address, alone or before a space and an account. */
  record(text: string): void {
    const key = keyOf(text);
    const entry = this.#failures.get(key);
    if (entry === undefined) this.#failures.set(key, { count: 1 });
    else entry.count += 1;
  }

  /** Counts one more; throws 429 where there were too many before. */
  count(key: string): void {
    this.refuseIfExceeded(key);
    this.record(key);
  }

  /** True when `key` was recorded too often within the last minute. */
  isExceeded(text: string): boolean {
    return (this.#failures.get(keyOf(text))?.count ?? 0) > this.#most;
  }

  /** Throws 429 when `key` was recorded too often within the last minute. */
  refuseIfExceeded(key: string): void {
    if (!this.isExceeded(key)) return;
    // Always the whole of it: how long an account waits that was guessed at before would tell that there is such an account.
    const seconds = WINDOW_MS / 1000;
    throw new GatewayError('too_many_attempts', 429, `Too many attempts. Try again in ${seconds} seconds.`, {
      headers: { 'retry-after': String(seconds) },
    });
  }
}

/**
 * What `text`, an address alone or before a space and an account, is counted under. One network of IPv6 (its first 64 bits)
 * is one address here: whoever has one of it has all.
 */
export function keyOf(text: string): string {
  const [address = '', ...rest] = text.split(' ');
  if (isIP(address) !== 6 || address.includes('.')) return text;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const network = [...before, ...zeros, ...after].slice(0, 4);
  return [network.map((group) => Number.parseInt(group, 16).toString(16)).join(':'), ...rest].join(' ');
}
