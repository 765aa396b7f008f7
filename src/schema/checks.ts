/** Compiles the constraints of a schema with Ajv, and runs them only where that is sure to end soon. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { checkCost, isSmall } from './check-cost.ts';
import { checkSchema, withoutBigints } from './check-schema.ts';
import type { JsonSchema } from './json-schema.ts';

/** Ajv's faults with a coerced body; none when it is right, or when it cannot be checked. */
export type Checks = (value: unknown) => readonly ErrorObject[];

/** Nodes that may look at one value. */
const MOST_IN_PLACE = 2_000;
/** How often one part of a body may be looked at, over all levels. */
const MOST_LOOKS = 100_000;
/** In a body of more parts only the first fault is looked for: a list of all could be many times its size. */
const MOST_PARTS = 20_000;

const OPTIONS = {
  strict: false,
  meta: false,
  validateSchema: false,
  validateFormats: false,
  addUsedSchema: false,
  logger: false,
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
    const { inPlace, perLevel } = checkCost(copy);
    if (inPlace > MOST_IN_PLACE) return undefined;
    const deepest = perLevel <= 1 ? Infinity : Math.floor(Math.log(MOST_LOOKS) / Math.log(perLevel));
    return runnable(copy, deepest);
  } catch {
    // Whatever is wrong with the schema, it is the server's, and the server will check its arguments itself.
    return undefined;
  }
}

function runnable(copy: JsonSchema, deepest: number): Checks {
  const ownProperties = namesInherited(copy);
  const passes = new Ajv2020({ ...OPTIONS, ownProperties }).compile(copy);
  let findAll: ValidateFunction | undefined;
  return (value) => {
    if (deepest !== Infinity && !isSmall(value, deepest, Infinity)) return [];
    if (passes(value)) return [];
    // A bigint fails as an integer for Ajv, so the verdict is only final on a copy without them.
    const plain = withoutBigints(value);
    if (!isSmall(plain, Infinity, MOST_PARTS)) return passes(plain) ? [] : [...(passes.errors ?? [])];
    findAll ??= new Ajv2020({ ...OPTIONS, ownProperties, allErrors: true }).compile(copy);
    return findAll(plain) ? [] : [...(findAll.errors ?? [])];
  };
}

/** True when a member has a name that every object has: Ajv then has to look twice, which costs time. */
function namesInherited(copy: JsonSchema): boolean {
  const text = JSON.stringify(copy);
  return Object.getOwnPropertyNames(Object.prototype).some((name) => text.includes(JSON.stringify(name)));
}
