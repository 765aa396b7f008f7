/** Writes the object half of a node: members, which of them are needed, and what other members may be there. */
import { type Expansion, isForbidden, type Place } from './expansion.ts';
import { isRecord, type JsonSchema, own, recordOf, setOwn, stringsOf } from './json-schema.ts';
import { joinWords, TOO_LARGE } from './words.ts';

/** The members that were written. */
export interface Written {
  readonly properties: JsonSchema;
  /** Names of members that the schema forbids. */
  readonly barred: ReadonlySet<string>;
  /** False where the budget was used up before the last member. */
  readonly isWhole: boolean;
}

/** Adds `properties`, `required`, `additionalProperties` and the like to `out`, each only if the schema has it. */
export function addObjectKeywords(schema: JsonSchema, out: JsonSchema, below: Place, run: Expansion): void {
  const members = new Map(Object.entries(recordOf(own(schema, 'properties'))));
  const written = writeMembers(members, below, run);
  if (Object.keys(written.properties).length > 0) out.properties = written.properties;
  addRequired(stringsOf(own(schema, 'required')), written, out, run);
  addRest(own(schema, 'additionalProperties'), written, out, below, run);
  addPatterns(schema, out, below, run);
  const names = own(schema, 'propertyNames');
  if (isRecord(names)) out.propertyNames = run.expand(names, { ...below, inherited: ['string'] }, run);
}

/** The members of an object, as far as the budget reaches; those that the schema forbids are left out. */
export function writeMembers(members: ReadonlyMap<string, unknown>, below: Place, run: Expansion): Written {
  const properties: JsonSchema = {};
  const barred = new Set<string>();
  for (const [name, member] of members) {
    if (run.budget.isFull) return { properties, barred, isWhole: false };
    if (isForbidden(member, run)) {
      barred.add(name);
      continue;
    }
    // Once as a name and once as a title.
    if (!run.budget.takeValue(name) || !run.budget.takeValue(name)) return { properties, barred, isWhole: false };
    setOwn(properties, name, run.expand(member, below, run));
  }
  return { properties, barred, isWhole: true };
}

/** Adds `required`, without repeats, without what cannot be there, and without what was left out. */
export function addRequired(names: Iterable<string>, written: Written, out: JsonSchema, run: Expansion): void {
  const { properties, barred, isWhole } = written;
  const required = [...new Set(names)].filter(
    (name) => !barred.has(name) && (isWhole || Object.hasOwn(properties, name)) && run.budget.takeValue(name),
  );
  if (required.length > 0) out.required = required;
}

/** Adds what is said of members without a name; nothing where members with a name were left out. */
export function addRest(additional: unknown, written: Written, out: JsonSchema, below: Place, run: Expansion): void {
  if (!written.isWhole) out.description = joinWords(out.description, TOO_LARGE);
  else if (typeof additional === 'boolean') out.additionalProperties = additional;
  else if (isRecord(additional)) {
    out.additionalProperties = isForbidden(additional, run) ? false : run.expand(additional, below, run);
  }
}

function addPatterns(schema: JsonSchema, out: JsonSchema, below: Place, run: Expansion): void {
  const patterns: JsonSchema = {};
  for (const [pattern, member] of Object.entries(recordOf(own(schema, 'patternProperties')))) {
    if (run.budget.isFull || !run.budget.takeValue(pattern)) {
      // What matches a pattern that is left out is no additional member.
      delete out.additionalProperties;
      break;
    }
    if (!isForbidden(member, run)) setOwn(patterns, pattern, run.expand(member, below, run));
  }
  if (Object.keys(patterns).length > 0) out.patternProperties = patterns;
}
