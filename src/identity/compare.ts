/** Comparison of secrets whose time tells nothing of what they hold. */
import { hash, timingSafeEqual } from 'node:crypto';

export function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Compares a presented secret with the digest of the expected one; its time tells nothing of their lengths, either. */
export function matchesDigest(presented: string, expected: Buffer): boolean {
  return timingSafeEqual(digest(presented), expected);
}

/**
 * For a secret that each request presents: compares what is presented with it, in a time that only its length and that of
 * what is presented have a part in. Far cheaper than a digest.
 */
export function secretMatcher(secret: string): (presented: string) => boolean {
  const expected = Buffer.from(secret);
  const shown = Buffer.alloc(expected.length);
  return (presented) => {
    // What is shorter ends in zeros, what is longer is cut: neither may count.
    shown.fill(0);
    shown.write(presented);
    const holdsTheSame = timingSafeEqual(shown, expected);
    return Buffer.byteLength(presented) === expected.length && holdsTheSame;
  };
}
