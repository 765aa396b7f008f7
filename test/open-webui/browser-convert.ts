/** How Open WebUI's page in a browser makes tools of a document: it keeps seven keywords, and ends on recursion. */
import { isRecord, type JsonRecord, listOf, own, recordOf } from '../../src/schema/json-schema.ts';
import type { ConvertedTool, NamedOperation } from './client-model.ts';
import { bodySchema, operationsOf, parameterSchema, requiredNames } from './operations.ts';

const ALTERNATIVES = ['oneOf', 'anyOf', 'allOf'] as const;
/** Deeper than this only recursion gets. */
const STACK = 2_000;

/** The tools; throws on recursion, which takes the tools of all servers of that person along. */
export function convertInBrowser(document: JsonRecord): ConvertedTool[] {
  return operationsOf(document).map((found) => ({
    name: String(found.operation.operationId),
    description: String(found.operation.description || found.operation.summary || 'No description available.'),
    parameters: parametersOf(found, document.components),
  }));
}

function parametersOf({ operation, parameters }: NamedOperation, components: unknown): JsonRecord {
  const body = simplified(bodySchema(operation), components, 0);
  if (own(body, 'properties') === undefined && body.type === 'array') return body;
  const ofParameters = parameters.map((one) => {
    const { description } = parameterSchema(one);
    return [one.name, { type: recordOf(one.schema).type, description }] as const;
  });
  return {
    type: 'object',
    properties: { ...Object.fromEntries(ofParameters), ...recordOf(body.properties) },
    required: [...new Set([...requiredNames(parameters), ...listOf(body.required)])],
  };
}

/** A node that says neither a type nor alternatives says nothing. */
function simplified(schema: unknown, components: unknown, depth: number): JsonRecord {
  if (depth > STACK) throw new RangeError('Maximum call stack size exceeded');
  if (!isRecord(schema)) return {};
  const below = (child: unknown): JsonRecord => simplified(child, components, depth + 1);
  if (typeof schema.$ref === 'string') return below(named(schema.$ref, components));
  const out: JsonRecord = {};
  for (const keyword of ALTERNATIVES) {
    const list = schema[keyword];
    if (Array.isArray(list)) out[keyword] = list.map(below);
  }
  if (schema.type === undefined && Object.keys(out).length === 0) return {};
  if (schema.type !== undefined) out.type = schema.type;
  if (schema.description) out.description = schema.description;
  if (schema.type === 'array') out.items = below(schema.items);
  if (schema.type !== 'object') return out;
  const members = Object.entries(recordOf(schema.properties)).map(([name, member]) => [name, below(member)]);
  return { ...out, properties: Object.fromEntries(members), required: schema.required ?? [] };
}

/** Whatever the reference says, its last part is looked up among the component schemas. */
function named(ref: string, components: unknown): unknown {
  if (!isRecord(components)) throw new TypeError('Cannot read properties of undefined');
  return own(recordOf(components.schemas), ref.split('/').at(-1) ?? '');
}
