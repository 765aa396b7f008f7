/** Coercions of arrays and of objects with declared members: every part on its own, faults located, defaults filled in. */
import { type Coerce, locate, lower, MOST_FINDINGS, type Run, STRICT } from './coerce.ts';
import { isRecord, type JsonRecord, own, setOwn } from './json-schema.ts';
import { fault } from './problems.ts';

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

/** An array whose items are all of one kind; `prefix` has the kinds of the first items, if those differ. */
export function listOfKind(rest: Coerce, prefix: readonly Coerce[] = []): Coerce {
  return (value, run) => {
    if (!Array.isArray(value)) {
      run.findings.push(fault('list_type', value));
      return value;
    }
    const out: unknown[] = [];
    for (let at = 0; at < value.length; at += 1) {
      const before = run.findings.length;
      out.push((prefix[at] ?? rest)(value[at], run));
      if (run.findings.length === before) continue;
      locate(run, before, at);
      if (run.findings.length > MOST_FINDINGS) return value;
    }
    return out;
  };
}

/** An object with declared members: those in the order of the schema, then the others. */
export function objectOf(fields: readonly Field[], additional: Additional): Coerce {
  const guarded = fields.map((field) => ({ ...field, inherited: INHERITED.has(field.name) }));
  const names: ReadonlySet<string> = new Set(fields.map((field) => field.name));
  return (value, run) => {
    if (!isRecord(value)) {
      run.findings.push(fault(names.size > 0 ? 'model_attributes_type' : 'dict_type', value));
      return value;
    }
    const out: JsonRecord = {};
    let given = 0;
    for (const field of guarded) {
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

function fillIn(field: Field, parent: JsonRecord, out: JsonRecord, run: Run): void {
  if (field.required) {
    run.findings.push({ ...fault('missing', parent), loc: [field.name], path: [field.name] });
  } else if (field.fallback !== undefined) {
    setOwn(out, field.name, field.fallback);
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
  names: ReadonlySet<string>,
  additional: Additional,
  out: JsonRecord,
  run: Run,
): void {
  for (const key of Object.keys(value)) {
    if (names.has(key)) continue;
    if (typeof additional !== 'function') {
      setOwn(out, key, value[key]);
      continue;
    }
    const before = run.findings.length;
    setOwn(out, key, additional(value[key], run));
    if (run.findings.length !== before) locate(run, before, key);
    if (run.findings.length > MOST_FINDINGS) return;
  }
}
