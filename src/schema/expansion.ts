/** What is handed from node to node while a schema is rewritten for a document. */
import type { Budget } from './budget.ts';
import { isRecord, type JsonSchema, type TypeName } from './json-schema.ts';
import { normalize } from './normal.ts';
import type { Resolver } from './refs.ts';

/** One rewriting. */
export interface Expansion {
  readonly resolve: Resolver;
  readonly budget: Budget;
  /** Rewrites one node and all below it. */
  readonly expand: (raw: unknown, place: Place, run: Expansion) => JsonSchema;
}

/** Where a node stands. */
export interface Place {
  readonly depth: number;
  /** The nodes of the document above it: meeting one again is recursion. */
  readonly above: readonly unknown[];
  /** The types of the node whose alternative it is. */
  readonly inherited: readonly TypeName[];
}

/** True for the schema `false`, in whatever dress. */
export function isForbidden(raw: unknown, run: Expansion): boolean {
  return raw === false || (isRecord(raw) && normalize(raw, run.resolve).never);
}
