/** Where the arguments of a call go: into the path, the query, or the body. */
import { type JsonRecord, recordOf } from '../../src/schema/json-schema.ts';
import type { ConvertedTool, NamedOperation } from './client-model.ts';

export interface PlacedCall {
  /** Path and query. */
  readonly path: string;
  readonly body: JsonRecord;
}

/** Arguments that the tool does not declare are dropped before anything is sent. */
export function declaredArguments(tool: ConvertedTool, args: JsonRecord): JsonRecord {
  const declared = recordOf(tool.parameters.properties);
  return Object.fromEntries(Object.entries(args).filter(([name]) => Object.hasOwn(declared, name)));
}

/** `words` writes a value of the path or the query, which the backend does in Python's way. */
export function placeArguments(
  { path, parameters }: NamedOperation,
  args: JsonRecord,
  words: (value: unknown) => string,
): PlacedCall {
  const query = new URLSearchParams();
  let placed = path;
  for (const { name, in: where, required } of parameters) {
    const value = args[String(name)];
    if (value === undefined || (value === '' && required !== true)) continue;
    if (where === 'path') placed = placed.replaceAll(`{${name}}`, encodeURIComponent(words(value)));
    else if (where === 'query') for (const one of [value].flat()) query.append(String(name), words(one));
  }
  const elsewhere = new Set(parameters.map(({ name }) => name));
  const body = Object.fromEntries(Object.entries(args).filter(([name]) => !elsewhere.has(name)));
  return { path: query.size === 0 ? placed : `${placed}?${query}`, body };
}

/** `True` for `true`, as Python writes it. */
export function pythonWords(value: unknown): string {
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
}
