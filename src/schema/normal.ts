/** Brings one node of a schema into normal form: no `$ref` and no `allOf` at its own level, whatever they lead to. */
import { isRecord, type JsonSchema, listOf, own } from './json-schema.ts';
import { mergeSchemas } from './merge.ts';
import { partsOf } from './parts.ts';
import type { Resolver } from './refs.ts';

/** What a node says once its references and `allOf` are followed. */
export interface NormalNode {
  readonly schema: JsonSchema;
  /** The object of the document that it is, references followed: meeting it again below means recursion. */
  readonly identity: unknown;
  /** True for the schema `false`, which allows nothing. */
  readonly never: boolean;
}

/** More members of chained `$ref` and `allOf` than this are not joined. */
const MOST_MEMBERS = 200;

/** Parts of members that one document may have joined: many small nodes may each refer to one that is large. */
const MOST_JOINED = 500_000;

/** What is known of one document. */
interface Notes {
  readonly nodes: Map<unknown, NormalNode>;
  joined: number;
}

const notes = new WeakMap<Resolver, Notes>();

interface Gathering {
  readonly resolve: Resolver;
  readonly sources: Set<unknown>;
  readonly members: JsonSchema[];
  never: boolean;
}

/**
 * The normal form of one node.
 * In: anything at all, and the resolver of its document.
 * Out: a schema without `$ref` and `allOf` (its children are untouched); anything that is no schema says nothing: `{}`.
 */
export function normalize(raw: unknown, resolve: Resolver): NormalNode {
  const ofDocument = notes.get(resolve) ?? { nodes: new Map<unknown, NormalNode>(), joined: 0 };
  notes.set(resolve, ofDocument);
  const known = ofDocument.nodes.get(raw) ?? normalizeNew(raw, resolve, ofDocument);
  ofDocument.nodes.set(raw, known);
  return known;
}

function normalizeNew(raw: unknown, resolve: Resolver, ofDocument: Notes): NormalNode {
  const gathering: Gathering = { resolve, sources: new Set(), members: [], never: false };
  gather(raw, gathering);
  const { members, never } = gathering;
  const [first = {}, ...rest] = members;
  let schema = first;
  for (const member of rest) {
    ofDocument.joined += partsOf(schema) + partsOf(member);
    if (ofDocument.joined > MOST_JOINED) break;
    schema = mergeSchemas(schema, member);
  }
  return { schema, identity: identityOf(raw, resolve), never };
}

/** Collects the members from the outside in, so that a node's own words come before those of what it refers to. */
function gather(raw: unknown, into: Gathering): void {
  const pending: unknown[] = [raw];
  while (pending.length > 0 && into.members.length < MOST_MEMBERS) {
    const node = pending.shift();
    if (node === false) into.never = true;
    // A member that is met twice says nothing new, and this is what ends a circle.
    if (!isRecord(node) || into.sources.has(node)) continue;
    into.sources.add(node);
    const { $ref: _ref, allOf: _allOf, ...rest } = node;
    into.members.push(rest);
    const ref = own(node, '$ref');
    const target = typeof ref === 'string' ? [into.resolve(ref)] : [];
    pending.unshift(...target, ...listOf(own(node, 'allOf')).slice(0, MOST_MEMBERS));
  }
}

/** Where a chain of references ends; the node itself when it is none, or when the chain is a circle. */
function identityOf(raw: unknown, resolve: Resolver): unknown {
  const seen = new Set<unknown>();
  let node = raw;
  while (isRecord(node) && typeof node.$ref === 'string' && !seen.has(node)) {
    seen.add(node);
    const target = resolve(node.$ref);
    if (!isRecord(target)) return node;
    node = target;
  }
  return node;
}
