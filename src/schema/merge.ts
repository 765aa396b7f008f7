/** Joins two schemas that must both hold into one, at one level: what `allOf`, and a `$ref` with siblings, mean. */
import {
  isContainer,
  isNumeric,
  isRecord,
  type JsonSchema,
  listOf,
  own,
  recordOf,
  setOwn,
  stringsOf,
  typesOf,
} from './json-schema.ts';
import { partsOf } from './parts.ts';
import { jsonLength, sameJson, scalarKey } from './same-json.ts';

type Join = (first: unknown, second: unknown) => unknown;

const larger: Join = (a, b) => (isLess(a, b) ? b : a);
const smaller: Join = (a, b) => (isLess(b, a) ? b : a);

const pairs = new WeakMap<object, WeakMap<object, unknown>>();

/**
 * Two schemas for one place: both hold, which is left to the level below.
 * One pair always gives one object, so that recursion through a pair is recognised.
 */
function both(a: unknown, b: unknown): unknown {
  if (a === b) return a;
  if (!isRecord(a) || !isRecord(b)) return { allOf: [a, b] };
  const ofFirst = pairs.get(a) ?? new WeakMap<object, unknown>();
  pairs.set(a, ofFirst);
  const pair = ofFirst.get(b) ?? { allOf: [a, b] };
  ofFirst.set(b, pair);
  return pair;
}

function isLess(a: unknown, b: unknown): boolean {
  return isNumeric(a) && isNumeric(b) && a < b;
}

/** How a keyword that both schemas have is joined; where nothing stands, the first schema's value is kept. */
const JOINS: Readonly<Record<string, Join>> = {
  minimum: larger,
  exclusiveMinimum: larger,
  minLength: larger,
  minItems: larger,
  minProperties: larger,
  maximum: smaller,
  exclusiveMaximum: smaller,
  maxLength: smaller,
  maxItems: smaller,
  maxProperties: smaller,
  uniqueItems: (a, b) => a === true || b === true,
  required: (a, b) => [...new Set([...stringsOf(a), ...stringsOf(b)])],
  properties: mergeMembers,
  patternProperties: mergeMembers,
  items: (a, b) => (isRecord(a) && isRecord(b) ? both(a, b) : a),
  additionalProperties: (a, b) => (a === false || b === false ? false : isRecord(a) && isRecord(b) ? both(a, b) : a),
  enum: commonValues,
};

/** Characters of lists and objects that the values of two `enum` are compared with; above it the first is kept. */
const MOST_COMPARED = 10_000;

/** What it takes to join two schemas, in parts: a large one may be joined again and again. */
export function costOfMerge(first: JsonSchema, second: JsonSchema): number {
  return partsOf(first) + partsOf(second) + (comparisons(own(first, 'enum'), own(second, 'enum')) ?? 0);
}

/** Characters to compare: every list or object with every other; undefined when they are too many. */
function comparisons(first: unknown, second: unknown): number | undefined {
  const [a, b] = [containersOf(first), containersOf(second)];
  if (a.length === 0 || b.length === 0) return 0;
  const length = jsonLength(b, MOST_COMPARED / a.length);
  return length === undefined ? undefined : length * a.length;
}

function containersOf(values: unknown): unknown[] {
  return listOf(values).filter(isContainer);
}

/** Keywords that the caller has followed. */
const LINKS: ReadonlySet<string> = new Set(['$ref', 'allOf']);

/**
 * One schema that says what both say, as far as one level can.
 * In: two schemas; the first one's words (title, description, default) win.
 * Out: a new schema without the `$ref` and `allOf` of either; members that both describe become an `allOf` one level down.
 */
export function mergeSchemas(first: JsonSchema, second: JsonSchema): JsonSchema {
  const merged: JsonSchema = {};
  for (const [key, value] of Object.entries(first)) {
    if (LINKS.has(key)) continue;
    const join = Object.hasOwn(second, key) && Object.hasOwn(JOINS, key) ? JOINS[key] : undefined;
    setOwn(merged, key, join === undefined ? value : join(value, second[key]));
  }
  for (const [key, value] of Object.entries(second)) {
    if (!Object.hasOwn(merged, key) && !LINKS.has(key)) setOwn(merged, key, value);
  }
  const type = commonType(first, second);
  if (type !== undefined) merged.type = type;
  return merged;
}

function mergeMembers(first: unknown, second: unknown): JsonSchema {
  const merged: JsonSchema = {};
  const [a, b] = [recordOf(first), recordOf(second)];
  for (const [key, value] of Object.entries(a)) {
    setOwn(merged, key, Object.hasOwn(b, key) ? both(value, own(b, key)) : value);
  }
  for (const [key, value] of Object.entries(b)) {
    if (!Object.hasOwn(a, key)) setOwn(merged, key, value);
  }
  return merged;
}

function commonValues(first: unknown, second: unknown): unknown {
  if (!Array.isArray(first) || !Array.isArray(second)) return Array.isArray(first) ? first : second;
  if (comparisons(first, second) === undefined) return first;
  const scalars = new Set(second.map(scalarKey));
  const containers = containersOf(second);
  return first.filter((value) =>
    isContainer(value) ? containers.some((other) => sameJson(value, other)) : scalars.has(scalarKey(value)),
  );
}

/** The types that both allow; the first's where they have none in common. Undefined when neither names one. */
function commonType(first: JsonSchema, second: JsonSchema): unknown {
  const [a, b] = [typesOf(first), typesOf(second)];
  if (a.length === 0 || b.length === 0) return single(a.length === 0 ? b : a);
  const common = a.filter((name) => b.includes(name) || (name === 'integer' && b.includes('number')));
  if (a.includes('number') && b.includes('integer') && !common.includes('integer')) common.push('integer');
  return single(common.length === 0 ? a : common);
}

function single(names: readonly string[]): unknown {
  return names.length > 1 ? [...names] : names[0];
}
