/** Rewrites a schema so that a document can carry it: true, finite, free of references, plain enough for weak clients. */

import { addAlternatives, foldSingle } from './alternatives.ts';
import { plainKeywords } from './annotations.ts';
import { addArrayKeywords } from './array-keywords.ts';
import { Budget } from './budget.ts';
import type { Expansion, Place } from './expansion.ts';
import { type JsonSchema, own, setOwn, type TypeName } from './json-schema.ts';
import { type NormalNode, normalize, payFor } from './normal.ts';
import { addObjectKeywords, addRequired, addRest, writeMembers } from './object-keywords.ts';
import { createResolver } from './refs.ts';
import { shapeOf } from './shape.ts';
import { decideTypes } from './types.ts';
import { anything, cut, TOO_LARGE } from './words.ts';

const RECURSIVE = 'Nested further in the same way.';

/**
 * A self-contained schema for documents.
 * In: anything that calls itself a schema. Out: a schema without `$ref`, without boolean schemas, of bounded size, in
 * which every node has a `type` or an `anyOf`. It never throws, and allows what the original allows. The budget is
 * shared by the schemas of one tool.
 */
export function selfContained(schema: unknown, budget = new Budget()): JsonSchema {
  return expand(schema, { depth: 0, above: [], inherited: [] }, begin(schema, budget));
}

/**
 * The same for a tool's arguments: always `type: object` with `properties`, and no `anyOf` and the like at the top.
 * Members that only an alternative describes are shown as optional ones.
 */
export function selfContainedObject(schema: unknown, budget = new Budget()): JsonSchema {
  const run = begin(schema, budget);
  const node = normalize(schema, run.resolve);
  const shape = shapeOf(node.schema, run.resolve);
  const place: Place = { depth: 1, above: [node.identity], inherited: [] };
  budget.spendLook(node.schema);
  const written = writeMembers(shape.properties, place, run);
  const { properties } = written;
  for (const name of shape.required) {
    if (!written.isWhole || shape.properties.has(name)) continue;
    if (budget.takeValue(name) && !budget.isFull) setOwn(properties, name, anything(budget));
  }
  const { title, description, examples } = plainKeywords(node.schema, run.budget);
  const words = Object.entries({ title, description, examples }).filter(([, value]) => value !== undefined);
  const out: JsonSchema = { type: 'object', ...Object.fromEntries(words), properties };
  addRequired(shape.required, written, out, run);
  addRest(shape.additional === true ? undefined : shape.additional, written, out, place, run);
  return out;
}

function begin(schema: unknown, budget: Budget): Expansion {
  const resolve = createResolver(schema);
  payFor(resolve, (steps) => budget.takeSteps(steps));
  return { resolve, budget, expand };
}

function expand(raw: unknown, place: Place, run: Expansion): JsonSchema {
  const plain = normalize(raw, run.resolve);
  run.budget.spendLook(plain.schema);
  const node = foldSingle(plain, run);
  const types = decideTypes(node.schema, place.inherited);
  if (place.above.includes(node.identity)) return cutNode(node, types, RECURSIVE, run);
  if (!run.budget.takeNode(place.depth)) return cutNode(node, types, TOO_LARGE, run);
  const out = plainKeywords(node.schema, run.budget);
  const below: Place = { depth: place.depth + 1, above: [...place.above, node.identity], inherited: [] };
  addAlternatives(node.schema, types, out, below, run);
  if (out.anyOf === undefined && types.length === 0) return { ...out, ...anything(run.budget) };
  if (out.anyOf === undefined && isMixed(types)) return { ...out, anyOf: eachType(node.schema, types, below, run) };
  if (types.length > 0) out.type = types.length === 1 ? types[0] : types;
  if (types.includes('object')) addObjectKeywords(node.schema, out, below, run);
  if (types.includes('array')) addArrayKeywords(node.schema, out, below, run);
  return out;
}

function cutNode(node: NormalNode, types: readonly TypeName[], words: string, run: Expansion): JsonSchema {
  const alternatives = own(node.schema, 'anyOf') ?? own(node.schema, 'oneOf');
  if (types.length === 0 && alternatives !== undefined) {
    return { ...anything(run.budget), description: words };
  }
  return cut(types, words, run.budget);
}

/** Clients look for `properties` and `items` only where the type is one name. */
function isMixed(types: readonly TypeName[]): boolean {
  return types.length > 1 && (types.includes('object') || types.includes('array'));
}

function eachType(schema: JsonSchema, types: readonly TypeName[], below: Place, run: Expansion): JsonSchema[] {
  return types.map((type) => {
    const out: JsonSchema = { type };
    if (type === 'object') addObjectKeywords(schema, out, below, run);
    if (type === 'array') addArrayKeywords(schema, out, below, run);
    return out;
  });
}
