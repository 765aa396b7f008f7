/** A schema as it may be shown to people whom the server did not send it to: what is allowed, never examples of anybody. */
import { isRecord, type JsonSchema, setOwn } from '../schema/json-schema.ts';

type Keep = (value: unknown) => unknown;

const asIs: Keep = (value) => value;
const schema: Keep = (value) => (typeof value === 'boolean' ? value : withoutData(value));
// In their places: a reference may count them.
const schemas: Keep = (value) => (Array.isArray(value) ? value.map(schema) : undefined);
const schemaOrSchemas: Keep = (value) => (Array.isArray(value) ? schemas(value) : schema(value));

/** Names to schemas; in `dependencies` also to lists of names. */
const members: Keep = (value) => {
  if (!isRecord(value)) return undefined;
  const kept: JsonSchema = {};
  for (const [name, member] of Object.entries(value)) {
    setOwn(kept, name, Array.isArray(member) ? member.filter((one) => typeof one === 'string') : schema(member));
  }
  return kept;
};

/** Every keyword that stays. `default`, `examples`, `example`, comments and what nobody has defined may hold anything. */
const KEPT: ReadonlyMap<string, Keep> = new Map([
  ...named(
    asIs,
    'type nullable enum const format pattern title description required dependentRequired deprecated readOnly writeOnly',
    'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems uniqueItems',
    'minContains maxContains minProperties maxProperties contentEncoding contentMediaType',
    '$schema $id $ref $anchor $dynamicRef $dynamicAnchor',
  ),
  ...named(
    schema,
    'additionalProperties additionalItems unevaluatedProperties unevaluatedItems propertyNames contains',
  ),
  ...named(schema, 'not if then else contentSchema'),
  ...named(schemas, 'allOf anyOf oneOf prefixItems'),
  ...named(schemaOrSchemas, 'items'),
  ...named(members, 'properties patternProperties $defs definitions dependentSchemas dependencies'),
]);

function named(keep: Keep, ...keywords: readonly string[]): [string, Keep][] {
  return keywords.flatMap((line) => line.split(' ')).map((keyword) => [keyword, keep]);
}

/** The keywords of a schema that say what is allowed; a member of an object may have any name, that of a keyword too. */
export function withoutData(value: unknown): JsonSchema {
  const kept: JsonSchema = {};
  if (!isRecord(value)) return kept;
  for (const [keyword, content] of Object.entries(value)) {
    const found = KEPT.get(keyword)?.(content);
    if (found !== undefined) kept[keyword] = found;
  }
  return kept;
}

/** Far deeper than people write schemas, and far from what exhausts the stack of whoever walks through one. */
const MOST_LEVELS = 64;

/** True for JSON with more than 64 objects and lists inside one another. */
export function isDeep(value: unknown, levels = MOST_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isDeep(one, levels - 1));
}
