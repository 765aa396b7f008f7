/** Coercions with a choice: pydantic's smart union, null or something, one of a list of values. */
import { type Coerce, EXACT, isFull, isSpent, lower, MOST_FINDINGS, type Run, report } from './coerce.ts';
import { isContainer, isRecord } from './json-schema.ts';
import { type Finding, literalFault } from './problems.ts';
import { scalarKey } from './same-json.ts';

/** One branch of a union. */
export interface Branch {
  /** How faults name it: `int`, `list[str]`, the name of a component. */
  readonly label: string;
  readonly coerce: Coerce;
}

interface Success {
  readonly value: unknown;
  readonly exactness: number;
  readonly fields: number;
}

/** A body that makes unions try more branches than this is passed on as it is, for the server to judge. */
const MOST_STEPS = 100_000;
/** A fault in a branch that fails takes as long as looking at so many members. */
const WORK_OF_FAULT = 20;

/** The branch that the value fits best: exactly, else with the most members, else the first that it can be coerced to. */
export function unionOf(branches: readonly Branch[]): Coerce {
  return (value, run) => {
    if (isFull(run)) return value;
    const outer = { exactness: run.exactness, fields: run.fields };
    const failures: Finding[] = [];
    let best: Success | undefined;
    for (const branch of branches) {
      run.steps += 1;
      if (mustStop(run)) break;
      const success = tryBranch(branch, value, run, failures);
      if (success !== undefined && isBetter(success, best)) best = success;
      if (success?.exactness === EXACT && success.fields < 0) break;
    }
    run.exactness = outer.exactness;
    run.fields = outer.fields;
    if (best === undefined) {
      if (!mustStop(run)) for (const failure of failures) report(run, failure);
      return value;
    }
    lower(run, best.exactness);
    if (best.fields >= 0) run.fields = Math.max(run.fields, 0) + best.fields;
    return best.value;
  };
}

function mustStop(run: Run): boolean {
  return run.steps > MOST_STEPS || isSpent(run);
}

function tryBranch(branch: Branch, value: unknown, run: Run, failures: Finding[]): Success | undefined {
  const before = run.findings.length;
  run.exactness = EXACT;
  run.fields = -1;
  const result = branch.coerce(value, run);
  if (run.findings.length === before) return { value: result, exactness: run.exactness, fields: run.fields };
  const found = run.findings.splice(before);
  run.work += found.length * WORK_OF_FAULT;
  for (const failure of found.slice(0, MOST_FINDINGS - failures.length)) {
    failure.loc.push(branch.label);
    failures.push(failure);
  }
  return undefined;
}

function isBetter(success: Success, best: Success | undefined): boolean {
  if (best === undefined) return true;
  const bothCount = success.fields >= 0 && best.fields >= 0;
  if (bothCount && success.fields !== best.fields) return success.fields > best.fields;
  return success.exactness > best.exactness;
}

/** Null, or what `inner` takes. */
export function nullable(inner: Coerce): Coerce {
  return (value, run) => (value === null ? null : inner(value, run));
}

/** What `inner` takes, if it is then one of the values. Lists with objects or arrays in them are left to the checks. */
export function literal(inner: Coerce, values: readonly unknown[]): Coerce {
  if (values.some(isContainer)) return inner;
  const allowed = new Set(values.map(scalarKey));
  // Writing all values down takes long, and in a union most faults are dropped: so once, when first needed.
  let said: Finding | undefined;
  return (value, run) => {
    const before = run.findings.length;
    const coerced = inner(value, run);
    if (run.findings.length !== before || allowed.has(scalarKey(coerced))) return coerced;
    said ??= literalFault(values, value);
    report(run, { ...said, input: value, loc: [], path: [] });
    return value;
  };
}

/** What `inner` makes of objects; any other value as it is, because the schema does not ask for an object. */
export function ifObject(inner: Coerce): Coerce {
  return (value, run) => (isRecord(value) ? inner(value, run) : value);
}
