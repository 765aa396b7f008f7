/** Comparison of secrets that takes the same time whatever they hold and however long they are. */
import { hash, timingSafeEqual } from 'node:crypto';

export function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Compares a presented secret with the digest of the expected one. */
export function matchesDigest(presented: string, expected: Buffer): boolean {
  return timingSafeEqual(digest(presented), expected);
}
