/** Brings one node of a schema into normal form: no `$ref` and no `allOf` at its own level, whatever they lead to. */
import { isRecord, type JsonSchema, listOf, own } from './json-schema.ts';
import { costOfMerge, mergeSchemas } from './merge.ts';
import type { Resolver } from './refs.ts';

/** What a node says once its references and `allOf` are followed. */
export interface NormalNode {
  readonly schema: JsonSchema;
  /** The object of the document that it is, references followed: meeting it again below means recursion. */
  readonly identity: unknown;
  /** True for the schema `false`, which allows nothing. */
  readonly never: boolean;
}

/** More members of chained `$ref` and `allOf` than this are not joined, nor followed to their end. */
const MOST_MEMBERS = 200;

/**
 * Links followed and parts joined for one document: many small nodes may each refer to one that is large, or to a long
 * chain. So many take about a quarter of a second; an honest schema with 4,000 references needs some 60,000.
 */
const MOST_STEPS = 500_000;

/** Pays for so many links and parts; false when it cannot, and then they are left out. */
export type Pay = (steps: number) => boolean;

/** What is known of one document. */
interface Notes {
  readonly nodes: Map<unknown, NormalNode>;
  readonly pay: Pay;
}

const notes = new WeakMap<Resolver, Notes>();

interface Gathering {
  readonly resolve: Resolver;
  readonly pay: Pay;
  readonly members: Set<JsonSchema>;
  never: boolean;
}

/** From now on the work on a document is also paid by its reader, who has many others to read. */
export function payFor(resolve: Resolver, pay: Pay): void {
  notes.set(resolve, beginNotes(pay));
}

/**
 * The normal form of one node.
 * In: anything at all, and the resolver of its document.
 * Out: a schema without `$ref` and `allOf` (its children are untouched); anything that is no schema says nothing: `{}`.
 */
export function normalize(raw: unknown, resolve: Resolver): NormalNode {
  const ofDocument = notes.get(resolve) ?? beginNotes();
  notes.set(resolve, ofDocument);
  const known = ofDocument.nodes.get(raw) ?? normalizeNew(raw, resolve, ofDocument.pay);
  ofDocument.nodes.set(raw, known);
  return known;
}

function beginNotes(payToo: Pay = () => true): Notes {
  let left = MOST_STEPS;
  const pay: Pay = (steps) => {
    left -= steps;
    return left >= 0 && payToo(steps);
  };
  return { nodes: new Map(), pay };
}

function normalizeNew(raw: unknown, resolve: Resolver, pay: Pay): NormalNode {
  const gathering: Gathering = { resolve, pay, members: new Set(), never: false };
  gather(raw, gathering);
  const [first = {}, ...rest] = gathering.members;
  let schema = withoutLinks(first);
  for (const member of rest) {
    if (!pay(costOfMerge(schema, member))) break;
    schema = mergeSchemas(schema, member);
  }
  return { schema, identity: identityOf(raw, resolve), never: gathering.never };
}

/** Collects the members from the outside in, so that a node's own words come before those of what it refers to. */
function gather(raw: unknown, into: Gathering): void {
  // The last one is the next.
  const pending: unknown[] = [raw];
  while (pending.length > 0 && into.members.size < MOST_MEMBERS) {
    const node = pending.pop();
    if (node === false) into.never = true;
    // A member that is met twice says nothing new, and this is what ends a circle.
    if (!isRecord(node) || into.members.has(node)) continue;
    into.members.add(node);
    const links = linksOf(node, into.resolve);
    if (links.length > 0 && !into.pay(links.length)) return;
    pending.push(...links.reverse());
  }
}

/** What a node refers to, in its order; each of them may be no schema. */
function linksOf(node: JsonSchema, resolve: Resolver): unknown[] {
  const ref = own(node, '$ref');
  const target = typeof ref === 'string' ? [resolve(ref)] : [];
  return [...target, ...listOf(own(node, 'allOf')).slice(0, MOST_MEMBERS)];
}

function withoutLinks(node: JsonSchema): JsonSchema {
  const { $ref: _ref, allOf: _allOf, ...rest } = node;
  return rest;
}

/** Where a chain of references ends; the node itself when it is none, or somewhere on it when it is a circle or too long. */
function identityOf(raw: unknown, resolve: Resolver): unknown {
  const seen = new Set<unknown>();
  let node = raw;
  while (isRecord(node) && typeof node.$ref === 'string' && !seen.has(node) && seen.size < MOST_MEMBERS) {
    seen.add(node);
    const target = resolve(node.$ref);
    if (!isRecord(target)) return node;
    node = target;
  }
  return node;
}
