/** Compiles the constraints of a schema with Ajv, and runs them only where that is sure to end soon. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { checkCost, isSmall } from './check-cost.ts';
import { effortOf } from './check-effort.ts';
import { checkSchema, withoutBigints } from './check-schema.ts';
import type { JsonSchema } from './json-schema.ts';

/** Ajv's faults with a coerced body; none when it is right, or when it cannot be checked. */
export type Checks = (value: unknown) => readonly ErrorObject[];

/** Nodes that may look at one value. */
const MOST_IN_PLACE = 2_000;
/** With so few looks at one part, and none of them twice at what is in it, a run is not longer than reading the body. */
const FEW_IN_PLACE = 4;
const FEW_LOOKS = 16;
/** Looks at all the parts of a body: about half a second. */
const MOST_LOOKS = 1_000_000;
/** In a body of more parts only the first fault is looked for: a list of all could be many times its size. */
const MOST_PARTS = 20_000;
/** The same for faults that there could be, each of which takes a microsecond and some hundred bytes. */
const MOST_FAULTS = 200_000;
/** A body of so few levels cannot overflow the stack, so it was the code made from the schema. */
const FEW_LEVELS = 50;

const OPTIONS = {
  strict: false,
  meta: false,
  validateSchema: false,
  validateFormats: false,
  addUsedSchema: false,
  logger: false,
  // A definition would be written out wherever it is referred to: a few kilobytes of schema become gigabytes of code.
  inlineRefs: false,
  // Above this a loop is written, not a line for each name, which takes a hundred times as long to compile.
  loopRequired: 20,
  // Its time grows with the square of a schema's size.
  code: { optimize: false },
} as const;

/**
 * The checks of a schema.
 * In: anything. Out: undefined when it cannot be compiled, or is too large; then coercion is all there is.
 */
export function compileChecks(schema: unknown): Checks | undefined {
  try {
    const copy = checkSchema(schema);
    const { inPlace, looks, perLevel } = checkCost(copy);
    if (inPlace > MOST_IN_PLACE) return undefined;
    return unlessOverflowing(runnable(copy, inPlace <= FEW_IN_PLACE && looks <= FEW_LOOKS && perLevel <= 1));
  } catch {
    // Whatever is wrong with the schema, it is the server's, and the server will check its arguments itself.
    return undefined;
  }
}

/** What cannot be checked is not held against the caller; a schema whose code overflows is not tried again. */
function unlessOverflowing(checks: Checks): Checks {
  let isBroken = false;
  return (value) => {
    if (isBroken) return [];
    try {
      return checks(value);
    } catch {
      isBroken = isSmall(value, FEW_LEVELS, Infinity);
      return [];
    }
  };
}

function runnable(copy: JsonSchema, isLight: boolean): Checks {
  const ownProperties = namesInherited(copy);
  const passes = new Ajv2020({ ...OPTIONS, ownProperties }).compile(copy);
  const affords = effortOf(copy);
  let findAll: ValidateFunction | undefined;
  return (value) => {
    if (!isLight && !affords(value, { looks: MOST_LOOKS, faults: Infinity })) return [];
    if (passes(value)) return [];
    // A bigint fails as an integer for Ajv, so the verdict is only final on a copy without them.
    const plain = withoutBigints(value);
    const canFindAll =
      isSmall(plain, Infinity, MOST_PARTS) && affords(plain, { looks: MOST_LOOKS, faults: MOST_FAULTS });
    if (!canFindAll) return passes(plain) ? [] : [...(passes.errors ?? [])];
    findAll ??= new Ajv2020({ ...OPTIONS, ownProperties, allErrors: true }).compile(copy);
    return findAll(plain) ? [] : [...(findAll.errors ?? [])];
  };
}

/** True when a member has a name that every object has: Ajv then has to look twice, which costs time. */
function namesInherited(copy: JsonSchema): boolean {
  const text = JSON.stringify(copy);
  return Object.getOwnPropertyNames(Object.prototype).some((name) => text.includes(JSON.stringify(name)));
}
