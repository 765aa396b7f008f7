/** Puts faults in the order in which the schema names the members, whoever found them. */
import { itemsOf } from './items.ts';
import { own } from './json-schema.ts';
import { normalize } from './normal.ts';
import type { Finding } from './problems.ts';
import { createResolver } from './refs.ts';
import { type ObjectShape, shapeOf } from './shape.ts';

/** One step down, and where the step stands among its like. */
interface Step {
  readonly rank: number;
  readonly to: unknown;
}

type StepInto = (schema: unknown, part: string | number) => Step;

/** The findings in schema order; those at one place stay as they were. */
export function inSchemaOrder(findings: readonly Finding[], schema: unknown): Finding[] {
  if (findings.length < 2) return [...findings];
  const step = stepper(schema);
  return findings
    .map((finding) => ({ finding, ranks: ranksOf(finding.path, schema, step) }))
    .sort((a, b) => compareRanks(a.ranks, b.ranks))
    .map(({ finding }) => finding);
}

/** For each step of the path the number of the member or item; the walk ends where the schema does not say. */
function ranksOf(path: readonly (string | number)[], schema: unknown, step: StepInto): number[] {
  let at = schema;
  return path.map((part) => {
    const { rank, to } = step(at, part);
    at = to;
    return rank;
  });
}

/** The members of an object are listed once, however many faults they have. */
function stepper(root: unknown): StepInto {
  const resolve = createResolver(root);
  const listed = new Map<unknown, (name: string) => Step>();
  return (schema, part) => {
    const node = normalize(schema, resolve).schema;
    if (typeof part === 'number') {
      const { prefix, rest } = itemsOf(node);
      return { rank: part, to: prefix[part] ?? rest ?? firstArray(node) };
    }
    const known = listed.get(schema) ?? listMembers(shapeOf(node, resolve));
    listed.set(schema, known);
    return known(part);
  };
}

function listMembers({ properties, additional }: ObjectShape): (name: string) => Step {
  const ranks = new Map([...properties.keys()].map((name, rank) => [name, rank]));
  return (name) => ({ rank: ranks.get(name) ?? properties.size, to: properties.get(name) ?? additional });
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
