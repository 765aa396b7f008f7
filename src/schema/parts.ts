/** Counts what one node of a schema consists of: what a look at it costs. */
import { isRecord, type JsonSchema } from './json-schema.ts';

/** Large schemas, and large objects in them, may be met at many places: each is counted once. */
const partsOfSchema = new WeakMap<object, number>();
const membersOf = new WeakMap<object, number>();

/** The keywords of a node, and the members or items that those have. In: a schema that nobody changes any more. */
export function partsOf(schema: JsonSchema): number {
  return remembered(schema, partsOfSchema, () => {
    let parts = 0;
    for (const value of Object.values(schema)) {
      parts += 1;
      if (Array.isArray(value)) parts += value.length;
      else if (isRecord(value)) parts += remembered(value, membersOf, () => Object.keys(value).length);
    }
    return parts;
  });
}

function remembered(record: object, counts: WeakMap<object, number>, count: () => number): number {
  const known = counts.get(record);
  if (known !== undefined) return known;
  const counted = count();
  counts.set(record, counted);
  return counted;
}
