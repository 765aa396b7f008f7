/** `Mcp-Param-*` headers: arguments that a 2026-07-28 tool wants mirrored in HTTP headers (`x-mcp-header`). */
import { isRecord } from '../schema/json-schema.ts';
import type { Params } from './jsonrpc.ts';
import { headerValue } from './protocol.ts';

interface Declaration {
  readonly path: readonly string[];
  readonly header: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MIRRORED_TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);
const MAX_DEPTH = 16;

const known = new WeakMap<object, readonly Declaration[]>();

/** The headers for one call, flat: name, value, name, value. Arguments that are absent or null have none. */
export function parameterHeaders(inputSchema: unknown, args: Params): string[] {
  const headers: string[] = [];
  for (const { path, header } of declarationsOf(inputSchema)) {
    const text = asText(valueAt(args, path));
    if (text !== undefined) headers.push(`mcp-param-${header}`, headerValue(text));
  }
  return headers;
}

function declarationsOf(schema: unknown): readonly Declaration[] {
  if (!isRecord(schema)) return [];
  const cached = known.get(schema);
  if (cached !== undefined) return cached;
  const found = [...declarations(schema, [])];
  known.set(schema, found);
  return found;
}

/** Only properties reached through `properties` alone count (2026-07-28, Streamable HTTP, schema extension). */
function* declarations(schema: Record<string, unknown>, path: readonly string[]): Generator<Declaration> {
  const header = schema['x-mcp-header'];
  if (typeof header === 'string' && TOKEN.test(header) && MIRRORED_TYPES.has(schema.type)) {
    yield { path, header };
  }
  if (!isRecord(schema.properties) || path.length >= MAX_DEPTH) return;
  for (const [name, child] of Object.entries(schema.properties)) {
    if (isRecord(child)) yield* declarations(child, [...path, name]);
  }
}

function valueAt(args: unknown, path: readonly string[]): unknown {
  let value = args;
  for (const key of path) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value);
  return undefined;
}
