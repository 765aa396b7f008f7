/** Reads a document's operations the way Open WebUI does: only those with an `operationId` exist. */
import { isRecord, type JsonRecord, listOf, recordOf } from '../../src/schema/json-schema.ts';
import type { NamedOperation } from './client-model.ts';

const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);

export function operationsOf(document: JsonRecord): NamedOperation[] {
  return Object.entries(recordOf(document.paths)).flatMap(([path, item]) =>
    Object.entries(recordOf(item)).flatMap(([method, operation]) => {
      if (!METHODS.has(method) || !isRecord(operation) || !operation.operationId) return [];
      const parameters = joinParameters(recordOf(item).parameters, operation.parameters);
      return [{ path, method: method.toUpperCase(), operation, parameters }];
    }),
  );
}

/** Parameters that are references have no name, and so are lost. */
function joinParameters(ofPath: unknown, ofOperation: unknown): JsonRecord[] {
  const found = new Map<string, JsonRecord>();
  for (const parameter of [...listOf(ofPath), ...listOf(ofOperation)]) {
    if (isRecord(parameter) && parameter.name) found.set(`${parameter.name}:${parameter.in}`, parameter);
  }
  return [...found.values()];
}

/** The only description there is: an empty one is kept. */
export function descriptionOf(operation: JsonRecord): string {
  const { description, summary } = operation;
  if (typeof description === 'string') return description;
  return typeof summary === 'string' ? summary : 'No description available.';
}

/** The schema of a JSON body; undefined where there is none in the operation itself. */
export function bodySchema(operation: JsonRecord): unknown {
  return recordOf(recordOf(recordOf(operation.requestBody).content)['application/json']).schema;
}

/** What is left of a parameter: its type, its words, its items. */
export function parameterSchema(parameter: JsonRecord): JsonRecord {
  const schema = recordOf(parameter.schema);
  const words = String(schema.description ?? parameter.description ?? '');
  const values = Array.isArray(schema.enum) ? `. Possible values: ${schema.enum.join(', ')}` : '';
  return {
    type: schema.type ?? 'string',
    description: words + values,
    ...(schema.items === undefined ? {} : { items: schema.items }),
  };
}

export function requiredNames(parameters: readonly JsonRecord[]): unknown[] {
  return parameters.filter(({ required }) => required === true).map(({ name }) => name);
}
