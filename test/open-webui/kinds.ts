/** Every kind of schema that a tool may have for a member `x`, and what must be left of it after either conversion. */
import type { JsonRecord } from '../../src/schema/json-schema.ts';

export interface Kind {
  readonly schema: unknown;
  /** Beside `properties`, e.g. `$defs`. */
  readonly rest?: JsonRecord;
  /** What a model provider gets from the backend, titles aside. */
  readonly backend: JsonRecord;
  /** The same from the page. */
  readonly browser: JsonRecord;
  /** A value that the tool is called with. */
  readonly value: unknown;
}

const text = { type: 'string' };
const city = { type: 'object', properties: { name: text, size: { enum: ['big', 'small'] } }, required: ['name'] };
const $defs = {
  city,
  tree: {
    type: 'object',
    properties: { label: text, children: { type: 'array', items: { $ref: '#/$defs/tree' } } },
    required: ['label'],
  },
};

const size = { type: 'string', description: 'One of: "big", "small".' };
const sizes = { ...size, enum: ['big', 'small'] };
const backendCity = { type: 'object', properties: { name: text, size: sizes }, required: ['name'] };
const browserCity = { type: 'object', properties: { name: text, size }, required: ['name'] };
const further = { type: 'object', description: 'Nested further in the same way.' };
const emptied = { properties: {}, required: [] };
const SCALARS = [text, { type: 'number' }, { type: 'boolean' }];
const inAnyArray = { anyOf: [...SCALARS, { type: 'object' }, { type: 'null' }] };
const anyArray = { type: 'array', items: inAnyArray };
const anything = { anyOf: [...SCALARS, { type: 'object' }, anyArray] };
const object = { type: 'object', ...emptied };
const browserAnyArray = { type: 'array', items: { anyOf: [...SCALARS, object, { type: 'null' }] } };
const browserAnything = { anyOf: [...SCALARS, object, browserAnyArray, { type: 'null' }] };

export const KINDS: Readonly<Record<string, Kind>> = {
  enum: { schema: { type: 'string', enum: ['big', 'small'] }, backend: sizes, browser: size, value: 'big' },
  enum_untyped: { schema: { enum: ['big', 'small'] }, backend: sizes, browser: size, value: 'big' },
  enum_of_numbers: {
    schema: { enum: [1, 2], description: 'How many.' },
    backend: { type: 'integer', enum: [1, 2], description: 'How many. One of: 1, 2.' },
    browser: { type: 'integer', description: 'How many. One of: 1, 2.' },
    value: 2,
  },
  const: {
    schema: { const: 7 },
    backend: { type: 'integer', enum: [7], description: 'One of: 7.' },
    browser: { type: 'integer', description: 'One of: 7.' },
    value: 7,
  },
  one_of: {
    schema: { oneOf: [text, { type: 'integer' }], description: 'd' },
    backend: { anyOf: [text, { type: 'integer' }], description: 'd' },
    browser: { anyOf: [text, { type: 'integer' }], description: 'd' },
    value: 'a',
  },
  one_of_consts: {
    schema: {
      oneOf: [
        { const: 'a', description: 'first' },
        { const: 'b', description: 'second' },
      ],
    },
    backend: {
      anyOf: [
        { type: 'string', enum: ['a'], description: 'first One of: "a".' },
        { type: 'string', enum: ['b'], description: 'second One of: "b".' },
      ],
    },
    browser: {
      anyOf: [
        { type: 'string', description: 'first One of: "a".' },
        { type: 'string', description: 'second One of: "b".' },
      ],
    },
    value: 'b',
  },
  all_of: {
    schema: { allOf: [{ $ref: '#/$defs/city' }, { properties: { zip: text }, required: ['zip'] }] },
    rest: { $defs },
    backend: { ...backendCity, properties: { ...backendCity.properties, zip: text }, required: ['name', 'zip'] },
    browser: { ...browserCity, properties: { ...browserCity.properties, zip: text }, required: ['name', 'zip'] },
    value: { name: 'Rome', zip: '1' },
  },
  any_of: {
    schema: { anyOf: [text, { type: 'array', items: { const: 1 } }] },
    backend: { anyOf: [text, { type: 'array', items: { type: 'integer', enum: [1], description: 'One of: 1.' } }] },
    browser: { anyOf: [text, { type: 'array', items: { type: 'integer', description: 'One of: 1.' } }] },
    value: [1],
  },
  optional: {
    schema: {
      anyOf: [{ enum: ['big', 'small'], description: 'inner' }, { type: 'null' }],
      description: 'outer',
      default: null,
    },
    backend: { type: 'string', enum: ['big', 'small'], description: 'outer inner One of: "big", "small".' },
    browser: { anyOf: [text, { type: 'null' }], description: 'outer inner One of: "big", "small".' },
    value: 'big',
  },
  optional_reference: {
    schema: { anyOf: [{ $ref: '#/$defs/city' }, { type: 'null' }], description: 'Where' },
    rest: { $defs },
    backend: { ...backendCity, description: 'Where' },
    browser: { anyOf: [browserCity, { type: 'null' }], description: 'Where' },
    value: { name: 'Rome' },
  },
  nullable: {
    schema: { type: 'string', nullable: true },
    backend: { type: ['string', 'null'] },
    browser: { type: ['string', 'null'] },
    value: 'a',
  },
  nullable_object: {
    schema: { ...city, nullable: true, description: 'Where' },
    backend: { ...backendCity, description: 'Where' },
    browser: { anyOf: [browserCity, { type: 'null' }], description: 'Where' },
    value: { name: 'Rome' },
  },
  list_of_types: {
    schema: { type: ['string', 'null'], description: 'd' },
    backend: { type: ['string', 'null'], description: 'd' },
    browser: { type: ['string', 'null'], description: 'd' },
    value: 'a',
  },
  list_of_types_with_items: {
    schema: { type: ['array', 'null'], items: { $ref: '#/$defs/city' } },
    rest: { $defs },
    backend: { type: 'array', items: backendCity },
    browser: { anyOf: [{ type: 'array', items: browserCity }, { type: 'null' }] },
    value: [{ name: 'Rome' }],
  },
  reference: {
    schema: { $ref: '#/$defs/city', description: 'Where' },
    rest: { $defs },
    backend: { ...backendCity, description: 'Where' },
    browser: { ...browserCity, description: 'Where' },
    value: { name: 'Rome' },
  },
  definitions: {
    schema: { $ref: '#/definitions/city' },
    rest: { definitions: { city } },
    backend: backendCity,
    browser: browserCity,
    value: { name: 'Rome' },
  },
  component_reference: {
    schema: { $ref: '#/components/schemas/City' },
    rest: { components: { schemas: { City: city } } },
    backend: backendCity,
    browser: browserCity,
    value: { name: 'Rome' },
  },
  recursion: {
    schema: { $ref: '#/$defs/tree' },
    rest: { $defs },
    backend: {
      type: 'object',
      properties: { label: text, children: { type: 'array', items: further } },
      required: ['label'],
    },
    browser: {
      type: 'object',
      properties: { label: text, children: { type: 'array', items: { ...further, ...emptied } } },
      required: ['label'],
    },
    value: { label: 'a', children: [{ label: 'b', children: [{ label: 'c' }] }] },
  },
  map_of_references: {
    schema: { type: 'object', additionalProperties: { $ref: '#/$defs/city' }, description: 'd' },
    rest: { $defs },
    backend: { type: 'object', additionalProperties: backendCity, description: 'd' },
    browser: { type: 'object', ...emptied, description: 'd' },
    value: { it: { name: 'Rome' } },
  },
  closed_object: {
    schema: { ...city, additionalProperties: false },
    backend: { ...backendCity, additionalProperties: false },
    browser: browserCity,
    value: { name: 'Rome' },
  },
  patterns: {
    schema: { patternProperties: { '^a': { $ref: '#/$defs/city' }, '^b': true, '^c': false } },
    rest: { $defs },
    backend: {
      type: 'object',
      patternProperties: { '^a': backendCity, '^b': { anyOf: [...anything.anyOf, { type: 'null' }] } },
    },
    browser: object,
    value: { a1: { name: 'Rome' } },
  },
  tuple: {
    schema: { type: 'array', prefixItems: [{ $ref: '#/$defs/city' }, { type: 'integer' }], items: false },
    rest: { $defs },
    backend: {
      type: 'array',
      maxItems: 2,
      prefixItems: [backendCity, { type: 'integer' }],
      items: { anyOf: [backendCity, { type: 'integer' }] },
    },
    browser: { type: 'array', items: { anyOf: [browserCity, { type: 'integer' }] } },
    value: [{ name: 'Rome' }, 1],
  },
  not: {
    schema: { type: 'string', not: { enum: ['a', 'b'] } },
    backend: { type: 'string', description: 'Not one of: "a", "b".' },
    browser: { type: 'string', description: 'Not one of: "a", "b".' },
    value: 'c',
  },
  not_a_reference: {
    schema: { not: { $ref: '#/$defs/city' } },
    rest: { $defs },
    backend: anything,
    browser: browserAnything,
    value: 1,
  },
  true: { schema: true, backend: anything, browser: browserAnything, value: 1 },
  empty: {
    schema: { description: 'd' },
    backend: { ...anything, description: 'd' },
    browser: { ...browserAnything, description: 'd' },
    value: [1],
  },
  array_of_true: {
    schema: { type: 'array', items: true },
    backend: { type: 'array', items: anything },
    browser: { type: 'array', items: browserAnything },
    value: ['a', null],
  },
  object_without_properties: {
    schema: { type: 'object' },
    backend: { type: 'object' },
    browser: object,
    value: { a: 1 },
  },
  members_without_a_type: {
    schema: { properties: { a: { minimum: 1 } } },
    backend: { type: 'object', properties: { a: { type: 'number', minimum: 1 } } },
    browser: { type: 'object', properties: { a: { type: 'number' } }, required: [] },
    value: { a: 1 },
  },
  default_null: {
    schema: { type: 'string', default: null },
    backend: text,
    browser: text,
    value: 'a',
  },
  words_and_bounds: {
    schema: {
      type: 'string',
      description: 'When',
      format: 'date',
      minLength: 1,
      default: '2026-01-01',
      examples: ['a'],
    },
    backend: {
      type: 'string',
      description: 'When',
      format: 'date',
      minLength: 1,
      default: '2026-01-01',
      examples: ['a'],
    },
    browser: { type: 'string', description: 'When' },
    value: '2026-11-21',
  },
  deep: {
    schema: { type: 'object', properties: { a: { type: 'array', items: { properties: { b: { const: true } } } } } },
    backend: {
      type: 'object',
      properties: {
        a: {
          type: 'array',
          items: { type: 'object', properties: { b: { type: 'boolean', enum: [true], description: 'One of: true.' } } },
        },
      },
    },
    browser: {
      type: 'object',
      properties: {
        a: {
          type: 'array',
          items: {
            type: 'object',
            properties: { b: { type: 'boolean', description: 'One of: true.' } },
            required: [],
          },
        },
      },
      required: [],
    },
    value: { a: [{ b: true }] },
  },
};
