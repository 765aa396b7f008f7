/** Keys that nobody reads: most often a slip, sometimes another program's. */

import type { JsonSchema } from './json-schema.ts';
import type { Report } from './report.ts';
import { didYouMean } from './suggest.ts';
import type { ConfigNode, Path } from './tree.ts';

/** Warns of each unknown key at any depth; keys that start with `x-` are the user's own (anchors, notes). */
export function reportUnknownKeys(node: ConfigNode, schema: JsonSchema, path: Path, report: Report): void {
  if (node.kind === 'list') {
    for (const [index, item] of node.items.entries()) {
      if (schema.items) reportUnknownKeys(item, schema.items, [...path, index], report);
    }
  }
  const properties = (schema.anyOf?.find((option) => option.properties) ?? schema).properties;
  if (node.kind !== 'map' || properties === undefined) return;
  const known = Object.keys(properties);
  for (const [key, { value }] of node.entries) {
    const inner = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (inner !== undefined) reportUnknownKeys(value, inner, [...path, key], report);
    else if (!key.startsWith('x-')) {
      report.warning([...path, key], 'this key is unknown and has no effect', didYouMean(key, known));
    }
  }
}
