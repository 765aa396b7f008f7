/** Every kind of schema that Open WebUI reads in a way of its own, and what its model has to be offered of each. */
import type { Json } from './driver.ts';
import type { OfferedTool } from './tool-server.ts';

export interface Kind {
  readonly tool: OfferedTool;
  /** What the server says of the argument `x`, or of all arguments. */
  readonly said: unknown;
  /** Of the argument `x`: each member that is named has to be there as it is here. */
  readonly offered: Json;
}

const string = { type: 'string' };
const integer = { type: 'integer' };
const point = { type: 'object', properties: { east: integer, north: integer }, required: ['east'] };
const offeredPoint = { type: 'object', properties: { east: integer, north: integer }, required: ['east'] };
const tree = {
  type: 'object',
  properties: { label: string, children: { type: 'array', items: { $ref: '#/$defs/tree' } } },
};

export const KINDS: readonly Kind[] = [
  kind('enum', { type: 'string', enum: ['low', 'high'] }, { type: 'string', enum: ['low', 'high'] }),
  kind('const', { const: 'json' }, { type: 'string', enum: ['json'] }),
  kind('one_of', { oneOf: [integer, string] }, { anyOf: [integer, string] }),
  kind('any_of', { anyOf: [integer, string] }, { anyOf: [integer, string] }),
  kind('or_null', { anyOf: [integer, { type: 'null' }], default: null }, { type: 'integer' }),
  kind('type_list', { type: ['integer', 'null'] }, { type: ['integer', 'null'] }),
  kind(
    'all_of',
    { allOf: [{ properties: { east: integer } }, { properties: { north: integer } }] },
    {
      type: 'object',
      properties: { east: integer, north: integer },
    },
  ),
  kind(
    'reference',
    { $ref: '#/$defs/point', description: 'Where' },
    { ...offeredPoint, description: 'Where' },
    { point },
  ),
  kind('recursion', { $ref: '#/$defs/tree' }, { type: 'object', properties: { label: string } }, { tree }),
  kind(
    'map',
    { type: 'object', additionalProperties: { $ref: '#/$defs/point' } },
    {
      type: 'object',
      additionalProperties: offeredPoint,
    },
    { point },
  ),
  kind('list', { type: 'array', items: { $ref: '#/$defs/point' } }, { type: 'array', items: offeredPoint }, { point }),
  kind('tuple', { type: 'array', prefixItems: [integer, string] }, { type: 'array' }),
  kind(
    'pattern',
    { type: 'object', patternProperties: { '^at': { $ref: '#/$defs/point' } } },
    { type: 'object', patternProperties: { '^at': offeredPoint } },
    { point },
  ),
  kind('not', { type: 'string', not: { const: 'all' } }, { type: 'string' }),
  kind(
    'deep',
    { type: 'array', items: { type: 'array', items: { anyOf: [{ $ref: '#/$defs/point' }, { type: 'null' }] } } },
    {
      type: 'array',
      items: { type: 'array', items: offeredPoint },
    },
    { point },
  ),
  kind('boolean_schema', true, {}),
  kind('anything', {}, {}),
  kind('format', { type: 'string', format: 'date-time' }, { type: 'string', format: 'date-time' }),
  kind('default', { type: 'integer', default: 3 }, { type: 'integer', default: 3 }),
  whole(
    'alternatives',
    {
      anyOf: [{ properties: { x: integer } }, { properties: { y: string } }],
    },
    { type: 'integer' },
  ),
];

/** A tool with one argument `x`, which echoes what it was called with. */
function kind(name: string, x: unknown, offered: Json, $defs: Json = {}): Kind {
  return { ...whole(name, { properties: { x }, $defs }, offered), said: x };
}

/** The same for arguments that are described all together. */
function whole(name: string, schema: Json, offered: Json): Kind {
  const tool = { name, description: `Takes x by ${name}`, inputSchema: { type: 'object', ...schema } };
  return { tool, said: schema, offered };
}

/** What of `expected` is missing in `actual`, as a path; undefined: nothing. */
export function missing(expected: unknown, actual: unknown, path = 'x'): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return path;
    return firstOf(expected.map((item, index) => missing(item, actual[index], `${path}[${index}]`)));
  }
  if (!isJson(expected)) return Object.is(expected, actual) ? undefined : path;
  if (!isJson(actual)) return path;
  return firstOf(Object.entries(expected).map(([name, value]) => missing(value, actual[name], `${path}.${name}`)));
}

/** Keywords that hold schemas: by name, in a list, or one that may also be a boolean. */
const NAMED = ['properties', 'patternProperties'];
const LISTED = ['anyOf', 'prefixItems'];
const SINGLE = ['items', 'additionalProperties', 'not'];

/** The first place in a schema that a model's provider would refuse or misread; undefined: there is none. */
export function unsound(schema: unknown, path = 'x'): string | undefined {
  if (!isJson(schema)) return `${path} is no object`;
  if ('$ref' in schema || '$defs' in schema || 'oneOf' in schema || 'allOf' in schema) return `${path} is not plain`;
  if (!('type' in schema) && !('anyOf' in schema)) return `${path} has no type`;
  const inner = [
    ...NAMED.flatMap((keyword) => Object.entries(schema[keyword] ?? {})),
    ...LISTED.flatMap((keyword) => Object.entries(schema[keyword] ?? [])),
    ...SINGLE.filter((keyword) => isJson(schema[keyword])).map((keyword) => [keyword, schema[keyword]] as const),
  ];
  return firstOf(inner.map(([name, subschema]) => unsound(subschema, `${path}.${name}`)));
}

function firstOf(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
