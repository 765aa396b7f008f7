/** Schemas that stand for something which cannot be shown, and words for what some clients do not read. */
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

const MOST_VALUES = 50;
const LONGEST_VALUES = 1_000;

/** A schema for what is not shown further: the type is true, the rest is said in words. */
export function cut(types: readonly TypeName[], words: string): JsonSchema {
  const [type = 'object', ...others] = types;
  if (others.length > 0) return { ...ANYTHING, description: words };
  return type === 'array' ? { type, items: ANYTHING, description: words } : { type, description: words };
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
