/** Writes the array half of a node: `items` always, tuples in a form for clients that know them and for those that do not. */
import { type Expansion, isForbidden, type Place } from './expansion.ts';
import { itemsOf } from './items.ts';
import { stringifyJson } from './json.ts';
import { isRecord, type JsonSchema, own } from './json-schema.ts';
import { anything } from './words.ts';

/** Adds `items`, and what else the schema says of the items, to `out`. */
export function addArrayKeywords(schema: JsonSchema, out: JsonSchema, below: Place, run: Expansion): void {
  const { prefix, rest } = itemsOf(schema);
  const closed = rest !== undefined && isForbidden(rest, run);
  if (closed && out.maxItems === undefined) out.maxItems = prefix.length;
  if (prefix.length > 0) addTuple(prefix, closed ? undefined : rest, out, below, run);
  else out.items = closed || rest === undefined ? anything(run.budget) : run.expand(rest, below, run);
  const contained = own(schema, 'contains');
  if (isRecord(contained)) out.contains = run.expand(contained, below, run);
}

/** A tuple: each place described in `prefixItems`, and in `items` all that an item may be. */
function addTuple(prefix: readonly unknown[], rest: unknown, out: JsonSchema, below: Place, run: Expansion): void {
  const places: JsonSchema[] = [];
  const kinds = new Map<string, JsonSchema>();
  for (const raw of rest === undefined || rest === true ? prefix : [...prefix, rest]) {
    if (run.budget.isSpent && places.length > 0) break;
    if (places.length < prefix.length) places.push(run.expand(raw, below, run));
    // Written anew instead of shared, so that the budget counts what the document will hold.
    const kind = run.expand(raw, { ...below, depth: below.depth + 1 }, run);
    const text = stringifyJson(kind);
    if (!kinds.has(text)) kinds.set(text, kind);
  }
  out.prefixItems = places;
  const [only, ...others] = kinds.values();
  out.items = others.length === 0 ? (only ?? anything(run.budget)) : { anyOf: [only, ...others] };
}
