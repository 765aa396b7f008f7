/** mcpo's table of scalar coercions (pydantic's lax mode): what a string, a number or a boolean may be read as. */
import { type Coerce, LAX, lower, type Run, report, STRICT } from './coerce.ts';
import { isRecord } from './json-schema.ts';
import { fault, type PlainFault } from './problems.ts';

const INTEGER_TEXT = /^[+-]?\d+(?:_\d+)*(?:\.0+)?$/;
const NUMBER_TEXT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE_TEXT = /^[+-]?(?:inf|infinity|nan)$/i;
/** Python reads no longer integers. */
const MOST_DIGITS = 4300;
/** No number needs more characters; a longer text, perhaps a whole file, is not read as one. */
const LONGEST_NUMBER = 10_000;

const TRUE_TEXTS: ReadonlySet<string> = new Set(['1', 'on', 't', 'true', 'y', 'yes']);
const FALSE_TEXTS: ReadonlySet<string> = new Set(['0', 'off', 'f', 'false', 'n', 'no']);
/** That of `false`. */
const LONGEST_WORD = 5;

function refuse(type: PlainFault, value: unknown, run: Run): unknown {
  report(run, fault(type, value));
  return value;
}

/** Any value; in a union it gives way to a branch that fits exactly. */
export const anything: Coerce = (value, run) => {
  lower(run, STRICT);
  return value;
};

/** Strings are never made of anything else. */
export const toText: Coerce = (value, run) => (typeof value === 'string' ? value : refuse('string_type', value, run));

/** Null only. */
export const toNull: Coerce = (value, run) => (value === null ? value : refuse('none_required', value, run));

/** Any array, unread. */
export const toList: Coerce = (value, run) => {
  if (!Array.isArray(value)) return refuse('list_type', value, run);
  if (value.length > 0) lower(run, STRICT);
  return value;
};

/** Any object, unread. */
export const toDictionary: Coerce = (value, run) => {
  if (!isRecord(value)) return refuse('dict_type', value, run);
  lower(run, STRICT);
  return value;
};

/** An integer, also from `"5"`, `"5.0"` and booleans; one that a number cannot hold exactly stays or becomes a bigint. */
export const toInteger: Coerce = (value, run) => {
  if (typeof value === 'number') return checkWhole(value, run);
  if (typeof value === 'bigint') return value;
  lower(run, LAX);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return refuse('int_type', value, run);
  return parseInteger(value, run);
};

function checkWhole(value: number, run: Run): unknown {
  if (Number.isInteger(value)) return value;
  return refuse(Number.isFinite(value) ? 'int_from_float' : 'finite_number', value, run);
}

function parseInteger(text: string, run: Run): unknown {
  if (text.length > MOST_DIGITS) return refuse('int_parsing_size', text, run);
  const trimmed = text.trim();
  if (!INTEGER_TEXT.test(trimmed)) return refuse('int_parsing', text, run);
  const digits = (trimmed.split('.')[0] ?? trimmed).replaceAll('_', '').replace(/^\+/, '');
  const value = Number(digits);
  if (Number.isSafeInteger(value)) return value + 0;
  // Reading a long one takes a while, and each branch of a union reads it again.
  run.work += digits.length;
  return BigInt(digits);
}

/** A number, also from `"1e2"` and booleans. What JSON cannot write, such as infinity, is refused. */
export const toNumber: Coerce = (value, run) => {
  if (typeof value === 'number') return checkFinite(value, value, run);
  if (typeof value === 'bigint') {
    lower(run, STRICT);
    return value;
  }
  lower(run, LAX);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return refuse('float_type', value, run);
  return parseNumber(value, run);
};

function checkFinite(number: number, input: unknown, run: Run): unknown {
  if (!Number.isFinite(number)) return refuse('finite_number', input, run);
  if (Number.isInteger(number)) lower(run, STRICT);
  return number;
}

function parseNumber(text: string, run: Run): unknown {
  if (text.length > LONGEST_NUMBER) return refuse('float_parsing', text, run);
  const trimmed = text.trim();
  const spaced = /^_|__|_$/.test(trimmed) ? trimmed : trimmed.replaceAll('_', '');
  if (NUMBER_TEXT.test(spaced)) return checkFinite(Number(spaced), text, run);
  return refuse(INFINITE_TEXT.test(trimmed) ? 'finite_number' : 'float_parsing', text, run);
}

/** A boolean, also from 1, 0 and the words for yes and no. */
export const toBoolean: Coerce = (value, run) => {
  if (typeof value === 'boolean') return value;
  lower(run, LAX);
  if (value === 1 || value === 0) return value === 1;
  if (typeof value === 'number') return refuse(Number.isSafeInteger(value) ? 'bool_parsing' : 'bool_type', value, run);
  if (typeof value === 'bigint')
    return refuse(BigInt.asIntN(64, value) === value ? 'bool_parsing' : 'bool_type', value, run);
  if (typeof value !== 'string') return refuse('bool_type', value, run);
  if (value.length > LONGEST_WORD) return refuse('bool_parsing', value, run);
  const word = value.toLowerCase();
  if (TRUE_TEXTS.has(word)) return true;
  return FALSE_TEXTS.has(word) ? false : refuse('bool_parsing', value, run);
};
