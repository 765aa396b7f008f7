/** The words in which the rest of this folder speaks of JSON values and JSON Schemas that nobody has vouched for. */

/** A JSON object whose members are not known; own properties only, whatever their names. */
export type JsonRecord = Record<string, unknown>;

/** A schema that is an object; never `true` or `false`. */
export type JsonSchema = JsonRecord;

export type TypeName = 'string' | 'integer' | 'number' | 'boolean' | 'null' | 'array' | 'object';

const TYPE_NAMES: ReadonlySet<unknown> = new Set([
  'string',
  'integer',
  'number',
  'boolean',
  'null',
  'array',
  'object',
] satisfies TypeName[]);

/** True for a JSON object; false for null, arrays and scalars. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a JSON object or an array: what has parts. */
export function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The value if it is a JSON object, else an empty one: for keywords that should hold one. */
export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

/** The value if it is an array, else an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The strings of a list; anything else is left out. */
export function stringsOf(value: unknown): string[] {
  return listOf(value).filter((item): item is string => typeof item === 'string');
}

/** An own property, never one of the prototype's; undefined when there is none. */
export function own(record: JsonRecord, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Writes an own property, also where the name is `__proto__`, which plain assignment would take for the prototype. */
export function setOwn(record: JsonRecord, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    record[key] = value;
  }
}

/** The known type names that a schema's own `type` gives, without repeats; empty when there is none. */
export function typesOf(schema: JsonSchema): TypeName[] {
  const type = own(schema, 'type');
  const names = Array.isArray(type) ? type : [type];
  return [...new Set(names)].filter((name): name is TypeName => TYPE_NAMES.has(name));
}

/** The narrowest type name of a JSON value. */
export function typeOfValue(value: unknown): TypeName {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value as 'string' | 'boolean';
  return 'object';
}

/** True for a finite number or a bigint, which is how integers beyond 2^53 arrive. */
export function isNumeric(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value));
}
