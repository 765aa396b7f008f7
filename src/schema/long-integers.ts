/** Integers beyond 2^53 on their way through JSON.parse: as strings with a mark before it, as bigints after it. */

const QUOTE = 34;
const BACKSLASH = 92;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const POINT = 46;
const PLUS = 43;
const SMALL_E = 101;
const LARGE_E = 69;

/** Shorter ones a number holds exactly. */
const FEWEST_DIGITS = 16;
/** Longer literals cost more than they are worth: Python's limit. They become Infinity, which no check accepts. */
const MOST_DIGITS = 4300;
const INTEGER = /^-?[1-9]\d*$/;
/** A number is a value, never a key. */
const ENDS_VALUE = /\s*(?:[,\]}]|$)/y;

/**
 * The text with `mark` before each integer that a number cannot hold exactly, both in quotes; undefined: there is none.
 * A text that is no JSON stays none. One pass, without recursion: whole bodies of strangers come here.
 */
export function markLongIntegers(text: string, mark: string): string | undefined {
  const parts: string[] = [];
  let done = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at);
      const literal = end - at < FEWEST_DIGITS ? '' : text.slice(at, end);
      if (isTooLong(literal) && matchesAt(ENDS_VALUE, text, end)) {
        parts.push(text.slice(done, at), `"${mark}${literal}"`);
        done = end;
      }
      at = end - 1;
    }
  }
  if (parts.length === 0) return undefined;
  return parts.join('') + text.slice(done);
}

/** Puts bigints where `markLongIntegers` left its mark; changes `value`. Of nesting it bears as much as JSON.parse. */
export function restoreLongIntegers(value: unknown, mark: string): unknown {
  const root = [value];
  const waiting: object[] = [root];
  const restored = (one: unknown): unknown => {
    if (typeof one === 'string') return one.startsWith(mark) ? BigInt(one.slice(mark.length)) : one;
    if (typeof one === 'object' && one !== null) waiting.push(one);
    return one;
  };
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (Array.isArray(node)) restoreItems(node, restored);
    else restoreMembers(node as Record<string, unknown>, restored);
  }
  return root[0];
}

/** By index: the keys of an array are as many strings. */
function restoreItems(items: unknown[], restored: (one: unknown) => unknown): void {
  for (let at = 0; at < items.length; at += 1) {
    const one = items[at];
    const other = restored(one);
    if (other !== one) items[at] = other;
  }
}

function restoreMembers(members: Record<string, unknown>, restored: (one: unknown) => unknown): void {
  for (const key of Object.keys(members)) {
    const one = members[key];
    const other = restored(one);
    if (other !== one) members[key] = other;
  }
}

function isTooLong(literal: string): boolean {
  return literal.length <= MOST_DIGITS && INTEGER.test(literal) && !Number.isSafeInteger(Number(literal));
}

function endOfNumber(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && isOfNumber(text.charCodeAt(at))) at += 1;
  return at;
}

function matchesAt(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** Of its closing quote. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Digits, and what stands between them in a fraction or an exponent. */
function isOfNumber(code: number): boolean {
  return isDigit(code) || code === MINUS || code === POINT || code === PLUS || code === SMALL_E || code === LARGE_E;
}
