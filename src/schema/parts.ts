/** Counts what one node of a schema consists of: what a look at it costs. */
import { isRecord, type JsonSchema } from './json-schema.ts';

/** The members of large objects, which many nodes may refer to, are counted once. */
const counts = new WeakMap<object, number>();

/** The keywords of a node, and the members or items that those have. */
export function partsOf(schema: JsonSchema): number {
  let parts = 0;
  for (const value of Object.values(schema)) {
    parts += 1;
    if (Array.isArray(value)) parts += value.length;
    else if (isRecord(value)) parts += countOf(value);
  }
  return parts;
}

function countOf(record: object): number {
  const known = counts.get(record);
  if (known !== undefined) return known;
  const count = Object.keys(record).length;
  counts.set(record, count);
  return count;
}
