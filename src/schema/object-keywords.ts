/** Writes the object half of a node: members, which of them are needed, and what other members may be there. */
import { type Expansion, isForbidden, type Place } from './expansion.ts';
import { isRecord, type JsonSchema, own, recordOf, setOwn, stringsOf } from './json-schema.ts';

/** Adds `properties`, `required`, `additionalProperties` and the like to `out`, each only if the schema has it. */
export function addObjectKeywords(schema: JsonSchema, out: JsonSchema, below: Place, run: Expansion): void {
  const members = new Map(Object.entries(recordOf(own(schema, 'properties'))));
  const { properties, barred } = writeMembers(members, below, run);
  if (Object.keys(properties).length > 0) out.properties = properties;
  addRequired(stringsOf(own(schema, 'required')), barred, out);
  addAdditional(own(schema, 'additionalProperties'), out, below, run);
  addPatterns(schema, out, below, run);
  const names = own(schema, 'propertyNames');
  if (isRecord(names)) out.propertyNames = run.expand(names, { ...below, inherited: ['string'] }, run);
}

/** The members of an object; those that the schema forbids are left out and their names given. */
export function writeMembers(
  members: ReadonlyMap<string, unknown>,
  below: Place,
  run: Expansion,
): { properties: JsonSchema; barred: ReadonlySet<string> } {
  const properties: JsonSchema = {};
  const barred = new Set<string>();
  for (const [name, member] of members) {
    if (isForbidden(member, run)) barred.add(name);
    else setOwn(properties, name, run.expand(member, below, run));
  }
  return { properties, barred };
}

/** Adds `required`, without repeats and without what cannot be there. */
export function addRequired(names: Iterable<string>, barred: ReadonlySet<string>, out: JsonSchema): void {
  const required = [...new Set(names)].filter((name) => !barred.has(name));
  if (required.length > 0) out.required = required;
}

/** Adds `additionalProperties`, the one place where a boolean may stay. */
export function addAdditional(additional: unknown, out: JsonSchema, below: Place, run: Expansion): void {
  if (typeof additional === 'boolean') out.additionalProperties = additional;
  else if (isRecord(additional)) {
    out.additionalProperties = isForbidden(additional, run) ? false : run.expand(additional, below, run);
  }
}

function addPatterns(schema: JsonSchema, out: JsonSchema, below: Place, run: Expansion): void {
  const patterns: JsonSchema = {};
  for (const [pattern, member] of Object.entries(recordOf(own(schema, 'patternProperties')))) {
    if (!isForbidden(member, run)) setOwn(patterns, pattern, run.expand(member, below, run));
  }
  if (Object.keys(patterns).length > 0) out.patternProperties = patterns;
}
