/** Decides the type of a node that may not say it, because clients spoil nodes without one. */
import { valuesOf } from './annotations.ts';
import { type JsonSchema, own, type TypeName, typesOf } from './json-schema.ts';
import { typesOfValues } from './words.ts';

/** Keywords that only make sense for one type, in the order in which they decide. */
const TELLING: readonly (readonly [TypeName, readonly string[]])[] = [
  [
    'object',
    [
      'properties',
      'required',
      'additionalProperties',
      'patternProperties',
      'propertyNames',
      'minProperties',
      'maxProperties',
      'dependentRequired',
    ],
  ],
  ['array', ['items', 'prefixItems', 'contains', 'minItems', 'maxItems', 'uniqueItems']],
  ['string', ['minLength', 'maxLength', 'pattern', 'format', 'contentEncoding', 'contentMediaType']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
];

/**
 * The types that a node allows.
 * In: a normal-form schema, and the types of the node whose alternative it is.
 * Out: its own types; else those of its values, of its parent, or of a keyword that tells; empty when it may be anything.
 */
export function decideTypes(schema: JsonSchema, inherited: readonly TypeName[]): TypeName[] {
  const types = namedTypes(schema, inherited);
  const nullable = own(schema, 'nullable') === true && types.length > 0 && !types.includes('null');
  return nullable ? [...types, 'null'] : types;
}

function namedTypes(schema: JsonSchema, inherited: readonly TypeName[]): TypeName[] {
  const declared = typesOf(schema);
  if (declared.length > 0) return declared;
  const values = valuesOf(schema);
  if (values !== undefined) return typesOfValues(values);
  if (inherited.length > 0) return [...inherited];
  // What stands beside alternatives need not hold for each of them.
  if (own(schema, 'anyOf') !== undefined || own(schema, 'oneOf') !== undefined) return [];
  const told = TELLING.find(([, keywords]) => keywords.some((keyword) => own(schema, keyword) !== undefined));
  return told === undefined ? [] : [told[0]];
}
