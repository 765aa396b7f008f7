/** Says of a schema, before there is a body, how often Ajv may look at one value. */
import { isContainer, isRecord, type JsonSchema, listOf, recordOf, stringsOf } from './json-schema.ts';

/** What a compiled check may cost. */
export interface CheckCost {
  /** Nodes that look at one value in place, through references, `anyOf` and the like; Infinity for a circle. */
  readonly inPlace: number;
  /** Of those, how many go on into the members or items of one and the same value: the factor per level. */
  readonly perLevel: number;
  /** As `inPlace`, but a node with long lists counts for more. */
  readonly looks: number;
}

interface Weight {
  readonly all: number;
  readonly looks: number;
  readonly object: number;
  readonly array: number;
}

const ENDLESS: Weight = { all: Infinity, looks: Infinity, object: Infinity, array: Infinity };
const OBJECT_KEYWORDS = ['properties', 'additionalProperties', 'propertyNames'];
const ARRAY_KEYWORDS = ['items', 'prefixItems', 'contains'];
/** So many values are compared, and so many names looked for, in the time of one look. */
const VALUES_A_LOOK = 32;
export const NAMES_A_LOOK = 8;

/** The cost of a schema that `checkSchema` made. */
export function checkCost(schema: JsonSchema): CheckCost {
  const weights = new Map<unknown, Weight>();
  const defs = recordOf(schema.$defs);
  let inPlace = 0;
  let looks = 0;
  let perLevel = 0;
  for (const node of allNodes(schema)) {
    const weight = weigh(node, defs, weights);
    inPlace = Math.max(inPlace, weight.all);
    looks = Math.max(looks, weight.looks);
    perLevel = Math.max(perLevel, weight.object, weight.array);
  }
  return { inPlace, looks, perLevel };
}

function weigh(node: JsonSchema, defs: JsonSchema, weights: Map<unknown, Weight>): Weight {
  const known = weights.get(node);
  if (known !== undefined) return known;
  // Met again before it is known: the node contains itself at the same place.
  weights.set(node, ENDLESS);
  let all = 1;
  let looks = looksOf(node);
  let object = OBJECT_KEYWORDS.some((keyword) => node[keyword] !== undefined) ? 1 : 0;
  let array = ARRAY_KEYWORDS.some((keyword) => node[keyword] !== undefined) ? 1 : 0;
  for (const child of inPlaceChildren(node, defs)) {
    const weight = weigh(child, defs, weights);
    all += weight.all;
    looks += weight.looks;
    if (allows(child, 'object')) object += weight.object;
    if (allows(child, 'array')) array += weight.array;
  }
  const weight = { all, looks, object, array };
  weights.set(node, weight);
  return weight;
}

/** How many looks a node takes at any value: one, and more for long lists of values or names. */
export function looksOf(node: JsonSchema): number {
  // Of `required` no more is looked for than is in the body, and the first that is missing.
  const names = Object.keys(recordOf(node.properties)).length + Object.keys(recordOf(node.dependentRequired)).length;
  return 1 + listOf(node.enum).length / VALUES_A_LOOK + names / NAMES_A_LOOK;
}

/** How many names a node may miss in an object. */
export function namesOf(node: JsonSchema): number {
  let names = listOf(node.required).length;
  for (const dependent of Object.values(recordOf(node.dependentRequired))) names += listOf(dependent).length;
  return names;
}

function allows(node: JsonSchema, type: string): boolean {
  return node.type === undefined || stringsOf(node.type).includes(type);
}

/** The nodes that look at the same value as this one. */
export function inPlaceChildren(node: JsonSchema, defs: JsonSchema): JsonSchema[] {
  const children = [node.not, node.if, node.then, node.else, ...Object.values(recordOf(node.dependentSchemas))];
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) for (const child of listOf(node[keyword])) children.push(child);
  if (typeof node.$ref === 'string') children.push(defs[node.$ref.slice('#/$defs/'.length)]);
  return children.filter(isRecord);
}

function allNodes(schema: JsonSchema): JsonSchema[] {
  const nodes: JsonSchema[] = [schema];
  for (let at = 0; at < nodes.length; at += 1) {
    for (const [keyword, value] of Object.entries(nodes[at] ?? {})) {
      // Values are no nodes, but a member may have that name.
      if (keyword === 'enum' && Array.isArray(value)) continue;
      const parts = Array.isArray(value) ? value : isRecord(value) ? [value] : [];
      for (const part of parts) if (isRecord(part)) nodes.push(part);
    }
  }
  return nodes;
}

/** True when a value is nested at most so deep and has at most so many parts. */
export function isSmall(value: unknown, deepest: number, mostParts: number): boolean {
  const queue: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  let parts = 0;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    parts += 1;
    if (next.depth > deepest || parts > mostParts) return false;
    if (!isContainer(next.value)) continue;
    const children = Object.values(next.value);
    // All that wait are parts too: a list of a million items is not queued to count them one by one.
    if (parts + queue.length + children.length > mostParts) return false;
    for (const child of children) queue.push({ value: child, depth: next.depth + 1 });
  }
  return true;
}
