/** Coercions of arrays and of objects with declared members: every part on its own, faults located, defaults filled in. */
import { type Coerce, isFull, isSpent, locate, lower, MOST_WORK, type Run, report, STRICT } from './coerce.ts';
import { isRecord, type JsonRecord, own, setOwn } from './json-schema.ts';
import { fault } from './problems.ts';
import { jsonLength } from './same-json.ts';

/** One declared member. */
export interface Field {
  readonly name: string;
  readonly coerce: Coerce;
  readonly required: boolean;
  /** What is sent when an optional member is not given; undefined for none. Shared, so never to be changed. */
  readonly fallback: unknown;
}

/** What happens to members that are not declared: kept, dropped, or coerced one by one. */
export type Additional = 'keep' | 'drop' | Coerce;

/** Names that an object has without owning them; reading these takes more care, which the others are spared. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** With more members than this, looking for those that an object does not have takes longer than listing what it has. */
const FEW_FIELDS = 32;

/** An array whose items are all of one kind; `prefix` has the kinds of the first items, if those differ. */
export function listOfKind(rest: Coerce, prefix: readonly Coerce[] = []): Coerce {
  return (value, run) => {
    if (!Array.isArray(value)) {
      report(run, fault('list_type', value));
      return value;
    }
    const out: unknown[] = [];
    run.work += value.length;
    for (let at = 0; at < value.length; at += 1) {
      const before = run.findings.length;
      out.push((prefix[at] ?? rest)(value[at], run));
      if (run.findings.length === before) continue;
      locate(run, before, at);
      if (isFull(run)) return value;
    }
    return out;
  };
}

/** An object with declared members: those in the order of the schema, then the others. */
export function objectOf(fields: readonly Field[], additional: Additional): Coerce {
  const guarded = fields.map(guard);
  const names: ReadonlyMap<string, Guarded> = new Map(guarded.map((field) => [field.name, field]));
  const awaited = guarded.filter((field) => field.required || field.fallback !== undefined);
  const required = guarded.filter((field) => field.required);
  return (value, run) => {
    if (!isRecord(value)) {
      report(run, fault(names.size > 0 ? 'model_attributes_type' : 'dict_type', value));
      return value;
    }
    const out: JsonRecord = {};
    let given = 0;
    const looksAtAll = guarded.length <= FEW_FIELDS && !isSpent(run);
    const expected = looksAtAll ? guarded : presentIn(value, names, isSpent(run) ? required : awaited);
    run.work += expected.length;
    for (const field of expected) {
      if (isFull(run)) return value;
      const member = field.inherited ? own(value, field.name) : value[field.name];
      if (member === undefined) {
        fillIn(field, value, out, run);
        continue;
      }
      given += 1;
      coerceMember(field, member, out, run);
    }
    if (additional !== 'drop' && Object.keys(value).length !== given) addOthers(value, names, additional, out, run);
    lower(run, STRICT);
    run.fields = Math.max(run.fields, 0) + given;
    return out;
  };
}

interface Guarded extends Field {
  /** Where the schema names it. */
  readonly rank: number;
  readonly inherited: boolean;
  /** Characters that the default adds to the arguments; measured when it is first needed. */
  readonly weight: () => number;
}

function guard(field: Field, rank: number): Guarded {
  let weight: number | undefined;
  const measure = (): number =>
    field.name.length + '"":'.length + (jsonLength(field.fallback, MOST_WORK) ?? Number.POSITIVE_INFINITY);
  return {
    ...field,
    rank,
    inherited: INHERITED.has(field.name),
    weight: () => {
      weight ??= measure();
      return weight;
    },
  };
}

/** The members that are given or awaited, in the order of the schema. */
function presentIn(
  value: JsonRecord,
  names: ReadonlyMap<string, Guarded>,
  awaited: readonly Guarded[],
): readonly Guarded[] {
  const given = Object.keys(value)
    .map((key) => names.get(key))
    .filter((field) => field !== undefined);
  if (given.length === 0) return awaited;
  return [...new Set([...given, ...awaited])].sort((a, b) => a.rank - b.rank);
}

function fillIn(field: Guarded, parent: JsonRecord, out: JsonRecord, run: Run): void {
  if (field.required) {
    report(run, { ...fault('missing', parent), loc: [field.name], path: [field.name] });
  } else if (field.fallback !== undefined && !isSpent(run)) {
    run.work += field.weight();
    if (!isSpent(run)) setOwn(out, field.name, field.fallback);
  }
}

function coerceMember(field: Field, member: unknown, out: JsonRecord, run: Run): void {
  const before = run.findings.length;
  const coerced = field.coerce(member, run);
  if (run.findings.length !== before) locate(run, before, field.name);
  // An optional member that may be null and is, is left out, as mcpo does; a required one must stay.
  else if (coerced === null && !field.required) return;
  setOwn(out, field.name, coerced);
}

function addOthers(
  value: JsonRecord,
  names: ReadonlyMap<string, unknown>,
  additional: Additional,
  out: JsonRecord,
  run: Run,
): void {
  const keys = Object.keys(value);
  run.work += keys.length;
  for (const key of keys) {
    if (names.has(key)) continue;
    if (typeof additional !== 'function') {
      setOwn(out, key, value[key]);
      continue;
    }
    const before = run.findings.length;
    setOwn(out, key, additional(value[key], run));
    if (run.findings.length !== before) locate(run, before, key);
    if (isFull(run)) return;
  }
}
