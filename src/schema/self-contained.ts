/** Rewrites a schema so that a document can carry it: true, finite, free of references, plain enough for weak clients. */

import { addAlternatives, foldSingle } from './alternatives.ts';
import { plainKeywords } from './annotations.ts';
import { addArrayKeywords } from './array-keywords.ts';
import { Budget } from './budget.ts';
import type { Expansion, Place } from './expansion.ts';
import { type JsonSchema, own, setOwn, type TypeName } from './json-schema.ts';
import { type NormalNode, normalize } from './normal.ts';
import { addAdditional, addObjectKeywords, addRequired, writeMembers } from './object-keywords.ts';
import { createResolver } from './refs.ts';
import { shapeOf } from './shape.ts';
import { decideTypes } from './types.ts';
import { ANYTHING, cut } from './words.ts';

const RECURSIVE = 'Nested further in the same way.';
const TOO_LARGE = 'Not described further: the schema is too large.';

/**
 * A self-contained schema for documents.
 * In: anything that calls itself a schema. Out: a schema without `$ref`, without boolean schemas, of bounded size, in
 * which every node has a `type` or an `anyOf`. It never throws, and allows what the original allows.
 */
export function selfContained(schema: unknown): JsonSchema {
  return expand(schema, { depth: 0, above: [], inherited: [] }, begin(schema));
}

/**
 * The same for a tool's arguments: always `type: object` with `properties`, and no `anyOf` and the like at the top.
 * Members that only an alternative describes are shown as optional ones.
 */
export function selfContainedObject(schema: unknown): JsonSchema {
  const run = begin(schema);
  const node = normalize(schema, run.resolve);
  const shape = shapeOf(node.schema, run.resolve);
  const place: Place = { depth: 1, above: [node.identity], inherited: [] };
  const { properties, barred } = writeMembers(shape.properties, place, run);
  for (const name of shape.required) {
    if (!shape.properties.has(name)) setOwn(properties, name, ANYTHING);
  }
  const { title, description, examples } = plainKeywords(node.schema, run.budget);
  const words = Object.entries({ title, description, examples }).filter(([, value]) => value !== undefined);
  const out: JsonSchema = { type: 'object', ...Object.fromEntries(words), properties };
  addRequired(shape.required, barred, out);
  if (shape.additional !== true) addAdditional(shape.additional, out, place, run);
  return out;
}

function begin(schema: unknown): Expansion {
  return { resolve: createResolver(schema), budget: new Budget(), expand };
}

function expand(raw: unknown, place: Place, run: Expansion): JsonSchema {
  const node = foldSingle(normalize(raw, run.resolve), run);
  const types = decideTypes(node.schema, place.inherited);
  if (place.above.includes(node.identity)) return cutNode(node, types, RECURSIVE);
  if (!run.budget.takeNode(place.depth)) return cutNode(node, types, TOO_LARGE);
  const out = plainKeywords(node.schema, run.budget);
  const below: Place = { depth: place.depth + 1, above: [...place.above, node.identity], inherited: [] };
  addAlternatives(node.schema, types, out, below, run);
  if (out.anyOf === undefined && types.length === 0) return { ...out, ...ANYTHING };
  if (out.anyOf === undefined && isMixed(types)) return { ...out, anyOf: eachType(node.schema, types, below, run) };
  if (types.length > 0) out.type = types.length === 1 ? types[0] : types;
  if (types.includes('object')) addObjectKeywords(node.schema, out, below, run);
  if (types.includes('array')) addArrayKeywords(node.schema, out, below, run);
  return out;
}

function cutNode(node: NormalNode, types: readonly TypeName[], words: string): JsonSchema {
  const alternatives = own(node.schema, 'anyOf') ?? own(node.schema, 'oneOf');
  if (types.length === 0 && alternatives !== undefined) return { ...ANYTHING, description: words };
  return cut(types, words);
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
