/** Schemas for the tests of this folder: what careful servers send, and what hostile ones might. */
import { isRecord } from '../../src/schema/json-schema.ts';

/** A chain of `depth` nested objects. */
export function nested(depth: number): unknown {
  let schema: unknown = { type: 'string' };
  for (let level = 0; level < depth; level += 1) schema = { type: 'object', properties: { a: schema } };
  return schema;
}

/** A few definitions that stand for ten to the twentieth nodes, joined by the given keyword. */
export function laughs(join: (next: unknown) => unknown): unknown {
  const defs: Record<string, unknown> = { l20: { type: 'object', properties: { lol: { type: 'string' } } } };
  for (let level = 19; level >= 0; level -= 1) defs[`l${level}`] = join({ $ref: `#/$defs/l${level + 1}` });
  return { type: 'object', properties: { x: { $ref: '#/$defs/l0' } }, $defs: defs };
}

/** Six definitions that refer to each other round, with so many members each. */
export function round(members: number, name = 'k'): Record<string, unknown> {
  const $defs = Object.fromEntries(
    Array.from({ length: 6 }, (_, at) => {
      const next = { $ref: `#/$defs/l${(at + 1) % 6}` };
      const names = Array.from({ length: members }, (_none, member) => [`${name}${member}`, next]);
      return [`l${at}`, { type: 'object', properties: Object.fromEntries(names), required: [`${name}0`] }];
    }),
  );
  return { type: 'object', properties: { r: { $ref: '#/$defs/l0' } }, $defs };
}

const ten = (next: unknown): unknown[] => Array.from({ length: 10 }, (_, at) => ({ ...Object(next), title: `${at}` }));

/** Everything that a server should not send, by what is wrong with it. */
export const HOSTILE: Readonly<Record<string, unknown>> = {
  missing: undefined,
  null: null,
  number: 5,
  text: 'x',
  list: [],
  true: true,
  false: false,
  'not an object': { type: 'string' },
  'properties of the wrong kind': { type: 'object', properties: 5, required: 'a' },
  'wrong kinds everywhere': {
    type: 7,
    properties: {
      a: null,
      b: 5,
      c: 'x',
      d: [],
      e: { type: ['nonsense', 5] },
      f: { type: 'array', items: 5 },
      g: { enum: 5, minimum: 'x', pattern: 5, anyOf: 5, allOf: 'x', not: 5, $ref: 5, required: [5] },
      h: { anyOf: [null, 5], oneOf: {} },
      i: { enum: [] },
    },
    required: [1, null, 'a'],
    $defs: 5,
    additionalProperties: 'x',
  },
  booleans: {
    type: 'object',
    properties: {
      yes: true,
      no: false,
      array: { type: 'array', items: true },
      none: { type: 'array', items: false },
      map: { type: 'object', additionalProperties: true, patternProperties: { '^x': true, '^y': false } },
      any: { anyOf: [true, false] },
      all: { allOf: [true] },
      never: { allOf: [false] },
    },
    required: ['no', 'yes'],
    additionalProperties: false,
  },
  recursive: {
    type: 'object',
    properties: { root: { $ref: '#' }, node: { $ref: '#/$defs/node' } },
    $defs: {
      node: {
        type: 'object',
        properties: { value: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
      },
    },
  },
  circles: {
    type: 'object',
    properties: { a: { $ref: '#/$defs/a' }, c: { $ref: '#/$defs/c' }, d: { $ref: '#/$defs/d' } },
    $defs: {
      a: { $ref: '#/$defs/b' },
      b: { $ref: '#/$defs/a' },
      c: { allOf: [{ $ref: '#/$defs/c' }] },
      d: { anyOf: [{ $ref: '#/$defs/d' }, { type: 'string' }] },
    },
  },
  'references to nowhere': {
    type: 'object',
    properties: {
      a: { $ref: '#/$defs/none' },
      b: { $ref: 'https://example.com/x.json' },
      c: { $ref: '#/properties/%E0%A4%A' },
      d: { $ref: '#/required/0' },
      e: { $ref: '#/__proto__/toString' },
      f: { $ref: '#nowhere' },
    },
    required: ['a'],
  },
  'a tuple': { type: 'object', properties: { t: { type: 'array', items: [{ type: 'string' }, true, false] } } },
  'laughs of properties': laughs((next) => ({ type: 'object', properties: Object.fromEntries(ten(next).entries()) })),
  'laughs of anyOf': laughs((next) => ({ anyOf: ten(next) })),
  'laughs of allOf': laughs((next) => ({ allOf: ten(next) })),
  'laughs of tuples': laughs((next) => ({ type: 'array', prefixItems: ten(next) })),
  'a round of many members': round(100),
  'a round of long names': round(20, 'k'.repeat(5_000)),
  'laughs of recursion': {
    type: 'object',
    properties: { t: { $ref: '#/$defs/t' } },
    $defs: {
      t: {
        anyOf: [
          { type: 'array', items: { $ref: '#/$defs/t' } },
          { type: 'array', items: { $ref: '#/$defs/t' }, maxItems: 9 },
        ],
      },
    },
  },
  'ten thousand levels': nested(10_000),
  'a deep default': {
    type: 'object',
    properties: { a: { default: nested(10_000), enum: [nested(10_000)], examples: [nested(10_000)] } },
  },
  'a prototype': JSON.parse(
    '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"},"toString":{"type":"integer","default":1}},"required":["hasOwnProperty"],"__proto__":{"properties":{"evil":{}}}}',
  ),
};

/** Calls back for every schema inside a schema, itself included. */
export function eachNode(schema: unknown, visit: (node: unknown, place: string) => void, place = '#'): void {
  visit(schema, place);
  if (!isRecord(schema)) return;
  for (const keyword of ['items', 'contains', 'propertyNames', 'additionalProperties', 'not', 'if', 'then', 'else']) {
    const child = schema[keyword];
    const mayBeBoolean = keyword === 'additionalProperties' && typeof child === 'boolean';
    if (child !== undefined && !mayBeBoolean) eachNode(child, visit, `${place}/${keyword}`);
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) {
    const list = schema[keyword];
    if (Array.isArray(list))
      for (const [at, child] of list.entries()) eachNode(child, visit, `${place}/${keyword}/${at}`);
  }
  for (const keyword of ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']) {
    const map = schema[keyword];
    if (isRecord(map)) {
      for (const [name, child] of Object.entries(map)) eachNode(child, visit, `${place}/${keyword}/${name}`);
    }
  }
}
