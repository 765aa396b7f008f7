/** Compares and measures JSON values without ever going deeper than a stranger's value may be trusted to be. */
import { isContainer, isNumeric, isRecord } from './json-schema.ts';

/** Values nested deeper than this are neither compared nor shown. */
const DEEPEST_VALUE = 60;

/** True when two JSON values are equal; a bigint equals the number of the same size. */
export function sameJson(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b) return true;
  if (depth > DEEPEST_VALUE) return false;
  if (typeof a === 'bigint' || typeof b === 'bigint') {
    // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number of the same size are one JSON number.
    return isNumeric(a) && isNumeric(b) && a == b;
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

/** How many bytes a string takes in JSON, with its quotes; undefined when they are sure to be more than `limit`. */
export function textLength(text: string, limit: number): number | undefined {
  if (text.length > limit) return undefined;
  return PLAIN.test(text) ? text.length + 2 : Buffer.byteLength(JSON.stringify(text));
}

/** Stands before what is no text, and before a text that begins with it. */
const MARK = '\0';

/**
 * What a set of JSON scalars knows one by: a bigint and a number of the same size are one JSON number, as in `sameJson`.
 * Numbers become texts, because V8 hashes those by a secret: numbers can be chosen so that a set becomes one long list.
 */
export function scalarKey(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? MARK + value : value;
  if (!isNumeric(value)) return value;
  return MARK + String(Number.isInteger(value) ? BigInt(value) : value);
}

/** An item and its comma. */
const SHORTEST_ITEM = 2;

/** Text that is written as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * About how many bytes a value takes as JSON.
 * Out: undefined when it is longer than `limit` or nested too deeply to be written at all.
 */
export function jsonLength(value: unknown, limit: number): number | undefined {
  const queue: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  let length = 0;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const own = typeof next.value === 'string' ? textLength(next.value, limit) : scalarLength(next.value);
    length += (own ?? Infinity) + 1;
    if (length > limit || next.depth > DEEPEST_VALUE) return undefined;
    if (!isContainer(next.value)) continue;
    const keys = Array.isArray(next.value) ? undefined : Object.keys(next.value);
    const count = keys?.length ?? (next.value as unknown[]).length;
    // A list of a million items is not queued to find out that it is too long.
    if (length + count * SHORTEST_ITEM > limit) return undefined;
    for (const key of keys ?? []) length += (textLength(key, limit) ?? Infinity) + 1;
    for (const child of Object.values(next.value)) queue.push({ value: child, depth: next.depth + 1 });
  }
  return length;
}

function scalarLength(value: unknown): number {
  return isContainer(value) ? 2 : String(value).length;
}
