/** Puts faults in the order in which the schema names the members, whoever found them. */
import { itemsOf } from './items.ts';
import { own } from './json-schema.ts';
import { normalize } from './normal.ts';
import type { Finding } from './problems.ts';
import { createResolver, type Resolver } from './refs.ts';
import { shapeOf } from './shape.ts';

/** The findings in schema order; those at one place stay as they were. */
export function inSchemaOrder(findings: readonly Finding[], schema: unknown): Finding[] {
  if (findings.length < 2) return [...findings];
  const resolve = createResolver(schema);
  return findings
    .map((finding) => ({ finding, ranks: ranksOf(finding.path, schema, resolve) }))
    .sort((a, b) => compareRanks(a.ranks, b.ranks))
    .map(({ finding }) => finding);
}

/** For each step of the path the number of the member or item; the walk ends where the schema does not say. */
function ranksOf(path: readonly (string | number)[], schema: unknown, resolve: Resolver): number[] {
  const ranks: number[] = [];
  let at = schema;
  for (const part of path) {
    const node = normalize(at, resolve).schema;
    if (typeof part === 'number') {
      const { prefix, rest } = itemsOf(node);
      ranks.push(part);
      at = prefix[part] ?? rest ?? firstArray(node);
      continue;
    }
    const { properties, additional } = shapeOf(node, resolve);
    const rank = [...properties.keys()].indexOf(part);
    ranks.push(rank === -1 ? properties.size : rank);
    at = properties.get(part) ?? additional;
  }
  return ranks;
}

/** The items of a nullable array, which is the one alternative worth looking into. */
function firstArray(node: Record<string, unknown>): unknown {
  const alternatives = own(node, 'anyOf') ?? own(node, 'oneOf');
  const array = Array.isArray(alternatives) ? alternatives.find((branch) => own(Object(branch), 'items')) : undefined;
  return array === undefined ? undefined : itemsOf(array).rest;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
