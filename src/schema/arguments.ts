/** Checks the arguments of one tool: coerced as mcpo does, filled with defaults, then held against the schema. */
import { checkFindings } from './check-problems.ts';
import { type Checks, compileChecks } from './checks.ts';
import { type Coerce, MOST_FINDINGS, newRun, type Run, turnPlaces } from './coerce.ts';
import { isRecord } from './json-schema.ts';
import { normalize } from './normal.ts';
import { inSchemaOrder } from './order.ts';
import { planArguments } from './plan.ts';
import { type ArgumentProblem, type Finding, fault, problemOf } from './problems.ts';
import { createResolver } from './refs.ts';
import { jsonLength } from './same-json.ts';
import { shapeOf } from './shape.ts';

export type { ArgumentProblem } from './problems.ts';

/** Either the arguments to send or everything that is wrong with them, in schema order. */
export type CheckedArguments =
  | { readonly ok: true; readonly value: Record<string, unknown> }
  | { readonly ok: false; readonly problems: readonly ArgumentProblem[] };

/** The checker of one tool. */
export interface ArgumentChecker {
  /**
   * In: the parsed body; `undefined` stands for "no arguments". Never throws, never changes the body.
   * Out: new arguments, which may share parts with the body and with the schema's defaults: read them only.
   */
  check(body: unknown): CheckedArguments;
  /** False for a tool that names no arguments; a body that is no object is then ignored, as mcpo does. */
  readonly declaresProperties: boolean;
}

interface Compiled {
  readonly coerce: Coerce;
  readonly checks: Checks | undefined;
}

/**
 * Makes the checker of a tool; the schema is compiled when it is first needed.
 * In: the tool's input schema, whatever the server sent, and its name, which names branches of unions in faults.
 */
export function compileArguments(inputSchema: unknown, tool = 'tool'): ArgumentChecker {
  let compiled: Compiled | undefined;
  let declares: boolean | undefined;
  const declaresProperties = (): boolean => {
    declares ??= namesArguments(inputSchema);
    return declares;
  };
  return {
    get declaresProperties() {
      return declaresProperties();
    },
    check(body = {}) {
      if (!isRecord(body)) return declaresProperties() ? refuse([noObject(body)]) : { ok: true, value: {} };
      compiled ??= { coerce: planArguments(inputSchema, tool), checks: compileChecks(inputSchema) };
      return checkBody(body, compiled, inputSchema);
    },
  };
}

function namesArguments(schema: unknown): boolean {
  const resolve = createResolver(schema);
  return shapeOf(normalize(schema, resolve).schema, resolve).properties.size > 0;
}

function noObject(body: unknown): Finding {
  return fault(body === null ? 'missing' : 'model_attributes_type', body);
}

function checkBody(body: Record<string, unknown>, { coerce, checks }: Compiled, schema: unknown): CheckedArguments {
  const run: Run = newRun();
  try {
    const value = coerce(body, run);
    turnPlaces(run);
    const errors = checks?.(value) ?? [];
    if (run.findings.length === 0 && errors.length === 0) return accept(value);
    const findings = [...run.findings, ...checkFindings(errors, value, body, run.findings)];
    return findings.length === 0 ? accept(value) : refuse(inSchemaOrder(findings, schema));
  } catch {
    // Only a body nested so deeply that the stack overflows ends here.
    return refuse([fault('recursion_loop', null)]);
  }
}

function accept(value: unknown): CheckedArguments {
  return { ok: true, value: value as Record<string, unknown> };
}

/** The answer repeats the input of each fault, often that of the same object: more than this no client reads. */
const MOST_INPUT = 1_000_000;
/** The same of places and messages, which in a deep body are long too. */
const MOST_WORDS = 1_000_000;

/** The first fault is always told; of the others as many as fit. */
function refuse(findings: readonly Finding[]): CheckedArguments {
  const problems: ArgumentProblem[] = [];
  const fits = inputsThatFit();
  let words = 0;
  for (const finding of findings.slice(0, MOST_FINDINGS)) {
    words += wordsOf(finding);
    if (words > MOST_WORDS && problems.length > 0) break;
    const problem = problemOf(finding);
    // Without a value the member is not written.
    problems.push(fits(problem.input) ? problem : { ...problem, input: undefined });
  }
  return { ok: false, problems };
}

function inputsThatFit(): (input: unknown) => boolean {
  const lengths = new Map<unknown, number | undefined>();
  let left = MOST_INPUT;
  return (input) => {
    const known = lengths.has(input);
    const length = known ? lengths.get(input) : jsonLength(input, left);
    lengths.set(input, length);
    if (length !== undefined && length <= left) {
      left -= length;
      return true;
    }
    // Seeing that one does not fit takes time as well: with half of the room each time, it never sums up.
    if (!known) left /= 2;
    return false;
  };
}

function wordsOf({ loc, msg, ctx }: Finding): number {
  const places = loc.reduce<number>((sum, part) => sum + String(part).length + 1, 0);
  return places + msg.length * (ctx === undefined ? 1 : 2);
}
