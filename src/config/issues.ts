/** zod's issues in our words; for servers those of mcpo. */

import type { z } from 'zod';
import { didYouMean } from './suggest.ts';
import type { Path } from './tree.ts';

type Issue = z.core.$ZodIssue;

/** What is wrong at which key. */
export interface Flaw {
  readonly path: Path;
  /** Begins with a verb: `must be a list`. */
  readonly text: string;
  readonly remedy?: string;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'a boolean',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** One flaw per key that is wrong; `input` is what was checked, `words` are for types that are to be called otherwise. */
export function flawsOf(error: z.ZodError, input: unknown, words: Readonly<Record<string, string>> = {}): Flaw[] {
  const types = { ...TYPES, ...words };
  return error.issues
    .flatMap((issue) => unfold(issue))
    .map((issue) => describe(issue, valueAt(input, pathOf(issue)), types));
}

/** Of a value that may be this or that, the issues inside the alternative that it is meant to be. */
function unfold(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const inside = issue.errors.find((issues) => issues.length > 0 && issues.every((inner) => inner.path.length > 0));
  return inside?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

function describe(issue: Issue, value: unknown, types: Readonly<Record<string, string>>): Flaw {
  const path = pathOf(issue);
  switch (issue.code) {
    case 'invalid_type': {
      if (value === undefined) return { path, text: 'is missing' };
      return { path, text: `must be ${types[issue.expected] ?? issue.expected}` };
    }
    case 'invalid_value': {
      const values = issue.values.map(String);
      const remedy = typeof value === 'string' ? didYouMean(value, values) : undefined;
      return { path, text: `must be one of ${values.join(', ')}`, ...(remedy === undefined ? {} : { remedy }) };
    }
    case 'too_small':
      if (issue.origin === 'string') return { path, text: issue.message };
      return { path, text: `must be ${issue.inclusive ? 'at least' : 'greater than'} ${issue.minimum}` };
    case 'too_big':
      return { path, text: `must be at most ${issue.maximum}` };
    case 'invalid_key':
      return { path, text: 'is not a valid name' };
    case 'custom': {
      const remedy: unknown = issue.params?.remedy;
      return { path, text: issue.message, ...(typeof remedy === 'string' ? { remedy } : {}) };
    }
    default:
      return { path, text: issue.message };
  }
}

function pathOf(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    input,
  );
}
