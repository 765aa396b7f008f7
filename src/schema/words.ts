/** Schemas that stand for something which cannot be shown, and words for what some clients do not read. */
import type { Budget } from './budget.ts';
import { stringifyJson } from './json.ts';
import { type JsonSchema, type TypeName, typeOfValue } from './json-schema.ts';

const SCALARS: readonly JsonSchema[] = [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }];

/**
 * The schema for "anything". It names every type, because `{}` becomes a string in Open WebUI's converter,
 * and arrays in it have items, because some model providers refuse those without.
 */
export const ANYTHING: JsonSchema = {
  anyOf: [
    ...SCALARS,
    { type: 'object' },
    { type: 'array', items: { anyOf: [...SCALARS, { type: 'object' }, { type: 'null' }] } },
    { type: 'null' },
  ],
};

/** What stands where the budget ends. */
export const TOO_LARGE = 'Not described further: the schema is too large.';

const LENGTH_OF_ANYTHING = JSON.stringify(ANYTHING).length;

const MOST_VALUES = 50;
const LONGEST_VALUES = 1_000;

/** The schema for "anything", paid for. */
export function anything(budget: Budget): JsonSchema {
  budget.spend(LENGTH_OF_ANYTHING);
  return ANYTHING;
}

/** A schema for what is not shown further: the type is true, the rest is said in words. */
export function cut(types: readonly TypeName[], words: string, budget: Budget): JsonSchema {
  const [type = 'object', ...others] = types;
  budget.spend(words.length);
  if (others.length > 0) return { ...anything(budget), description: words };
  return type === 'array' ? { type, items: anything(budget), description: words } : { type, description: words };
}

/** `One of: "a", "b".`, for clients that drop `enum`; long lists end in an ellipsis. */
export function describeValues(values: readonly unknown[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const value of values.slice(0, MOST_VALUES)) {
    const text = stringifyJson(value ?? null);
    length += text.length;
    if (length > LONGEST_VALUES) break;
    shown.push(text);
  }
  if (shown.length === 0) return '';
  return `One of: ${shown.join(', ')}${shown.length < values.length ? ', ...' : ''}.`;
}

/** Two pieces of a description, either of which may be missing or already be in the other. */
export function joinWords(first: unknown, second: string): string {
  const text = typeof first === 'string' ? first.trimEnd() : '';
  if (second === '' || text.includes(second)) return text;
  return text === '' ? second : `${text} ${second}`;
}

/** The types of a list of values, without repeats. */
export function typesOfValues(values: readonly unknown[]): TypeName[] {
  const types = new Set(values.map(typeOfValue));
  if (types.has('number')) types.delete('integer');
  return [...types];
}
