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
}

/** Draft 7, because that is what editors understand; describes what may be written, so defaults are optional. */
export const configJsonSchema: JsonSchema = {
  ...(z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' }) as JsonSchema),
  title: 'latchkey configuration',
} as JsonSchema;

/** The schema of one entry of `mcpServers`. */
export const serverJsonSchema: JsonSchema = entrySchema();

function entrySchema(): JsonSchema {
  const entry = configJsonSchema.properties?.mcpServers?.additionalProperties;
  if (typeof entry !== 'object') throw new Error('mcpServers has no entry schema');
  return entry;
}
