/** Reads what an array schema says of its items, which every draft of JSON Schema writes differently. */
import { type JsonSchema, listOf, own } from './json-schema.ts';

/** What an array schema says of its items, in one form for all drafts. */
export interface ItemSchemas {
  /** The schemas of the first items, one each. */
  readonly prefix: readonly unknown[];
  /** The schema of the items after those; undefined when nothing is said. */
  readonly rest: unknown;
}

/** Reads `items`, `prefixItems` and `additionalItems` of any draft. */
export function itemsOf(schema: JsonSchema): ItemSchemas {
  const items = own(schema, 'items');
  if (Array.isArray(items)) return { prefix: items, rest: own(schema, 'additionalItems') };
  return { prefix: listOf(own(schema, 'prefixItems')), rest: items };
}
