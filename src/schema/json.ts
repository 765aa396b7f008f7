/** JSON in and out without losing integers beyond 2^53, at the speed of JSON.parse for all other texts. */
import { randomUUID } from 'node:crypto';
import { parse as parseLossless } from 'lossless-json';
import { messageOf } from '../errors.ts';
import { markLongIntegers, restoreLongIntegers } from './long-integers.ts';
import type { ArgumentProblem } from './problems.ts';

/** An integer literal of 16 digits or more; one inside a string matches too, which only costs time. */
const LONG_INTEGER = /(?:^|[[:,\s-])\d{16,}(?![\d.eE])/;

/**
 * The value of a JSON text; an integer that a number cannot hold exactly is a bigint.
 * Throws the SyntaxError of JSON.parse.
 */
export function parseJson(text: string): unknown {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text);
  // Nobody can guess it, so no string of the text begins with it.
  const mark = randomUUID();
  const marked = markLongIntegers(text, mark);
  if (marked === undefined) return JSON.parse(text);
  try {
    return restoreLongIntegers(JSON.parse(marked), mark);
  } catch {
    // What is wrong is said of the text as it came.
    return JSON.parse(text);
  }
}

/** The JSON text of a value that may hold bigints. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  const mark = randomUUID();
  const text = JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${mark}${one}` : one));
  return text.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

/**
 * What is told to a caller whose body is not JSON.
 * In: what `parseJson` threw, and the text where it is at hand (V8 does not always say where the fault is).
 */
export function jsonProblem(error: unknown, text?: string): ArgumentProblem {
  const message = messageOf(error);
  const offset = offsetIn(message) ?? (text === undefined ? undefined : findFault(text)) ?? 0;
  return {
    type: 'json_invalid',
    loc: ['body', offset],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: message },
  };
}

function offsetIn(message: string): number | undefined {
  // The last one: V8 quotes a piece of the text before it.
  const found = [...message.matchAll(/\bposition (\d+)/g)].at(-1);
  return found === undefined ? undefined : Number(found[1]);
}

const MOST_REREAD = 1_000_000;

/** Where V8 is silent the text is read again, which only small ones are worth. */
function findFault(text: string): number | undefined {
  if (text.length > MOST_REREAD) return undefined;
  try {
    parseLossless(text, null, { onDuplicateKey: ({ newValue }) => newValue });
    return undefined;
  } catch (error) {
    return offsetIn(messageOf(error));
  }
}

/** Without so many digits in a row there is no integer that JSON.parse could have rounded. */
const MANY_DIGITS = /\d{16}/;

/** What `text` says, with integers beyond 2^53 as bigints. `parsed`: what JSON.parse makes of it, which mostly is that. */
export function exactJson(text: string, parsed: unknown): unknown {
  return MANY_DIGITS.test(text) ? parseJson(text) : parsed;
}
