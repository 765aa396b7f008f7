/** Copies a stranger's schema into one that Ajv can compile: known keywords of the right kind, references within itself. */

import { itemsOf } from './items.ts';
import {
  isNumeric,
  isRecord,
  type JsonRecord,
  type JsonSchema,
  listOf,
  own,
  recordOf,
  setOwn,
  stringsOf,
  typesOf,
} from './json-schema.ts';
import { createResolver, type Resolver } from './refs.ts';
import { scalarKey } from './same-json.ts';
import { hasProperties } from './shape.ts';

/** A larger or deeper schema is not compiled; its tool is checked by coercion alone. */
const MOST_NODES = 5_000;
const MOST_VALUES = 50_000;
const DEEPEST_LEVEL = 100;

/** Thrown when a schema is too large to be compiled. */
export class TooLarge extends Error {}

const COUNTS = [
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'minContains',
  'maxContains',
];
const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];
const SINGLE = ['not', 'if', 'then', 'else', 'contains', 'propertyNames'];
const ALTERNATIVES = ['anyOf', 'oneOf'];

interface Copying {
  readonly resolve: Resolver;
  /** References by what they point at, for nodes that may be closed and for nodes that may not. */
  readonly names: { readonly closed: Map<unknown, string>; readonly open: Map<unknown, string> };
  readonly pending: { readonly target: unknown; readonly name: string; readonly closed: boolean }[];
  nodes: number;
  values: number;
}

/**
 * The copy.
 * In: anything. Out: a draft 2020-12 schema whose only references are to its own `$defs`. Left out are `pattern`,
 * `patternProperties`, `format` and `uniqueItems`, which the server checks, and whatever makes no sense.
 * Throws `TooLarge`, and nothing else.
 */
export function checkSchema(schema: unknown): JsonSchema {
  const names = { closed: new Map<unknown, string>(), open: new Map<unknown, string>() };
  const copying: Copying = { resolve: createResolver(schema), names, pending: [], nodes: 0, values: 0 };
  const out = copyObject(recordOf(schema), 0, true, copying);
  const defs: JsonSchema = {};
  for (let next = copying.pending.pop(); next !== undefined; next = copying.pending.pop()) {
    defs[next.name] = copy(next.target, 0, next.closed, copying);
  }
  return { ...out, $defs: defs };
}

function copy(raw: unknown, depth: number, closed: boolean, copying: Copying): JsonSchema | boolean {
  if (isRecord(raw)) return copyObject(raw, depth, closed, copying);
  countNode(copying);
  return raw !== false;
}

/**
 * `closed` says whether `additionalProperties: false` is taken at its word. It is not where the members that the node
 * does not know belong to a node around it: strictly read such schemas allow nothing, which nobody means.
 */
function copyObject(raw: JsonRecord, depth: number, closed: boolean, copying: Copying): JsonSchema {
  countNode(copying);
  if (depth > DEEPEST_LEVEL) throw new TooLarge();
  const below = (child: unknown, mayClose = true): unknown => copy(child, depth + 1, mayClose, copying);
  const out: JsonSchema = {};
  copyNumbers(raw, out);
  copyTypeAndValues(raw, out, copying);
  copyReference(raw, out, closed, copying);
  copyAlternatives(raw, out, closed, below);
  copyMembers(raw, out, closed, below);
  countNames(out, copying);
  copyItems(raw, out, below);
  // OpenAPI's `nullable` beside a reference means the referenced schema or null.
  return own(raw, 'nullable') === true && out.type === undefined ? { anyOf: [{ type: 'null' }, out] } : out;
}

function countNode(copying: Copying): void {
  copying.nodes += 1;
  if (copying.nodes > MOST_NODES) throw new TooLarge();
}

type Below = (child: unknown, mayClose?: boolean) => unknown;

function copyNumbers(raw: JsonRecord, out: JsonSchema): void {
  for (const keyword of COUNTS) {
    const value = own(raw, keyword);
    if (isNumeric(value) && value >= 0 && Number.isInteger(Number(value))) out[keyword] = Number(value);
  }
  for (const keyword of BOUNDS) {
    const value = own(raw, keyword);
    if (isNumeric(value)) out[keyword] = Number(value);
  }
  const step = own(raw, 'multipleOf');
  if (isNumeric(step) && step > 0) out.multipleOf = Number(step);
  // Draft 4 wrote the bound in `minimum`.
  if (own(raw, 'exclusiveMinimum') === true && out.minimum !== undefined) moveBound(out, 'minimum', 'exclusiveMinimum');
  if (own(raw, 'exclusiveMaximum') === true && out.maximum !== undefined) moveBound(out, 'maximum', 'exclusiveMaximum');
}

function moveBound(out: JsonSchema, from: string, to: string): void {
  out[to] = out[from];
  delete out[from];
}

function copyTypeAndValues(raw: JsonRecord, out: JsonSchema, copying: Copying): void {
  const types = typesOf(raw);
  const orNull = own(raw, 'nullable') === true;
  if (types.length > 0) out.type = orNull && !types.includes('null') ? [...types, 'null'] : types;
  const values = Object.hasOwn(raw, 'const') ? [raw.const] : listOf(own(raw, 'enum'));
  copying.values += values.length;
  if (copying.values > MOST_VALUES) throw new TooLarge();
  if (values.length === 0) return;
  const plain = eachOnce(values.map((value) => withoutBigints(value, DEEPEST_LEVEL)));
  out.enum = orNull && !plain.includes(null) ? [...plain, null] : plain;
}

/** Objects and arrays may stand there twice. */
function eachOnce(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((value) => [scalarKey(value), value])).values()];
}

function copyReference(raw: JsonRecord, out: JsonSchema, closed: boolean, copying: Copying): void {
  const ref = own(raw, '$ref');
  const target = typeof ref === 'string' ? copying.resolve(ref) : undefined;
  if (!isRecord(target) && target !== false) return;
  const names = closed ? copying.names.closed : copying.names.open;
  const known = names.get(target);
  const name = known ?? `${closed ? 'c' : 'o'}${names.size}`;
  if (known === undefined) {
    names.set(target, name);
    copying.pending.push({ target, name, closed });
  }
  out.$ref = `#/$defs/${name}`;
}

function copyAlternatives(raw: JsonRecord, out: JsonSchema, closed: boolean, below: Below): void {
  const branchCloses = closed && !hasProperties(raw);
  for (const keyword of ALTERNATIVES) {
    const branches = listOf(own(raw, keyword)).map((branch) => below(branch, branchCloses));
    if (branches.length > 0) out[keyword] = branches;
  }
  const parts = listOf(own(raw, 'allOf')).map((part) => below(part, false));
  if (parts.length > 0) out.allOf = parts;
  for (const keyword of SINGLE) {
    const child = own(raw, keyword);
    if (isRecord(child) || child === false) out[keyword] = below(child, false);
  }
  if (out.if === undefined) {
    delete out.then;
    delete out.else;
  }
}

function copyMembers(raw: JsonRecord, out: JsonSchema, closed: boolean, below: Below): void {
  const members = copyMap(own(raw, 'properties'), below);
  if (members !== undefined) out.properties = members;
  const required = [...new Set(stringsOf(own(raw, 'required')))];
  if (required.length > 0) out.required = required;
  copyDependencies(raw, out, below);
  const additional = own(raw, 'additionalProperties');
  if (isRecord(additional)) out.additionalProperties = below(additional);
  else if (additional === false && closed && isAlone(raw)) out.additionalProperties = false;
  // Without patterns nobody can tell which members are additional; Ajv skips a member of this name.
  if (isRecord(own(raw, 'patternProperties')) || Object.hasOwn(recordOf(own(raw, 'properties')), '__proto__')) {
    delete out.additionalProperties;
  }
}

/** True when the node itself names all the members it knows. */
function isAlone(raw: JsonRecord): boolean {
  return !['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas'].some((keyword) => Object.hasOwn(raw, keyword));
}

function copyDependencies(raw: JsonRecord, out: JsonSchema, below: Below): void {
  const names: JsonSchema = {};
  const schemas: JsonSchema = {};
  for (const keyword of ['dependencies', 'dependentRequired', 'dependentSchemas']) {
    for (const [name, value] of Object.entries(recordOf(own(raw, keyword)))) {
      if (Array.isArray(value)) setOwn(names, name, [...new Set(stringsOf(value))]);
      else if (isRecord(value)) setOwn(schemas, name, below(value, false));
    }
  }
  if (Object.keys(names).length > 0) out.dependentRequired = names;
  if (Object.keys(schemas).length > 0) out.dependentSchemas = schemas;
}

/** Each name that may be missing becomes a line of code, in which all names that depend on the same member are told. */
function countNames(out: JsonSchema, copying: Copying): void {
  copying.values += listOf(out.required).length;
  for (const names of Object.values(recordOf(out.dependentRequired))) copying.values += 1 + listOf(names).length ** 2;
  if (copying.values > MOST_VALUES) throw new TooLarge();
}

function copyItems(raw: JsonRecord, out: JsonSchema, below: Below): void {
  const { prefix, rest } = itemsOf(raw);
  if (prefix.length > 0) out.prefixItems = prefix.map((item) => below(item));
  if (isRecord(rest) || rest === false) out.items = below(rest);
}

function copyMap(raw: unknown, below: Below): JsonSchema | undefined {
  if (!isRecord(raw)) return undefined;
  const out: JsonSchema = {};
  for (const [name, member] of Object.entries(raw)) setOwn(out, name, below(member));
  return out;
}

/** The same JSON value with numbers for bigints, which Ajv does not know. Throws when it is nested deeper than asked. */
export function withoutBigints(value: unknown, deepest = Infinity, depth = 0): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > deepest) throw new TooLarge();
  if (Array.isArray(value)) return value.map((item) => withoutBigints(item, deepest, depth + 1));
  const out: JsonRecord = {};
  for (const [key, member] of Object.entries(value)) setOwn(out, key, withoutBigints(member, deepest, depth + 1));
  return out;
}
