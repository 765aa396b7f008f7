/** The JSON Schema of the file, made from the zod schema. */

import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The parts of JSON Schema that ours uses. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly $ref?: string;
}

const ENTRY = '#/properties/mcpServers/additionalProperties';

/** Draft 7, because that is what editors understand; describes what may be written, so defaults are optional. */
export const configJsonSchema: JsonSchema = complete(
  z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' }) as JsonSchema,
);

/** A file has one of the two lists, whose entries are described once. */
function complete(schema: JsonSchema): JsonSchema {
  const servers = { ...schema.properties?.servers, additionalProperties: { $ref: ENTRY } };
  const oneOf = [{ required: ['mcpServers'] }, { required: ['servers'] }];
  const titled = { ...schema, title: 'latchkey configuration', oneOf };
  return { ...titled, properties: { ...schema.properties, servers } };
}

/** The schema of one entry of `mcpServers` or `servers`. */
export const serverJsonSchema: JsonSchema = entrySchema();

function entrySchema(): JsonSchema {
  const entry = configJsonSchema.properties?.mcpServers?.additionalProperties;
  if (typeof entry !== 'object') throw new Error('mcpServers has no entry schema');
  return entry;
}
