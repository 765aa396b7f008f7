/** Compares and measures JSON values without ever going deeper than a stranger's value may be trusted to be. */
import { isRecord } from './json-schema.ts';

/** Values nested deeper than this are neither compared nor shown. */
const DEEPEST_VALUE = 60;

/** True when two JSON values are equal; a bigint equals the number of the same size. */
export function sameJson(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b) return true;
  if (depth > DEEPEST_VALUE) return false;
  if (typeof a === 'bigint' || typeof b === 'bigint') {
    // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number of the same size are one JSON number.
    return typeof a !== 'string' && typeof b !== 'string' && a == b;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameJson(item, b[index], depth + 1));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key], depth + 1))
  );
}

/**
 * About how many characters a value takes as JSON.
 * Out: undefined when it is longer than `limit` or nested too deeply to be written at all.
 */
export function jsonLength(value: unknown, limit: number): number | undefined {
  const queue: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  let length = 0;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (typeof next.value === 'string') length += next.value.length;
    length += 4;
    if (length > limit || next.depth > DEEPEST_VALUE) return undefined;
    if (typeof next.value !== 'object' || next.value === null) continue;
    for (const [key, child] of Object.entries(next.value)) {
      length += key.length;
      queue.push({ value: child, depth: next.depth + 1 });
    }
  }
  return length;
}
