/** JSON in and out without losing integers beyond 2^53, at the speed of JSON.parse for all other texts. */
import { parse as parseLossless, stringify as stringifyLossless } from 'lossless-json';
import { messageOf } from '../errors.ts';
import type { ArgumentProblem } from './problems.ts';

/** An integer literal of 16 digits or more; one inside a string matches too, which only costs time. */
const LONG_INTEGER = /(?:^|[[:,\s-])\d{16,}(?![\d.eE])/;
/** Longer literals cost more than they are worth: Python's limit. They become Infinity, which no check accepts. */
const MOST_DIGITS = 4300;

/**
 * The value of a JSON text; an integer that a number cannot hold exactly is a bigint.
 * Throws the SyntaxError of JSON.parse.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!LONG_INTEGER.test(text)) return value;
  try {
    return parseLossless(text, null, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
  } catch {
    // The text is valid, as JSON.parse has said; only one nested thousands deep overflows the recursive parser.
    return value;
  }
}

function parseNumber(literal: string): number | bigint {
  const value = Number(literal);
  if (Number.isSafeInteger(value) || literal.length > MOST_DIGITS || !/^-?\d+$/.test(literal)) return value;
  return BigInt(literal);
}

/** The JSON text of a value that may hold bigints. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    const text = error instanceof TypeError ? stringifyLossless(value) : undefined;
    if (text === undefined) throw error;
    return text;
  }
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
