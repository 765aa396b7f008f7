/** Which JSON texts we read at all: a few megabytes of brackets take seconds to read, and gigabytes of memory. */
import type { GatewayError } from '../errors.ts';
import { badAnswer } from './wire.ts';

/** How deep a message may be nested: deeper than anybody's, and far less than what overflows a stack. */
export const MOST_DEPTH = 512;
/** Numbers, texts, lists and the like, all levels together. */
export const MOST_VALUES = 1_000_000;
/** Shorter texts hold little of anything. */
const HARMLESS_LENGTH = 2_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Of a JSON text; what is no JSON gets some answer, and is refused by whoever reads it. Takes time linear in the text. */
export function isBearable(text: string): boolean {
  if (text.length < HARMLESS_LENGTH) return true;
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      values += 1;
      if (depth > MOST_DEPTH || values > MOST_VALUES) return false;
    } else if (code === COMMA) {
      values += 1;
      if (values > MOST_VALUES) return false;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      depth -= 1;
    }
  }
  return true;
}

/** Where the string that begins at `start` ends. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
    if ((end - first) % 2 === 0) return end;
  }
  return text.length;
}

/** Whether a JSON text is an object with a `method`: no answer, whatever else it is. */
export function hasMethod(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (depth === 1 && text.startsWith('"method"', at) && /^\s*:/.test(text.slice(end + 1, end + 100))) return true;
      at = end;
    } else if (code === OPEN_OBJECT) {
      depth += 1;
    } else if (code === OPEN_LIST) {
      // What a batch holds is no key of the text itself.
      depth += depth === 0 ? 2 : 1;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      depth -= 1;
    }
  }
  return false;
}

/** What whoever waits for an answer that is not bearable is told. */
export function unbearable(): GatewayError {
  return badAnswer(
    `The answer is nested more than ${MOST_DEPTH} levels deep, or holds more than ${MOST_VALUES} values.`,
  );
}
