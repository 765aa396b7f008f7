/** The faults that a caller's arguments may have, in pydantic's words, because that is what callers of mcpo read. */
import { stringifyJson } from './json.ts';

/**
 * One fault, as it stands in `detail` of a 422 answer. `input` may hold a bigint: write it with `stringifyJson`, which
 * leaves it out where it is undefined, because it would make the answer too long.
 */
export interface ArgumentProblem {
  readonly type: string;
  /** `body`, then member names, numbers of items and, inside a union, the branch that was tried. */
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Record<string, unknown>;
}

/** A fault found on the way through a value; its places grow at the end while the recursion unwinds, and are turned round in the end. */
export interface Finding {
  readonly type: string;
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Record<string, unknown>;
  /** As in `ArgumentProblem.loc`, without `body`. */
  readonly loc: (string | number)[];
  /** The same without the branches of unions: where in the body it is. */
  readonly path: (string | number)[];
}

/** Type and message of the faults that need no context. */
const MESSAGES = {
  missing: 'Field required',
  string_type: 'Input should be a valid string',
  int_type: 'Input should be a valid integer',
  int_parsing: 'Input should be a valid integer, unable to parse string as an integer',
  int_parsing_size: 'Unable to parse input string as an integer, exceeded maximum size',
  int_from_float: 'Input should be a valid integer, got a number with a fractional part',
  float_type: 'Input should be a valid number',
  float_parsing: 'Input should be a valid number, unable to parse string as a number',
  finite_number: 'Input should be a finite number',
  bool_type: 'Input should be a valid boolean',
  bool_parsing: 'Input should be a valid boolean, unable to interpret input',
  list_type: 'Input should be a valid list',
  dict_type: 'Input should be a valid dictionary',
  none_required: 'Input should be None',
  model_attributes_type: 'Input should be a valid dictionary or object to extract fields from',
  recursion_loop: 'Input is nested too deeply',
} as const;

export type PlainFault = keyof typeof MESSAGES;

/** A fault without context, at the place where the value stands. */
export function fault(type: PlainFault, input: unknown): Finding {
  return { type, msg: MESSAGES[type], input, loc: [], path: [] };
}

/** The values of a list are told up to this many characters: all countries and all time zones are shorter. */
const LONGEST_LIST = 12_000;

/** What has been written of lists of values, which many values of one body may miss. */
const written = new WeakMap<readonly unknown[], string>();

/** The fault of a value that is not among those allowed, a list that never changes. */
export function literalFault(allowed: readonly unknown[], input: unknown): Finding {
  const expected = written.get(allowed) ?? pythonList(allowed);
  written.set(allowed, expected);
  return { type: 'literal_error', msg: `Input should be ${expected}`, input, ctx: { expected }, loc: [], path: [] };
}

/** What the caller reads. */
export function problemOf({ type, loc, msg, input, ctx }: Finding): ArgumentProblem {
  const at = ['body', ...loc];
  return ctx === undefined ? { type, loc: at, msg, input } : { type, loc: at, msg, input, ctx };
}

/** `'a', 'b' or 'c'`, as pydantic writes the values of a Literal; long lists end in an ellipsis. */
function pythonList(values: readonly unknown[]): string {
  const shown: string[] = [];
  let left = LONGEST_LIST;
  for (const value of values) {
    const text = pythonRepr(value);
    left -= text.length + 2;
    if (left < 0) return shown.length === 0 ? `${text.slice(0, LONGEST_LIST)}...` : `${shown.join(', ')}, ...`;
    shown.push(text);
  }
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} or ${last}`;
}

function pythonRepr(value: unknown): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value !== 'string') return stringifyJson(value ?? null);
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const text = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  return `${quote}${quote === "'" ? text.replaceAll("'", "\\'") : text}${quote}`;
}
