/** How Open WebUI's backend makes tools of a document: its rules for schemas, and what they spoil. */
import { isRecord, type JsonRecord, listOf, own, recordOf } from '../../src/schema/json-schema.ts';
import type { ConvertedTool, NamedOperation } from './client-model.ts';
import { bodySchema, descriptionOf, operationsOf, parameterSchema, requiredNames } from './operations.ts';

const ALTERNATIVES = ['anyOf', 'oneOf', 'allOf'] as const;

/** The tools; throws on a boolean schema, which takes the tools of every other server along. */
export function convertInBackend(document: JsonRecord): ConvertedTool[] {
  const components = recordOf(document.components);
  return operationsOf(document).map((found) => ({
    name: String(found.operation.operationId),
    description: descriptionOf(found.operation),
    parameters: parametersOf(found, components),
  }));
}

function parametersOf({ operation, parameters }: NamedOperation, components: JsonRecord): JsonRecord {
  const body = resolve(bodySchema(operation), components, []);
  if (own(body, 'properties') === undefined && body.type === 'array') {
    return { type: 'array', items: cleaned(recordOf(body.items)) };
  }
  const properties = {
    ...Object.fromEntries(parameters.map((one) => [one.name, parameterSchema(one)])),
    ...recordOf(body.properties),
  };
  return {
    type: 'object',
    properties: eachCleaned(properties),
    required: [...new Set([...requiredNames(parameters), ...listOf(body.required)])],
  };
}

/** Follows references, in the few places where they are followed at all; everything beside a reference is lost. */
function resolve(schema: unknown, components: JsonRecord, above: readonly string[]): JsonRecord {
  if (schema === true) throw new TypeError("argument of type 'bool' is not iterable");
  if (!isRecord(schema)) return {};
  if (Object.hasOwn(schema, '$ref')) return followed(String(schema.$ref), components, above);
  const out: JsonRecord = { ...schema };
  if (isRecord(schema.properties)) {
    out.properties = mapMembers(schema.properties, (member) => resolve(member, components, above));
  }
  if (Object.hasOwn(schema, 'items')) out.items = resolve(schema.items, components, above);
  for (const keyword of ALTERNATIVES) {
    const list = schema[keyword];
    if (Array.isArray(list)) out[keyword] = list.map((one) => resolve(one, components, above));
  }
  return out;
}

function followed(ref: string, components: JsonRecord, above: readonly string[]): JsonRecord {
  if (above.includes(ref) || !ref.startsWith('#/components/')) return {};
  let target: unknown = components;
  for (const part of ref.slice('#/components/'.length).split('/')) target = own(recordOf(target), part);
  return resolve(target, components, [...above, ref]);
}

/** Single alternatives and nulls are folded in, and what has no type becomes a string; alternatives stay uncleaned. */
function cleaned(schema: JsonRecord): JsonRecord {
  let out: JsonRecord = { ...schema };
  const alternatives = own(schema, 'anyOf');
  if (Array.isArray(alternatives)) {
    const kept = alternatives.filter((one) => recordOf(one).type !== 'null');
    const { anyOf: _, ...rest } = out;
    out = kept.length === 1 ? { ...rest, ...recordOf(kept[0]) } : { ...rest, anyOf: kept };
  }
  if (Object.hasOwn(out, 'default') && out.default === null) delete out.default;
  if (!['type', 'anyOf', 'properties'].some((keyword) => Object.hasOwn(out, keyword))) out.type = 'string';
  if (isRecord(out.properties)) out.properties = eachCleaned(out.properties);
  if (isRecord(out.items)) out.items = cleaned(out.items);
  return out;
}

function eachCleaned(members: JsonRecord): JsonRecord {
  return mapMembers(members, (member) => cleaned(recordOf(member)));
}

function mapMembers(members: JsonRecord, change: (member: unknown) => JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, change(member)]));
}
