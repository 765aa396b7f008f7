/** Counts what Ajv would do with one body, so that neither a hostile schema nor a hostile body can make it long. */
import { inPlaceChildren, looksOf, NAMES_A_LOOK, namesOf } from './check-cost.ts';
import { isContainer, isRecord, type JsonSchema, listOf, own, recordOf } from './json-schema.ts';

/** What a run may cost: looks of a node at a value, and faults that could be found. */
export interface Effort {
  readonly looks: number;
  readonly faults: number;
}

/** True when a run over the value is sure to cost no more. */
export type Affords = (value: unknown, most: Effort) => boolean;

/** What is known of a node before any value is. */
interface Facts {
  /** Beyond the one look and the one fault that are paid for on the way in. */
  readonly looks: number;
  readonly faults: number;
  /** Names that each may be missing. */
  readonly names: number;
  readonly inPlace: readonly JsonSchema[];
  readonly properties: readonly (readonly [string, unknown])[];
  /** How the parts of a value are compared with those of the objects and arrays in `enum`. */
  readonly parts: JsonSchema | undefined;
}

interface Count {
  looks: number;
  faults: number;
  readonly queue: { readonly value: unknown; readonly node: JsonSchema }[];
}

/** So many characters are counted in the time of one look. */
const CHARACTERS_A_LOOK = 64;

/**
 * The counter for a schema that `checkSchema` made. It goes through a value as Ajv does, but never turns back where
 * Ajv would, so it counts too much rather than too little; and it ends where there is too much.
 */
export function effortOf(schema: JsonSchema): Affords {
  const defs = recordOf(schema.$defs);
  const known = new Map<JsonSchema, Facts>();
  const factsOf = (node: JsonSchema): Facts => {
    const facts = known.get(node) ?? gather(node, defs);
    known.set(node, facts);
    return facts;
  };
  return (value, most) => {
    const count: Count = { ...most, queue: [] };
    look(value, schema, count);
    for (let next = count.queue.pop(); next !== undefined && !isSpent(count); next = count.queue.pop()) {
      const facts = factsOf(next.node);
      count.looks -= facts.looks;
      count.faults -= facts.faults;
      for (const child of facts.inPlace) look(next.value, child, count);
      if (typeof next.value === 'string') lookAtText(next.value, next.node, count);
      else if (Array.isArray(next.value)) lookAtItems(next.value, next.node, facts, count);
      else if (isRecord(next.value)) lookAtMembers(next.value, next.node, facts, count);
    }
    return !isSpent(count);
  };
}

function gather(node: JsonSchema, defs: JsonSchema): Facts {
  const isDeep = listOf(node.enum).some(isContainer);
  return {
    looks: looksOf(node) - 1,
    faults: Object.keys(node).length - 1,
    names: namesOf(node),
    inPlace: inPlaceChildren(node, defs),
    properties: Object.entries(recordOf(node.properties)),
    parts: isDeep ? valuesAlone(node) : undefined,
  };
}

/** Parts of parts are compared again: that is the same node, not a new one for each level. */
function valuesAlone(node: JsonSchema): JsonSchema {
  return Object.keys(node).length === 1 ? node : { enum: node.enum };
}

function isSpent({ looks, faults }: Count): boolean {
  return looks < 0 || faults < 0;
}

/** Pays for at least one look at once: the queue is never longer than what may be spent. */
function look(value: unknown, node: unknown, count: Count): void {
  if (node === undefined || node === true || isSpent(count)) return;
  count.looks -= 1;
  count.faults -= 1;
  if (isRecord(node)) count.queue.push({ value, node });
}

function lookAtText(text: string, node: JsonSchema, count: Count): void {
  // Characters are counted one by one.
  if (node.minLength !== undefined || node.maxLength !== undefined) count.looks -= text.length / CHARACTERS_A_LOOK;
}

function lookAtItems(items: readonly unknown[], node: JsonSchema, { parts }: Facts, count: Count): void {
  const prefix = listOf(node.prefixItems);
  for (const [at, child] of prefix.entries()) if (at < items.length) look(items[at], child, count);
  const all = [node.contains, parts].filter((child) => child !== undefined);
  if (node.items === undefined && all.length === 0) return;
  for (let at = 0; at < items.length && !isSpent(count); at += 1) {
    if (at >= prefix.length) look(items[at], node.items, count);
    for (const child of all) look(items[at], child, count);
  }
}

function lookAtMembers(value: JsonSchema, node: JsonSchema, facts: Facts, count: Count): void {
  count.faults -= facts.names;
  for (const [name, child] of facts.properties) if (Object.hasOwn(value, name)) look(own(value, name), child, count);
  const { additionalProperties: additional, propertyNames, minProperties, maxProperties } = node;
  const readsKeys = [additional, propertyNames, minProperties, maxProperties].some((keyword) => keyword !== undefined);
  if (!readsKeys && facts.parts === undefined) return;
  const keys = Object.keys(value);
  count.looks -= keys.length / NAMES_A_LOOK;
  if (additional === undefined && propertyNames === undefined && facts.parts === undefined) return;
  const properties = recordOf(node.properties);
  for (const key of keys) {
    if (isSpent(count)) return;
    if (!Object.hasOwn(properties, key)) look(value[key], additional, count);
    look(key, propertyNames, count);
    look(value[key], facts.parts, count);
  }
}
