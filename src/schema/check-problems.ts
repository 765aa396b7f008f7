/** Says Ajv's faults in pydantic's words, each once, and leaves out those that the caller cannot mend. */
import type { ErrorObject } from 'ajv/dist/2020.js';
import { type Path, Paths } from './check-paths.ts';
import { isRecord, own } from './json-schema.ts';
import { type Finding, fault, literalFault, type PlainFault } from './problems.ts';

const TYPE_FAULTS: Readonly<Record<string, PlainFault>> = {
  string: 'string_type',
  integer: 'int_type',
  number: 'float_type',
  boolean: 'bool_type',
  array: 'list_type',
  object: 'dict_type',
  null: 'none_required',
};

/** Several faults of Ajv may be one for the caller; beyond this many nobody reads them. */
const MOST_ERRORS = 2_000;
/** Characters in the places of all of them: faults in a deeply nested body, or one of long names, are fewer. */
const LONGEST_PATHS = 500_000;

/** Keywords that fail because others did, which say better what is wrong. */
const COMPOSITIONS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'if', 'not', '$ref']);

/**
 * Ajv's faults as findings.
 * In: the faults, the coerced value that has them, the body it was made from, and what coercion has found already.
 * Out: only what is new, and only what stands in the body, not what stands in a default of the schema.
 */
export function checkFindings(
  errors: readonly ErrorObject[],
  value: unknown,
  body: unknown,
  known: readonly Finding[],
): Finding[] {
  const findings: Finding[] = [];
  const placed = firstOf(errors).map((error) => ({ error, path: pathOf(error, value) }));
  const [places, found] = [placesOf(placed), new Paths()];
  for (const { path } of known) found.add(path);
  const seen = new Set<string>();
  for (const { error, path } of placed) {
    if (isExplained(error, path, places) || isSame(found, error, path) || isDefault(path, value, body)) continue;
    const finding = findingOf(error, path, inputAt(error, path, body));
    const key = JSON.stringify([finding.type, path, finding.msg]);
    if (!seen.has(key)) findings.push(finding);
    seen.add(key);
  }
  return findings;
}

function firstOf(errors: readonly ErrorObject[]): ErrorObject[] {
  const first: ErrorObject[] = [];
  let length = 0;
  for (const error of errors) {
    length += error.instancePath.length + (missingMember(error)?.length ?? 0);
    if (first.length > 0 && (first.length >= MOST_ERRORS || length > LONGEST_PATHS)) break;
    first.push(error);
  }
  return first;
}

interface Placed {
  readonly error: ErrorObject;
  readonly path: Path;
}

/** Where faults of some kinds are. */
interface Places {
  readonly unions: Paths;
  readonly plain: Paths;
  readonly notTypes: Paths;
}

function placesOf(placed: readonly Placed[]): Places {
  const places: Places = { unions: new Paths(), plain: new Paths(), notTypes: new Paths() };
  for (const { error, path } of placed) {
    if (/^(any|one)Of$/.test(error.keyword)) places.unions.add(path);
    if (COMPOSITIONS.has(error.keyword)) continue;
    places.plain.add(path);
    if (error.keyword !== 'type') places.notTypes.add(path);
  }
  return places;
}

/** Where the fault is; for a missing member where that member should be. */
function pathOf(error: ErrorObject, value: unknown): Path {
  const path: (string | number)[] = [];
  let at = value;
  for (const part of error.instancePath.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(at) ? Number(name) : name);
    at = step(at, name);
  }
  const missing = missingMember(error);
  return missing === undefined ? path : [...path, missing];
}

function missingMember(error: ErrorObject): string | undefined {
  const name: unknown = error.params.missingProperty;
  return (error.keyword === 'required' || error.keyword === 'dependentRequired') && typeof name === 'string'
    ? name
    : undefined;
}

function step(at: unknown, name: string | number): unknown {
  if (Array.isArray(at)) return at[Number(name)];
  return isRecord(at) ? own(at, String(name)) : undefined;
}

/**
 * True for the fault of a composition when a branch says more, and for the wrong type of a branch when another
 * branch had the right one.
 */
function isExplained({ keyword, params }: ErrorObject, path: Path, { unions, plain, notTypes }: Places): boolean {
  if (COMPOSITIONS.has(keyword)) return params.passingSchemas == null && keyword !== 'not' && plain.hasWithin(path);
  return keyword === 'type' && unions.has(path) && notTypes.hasWithin(path);
}

/** True when coercion has reported the place, or something inside a composition that fails for it. */
function isSame(found: Paths, error: ErrorObject, path: Path): boolean {
  return found.hasAround(path) || (COMPOSITIONS.has(error.keyword) && found.hasWithin(path));
}

/** True when the place lies in a default that was filled in: the caller never wrote it. */
function isDefault(path: Path, value: unknown, body: unknown): boolean {
  let [filled, given] = [value, body];
  for (const part of path) {
    filled = step(filled, part);
    given = step(given, part);
    if (filled !== undefined && given === undefined) return true;
  }
  return false;
}

function inputAt(error: ErrorObject, path: Path, body: unknown): unknown {
  const steps = missingMember(error) === undefined ? path : path.slice(0, -1);
  return steps.reduce(step, body);
}

function findingOf({ keyword, params, message }: ErrorObject, path: Path, input: unknown): Finding {
  const known = KNOWN[keyword]?.(params, input);
  const type = `json_schema_${keyword.split(' ')[0]}`;
  return { ...(known ?? { type, msg: capitalize(message ?? 'is invalid'), input }), loc: [...path], path: [...path] };
}

function capitalize(message: string): string {
  return `Input ${message}`;
}

type Words = (params: Record<string, unknown>, input: unknown) => Omit<Finding, 'loc' | 'path'> | undefined;

const KNOWN: Readonly<Record<string, Words>> = {
  required: (_params, input) => fault('missing', input),
  dependentRequired: (_params, input) => fault('missing', input),
  enum: ({ allowedValues }, input) => literalFault(Array.isArray(allowedValues) ? allowedValues : [], input),
  type: ({ type }, input) => {
    const [only, ...others] = Array.isArray(type) ? type : [type];
    const name = others.length === 0 ? TYPE_FAULTS[String(only)] : undefined;
    return name === undefined ? undefined : fault(name, input);
  },
  minimum: bound('greater_than_equal', 'ge', 'greater than or equal to'),
  maximum: bound('less_than_equal', 'le', 'less than or equal to'),
  exclusiveMinimum: bound('greater_than', 'gt', 'greater than'),
  exclusiveMaximum: bound('less_than', 'lt', 'less than'),
  multipleOf: ({ multipleOf }, input) => ({
    type: 'multiple_of',
    msg: `Input should be a multiple of ${multipleOf}`,
    input,
    ctx: { multiple_of: multipleOf },
  }),
  minLength: ({ limit }, input) => ({
    type: 'string_too_short',
    msg: `String should have at least ${count(limit, 'character')}`,
    input,
    ctx: { min_length: limit },
  }),
  maxLength: ({ limit }, input) => ({
    type: 'string_too_long',
    msg: `String should have at most ${count(limit, 'character')}`,
    input,
    ctx: { max_length: limit },
  }),
  minItems: ({ limit }, input) => listLength('too_short', 'at least', 'min_length', limit, input),
  maxItems: ({ limit }, input) => listLength('too_long', 'at most', 'max_length', limit, input),
};

function bound(type: string, key: string, words: string): Words {
  return ({ limit }, input) => ({ type, msg: `Input should be ${words} ${limit}`, input, ctx: { [key]: limit } });
}

function listLength(type: string, words: string, key: string, limit: unknown, input: unknown): ReturnType<Words> {
  const actual = Array.isArray(input) ? input.length : 0;
  return {
    type,
    msg: `List should have ${words} ${count(limit, 'item')} after validation, not ${actual}`,
    input,
    ctx: { field_type: 'List', [key]: limit, actual_length: actual },
  };
}

function count(limit: unknown, noun: string): string {
  return limit === 1 ? `1 ${noun}` : `${limit} ${noun}s`;
}
