/** docs/config.md and schema/latchkey.schema.json, generated from the schema so that they cannot lie. */

import { GUIDE } from './documentation-guide.ts';
import { configJsonSchema, type JsonSchema, serverJsonSchema } from './json-schema.ts';

/** The generated files by their path in the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['schema/latchkey.schema.json', `${JSON.stringify(configJsonSchema, null, 2)}\n`],
    ['docs/config.md', configMarkdown()],
  ]);
}

function configMarkdown(): string {
  const { properties = {} } = configJsonSchema;
  const sections = [
    ['## One server: `mcpServers.<name>` or `servers.<name>`', table(serverJsonSchema)],
    ...['client_header_forwarding', 'oauth'].map((key) => [
      `### \`mcpServers.<name>.${key}\``,
      table(serverJsonSchema.properties?.[key]),
    ]),
    ['## The gateway: keys beside the servers', table(configJsonSchema)],
    ...['auth', 'open_webui'].map((key) => [`### \`${key}\``, table(properties[key])]),
  ];
  return `${[GUIDE.trim(), ...sections.map((section) => section.join('\n\n'))].join('\n\n')}\n`;
}

function table(schema: JsonSchema | undefined): string {
  const rows = rowsOf(mappingOf(schema ?? {}), '');
  return ['| key | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** One row per key; keys of small mappings inside follow theirs. */
function rowsOf(schema: JsonSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const fallback = value.default === undefined ? '' : `\`${JSON.stringify(value.default)}\``;
    const row = `| \`${prefix}${key}\` | ${typeOf(value)} | ${fallback} | ${value.description ?? ''} |`;
    const inner =
      prefix === '' && hasOwnSection(key) ? [] : rowsOf(innerOf(value), `${prefix}${key}${value.items ? '[]' : ''}.`);
    return [row, ...inner];
  });
}

function hasOwnSection(key: string): boolean {
  return ['mcpServers', 'servers', 'client_header_forwarding', 'oauth', 'auth', 'open_webui'].includes(key);
}

/** Of `true or a mapping`, the mapping. */
function mappingOf(schema: JsonSchema): JsonSchema {
  return schema.anyOf?.find((option) => option.properties) ?? schema;
}

function innerOf(schema: JsonSchema): JsonSchema {
  return mappingOf(schema.items ?? schema);
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.type === 'array') return `list of ${plural(schema.items)}`;
  if (schema.type === 'object' && !schema.properties) return 'mapping from names';
  if (schema.type === 'object') return 'mapping';
  return schema.type === 'integer' ? 'whole number' : String(schema.type ?? 'any');
}

function plural(items: JsonSchema | undefined): string {
  return items?.type === 'object' ? 'mappings' : 'strings';
}
