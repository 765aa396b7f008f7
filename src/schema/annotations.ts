/** Takes over the keywords of a node that need no work: its words and its plain constraints, if they make sense. */
import type { Budget } from './budget.ts';
import { isNumeric, isRecord, type JsonSchema, listOf, own } from './json-schema.ts';
import { describeValues, joinWords } from './words.ts';

type Test = (value: unknown) => boolean;

const isString: Test = (value) => typeof value === 'string';
const isBoolean: Test = (value) => typeof value === 'boolean';
const isCount: Test = (value) => isNumeric(value) && value >= 0;

/** Keywords that are copied when their value is of the right kind. */
const COPIED: Readonly<Record<string, Test>> = {
  title: isString,
  description: isString,
  format: isString,
  pattern: isString,
  contentEncoding: isString,
  contentMediaType: isString,
  deprecated: isBoolean,
  readOnly: isBoolean,
  writeOnly: isBoolean,
  uniqueItems: isBoolean,
  minimum: isNumeric,
  maximum: isNumeric,
  multipleOf: isNumeric,
  exclusiveMinimum: isNumeric,
  exclusiveMaximum: isNumeric,
  minLength: isCount,
  maxLength: isCount,
  minItems: isCount,
  maxItems: isCount,
  minProperties: isCount,
  maxProperties: isCount,
  minContains: isCount,
  maxContains: isCount,
  examples: (value) => listOf(value).length > 0,
  example: (value) => value !== undefined,
  default: (value) => value !== undefined && value !== null,
  dependentRequired: isRecord,
};

/**
 * The plain keywords of a node.
 * In: a normal-form schema and what the document may still hold. Out: a new schema without children and without type.
 */
export function plainKeywords(schema: JsonSchema, budget: Budget): JsonSchema {
  const out: JsonSchema = {};
  for (const [keyword, fits] of Object.entries(COPIED)) {
    const value = own(schema, keyword);
    if (value !== undefined && fits(value) && budget.takeValue(value)) out[keyword] = value;
  }
  fixDraft4Bounds(schema, out);
  addValues(schema, out, budget);
  return out;
}

/** Draft 4 wrote `minimum: 1, exclusiveMinimum: true` for what is `exclusiveMinimum: 1` today. */
function fixDraft4Bounds(schema: JsonSchema, out: JsonSchema): void {
  for (const [exclusive, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (own(schema, exclusive) !== true || out[bound] === undefined) continue;
    out[exclusive] = out[bound];
    delete out[bound];
  }
}

/** The values that a node allows, from `const` or `enum`; undefined when it allows any. */
export function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if (Object.hasOwn(schema, 'const')) return [schema.const];
  const values = listOf(own(schema, 'enum'));
  if (values.length === 0) return undefined;
  return own(schema, 'nullable') === true && !values.includes(null) ? [...values, null] : values;
}

function addValues(schema: JsonSchema, out: JsonSchema, budget: Budget): void {
  const values = valuesOf(schema);
  if (values !== undefined && budget.takeValues(values)) {
    out.enum = [...values];
    describe(describeValues(values), out, budget);
  }
  const barred = own(schema, 'not');
  const refused = isRecord(barred) ? valuesOf(barred) : undefined;
  if (refused === undefined || !budget.takeValues(refused)) return;
  describe(describeValues(refused).replace('One of', 'Not one of'), out, budget);
}

function describe(words: string, out: JsonSchema, budget: Budget): void {
  if (budget.takeValue(words)) out.description = joinWords(out.description, words);
}
