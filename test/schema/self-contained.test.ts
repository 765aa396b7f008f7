/** One member of a schema, as documents have it: self-contained, and with nothing that clients spoil. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonSchema } from '../../src/schema/json-schema.ts';
import { selfContainedObject } from '../../src/schema/self-contained.ts';
import { ANYTHING } from '../../src/schema/words.ts';

/** The schema of one member `x`, with the rest of the document beside it. */
function member(x: unknown, rest: object = {}): unknown {
  const { properties } = selfContainedObject({ type: 'object', properties: { x }, ...rest });
  return (properties as JsonSchema).x;
}

const $defs = { city: { type: 'string', description: 'A city', title: 'City', minLength: 2 } };

describe('one member', () => {
  const rows: [name: string, given: unknown, expected: unknown, rest?: object][] = [
    ['a string', { type: 'string' }, { type: 'string' }],
    ['nothing said', {}, ANYTHING],
    ['true', true, ANYTHING],
    ['null', { type: 'null' }, { type: 'null' }],
    ['words of nothing said', { description: 'd', default: 1 }, { description: 'd', default: 1, ...ANYTHING }],
    ['an unknown type', { type: 'file' }, ANYTHING],
    ['a list of types', { type: ['string', 'null', 'nonsense'] }, { type: ['string', 'null'] }],
    ['const', { const: 'a' }, { type: 'string', enum: ['a'], description: 'One of: "a".' }],
    [
      'enum without type',
      { enum: ['a', 1] },
      { type: ['string', 'integer'], enum: ['a', 1], description: 'One of: "a", 1.' },
    ],
    [
      'enum with words',
      { type: 'string', enum: ['a', 'b'], description: 'Which.' },
      { type: 'string', enum: ['a', 'b'], description: 'Which. One of: "a", "b".' },
    ],
    ['an excluded value', { type: 'string', not: { const: 'a' } }, { type: 'string', description: 'Not one of: "a".' }],
    [
      'oneOf',
      { oneOf: [{ type: 'string' }, { type: 'integer' }] },
      { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    ],
    ['one possible alternative', { anyOf: [false, { type: 'string' }] }, { type: 'string' }],
    [
      'an alternative that the type rules out',
      { type: 'string', oneOf: [{ minLength: 1 }, { type: 'null' }] },
      { type: 'string', minLength: 1 },
    ],
    ['null as the one alternative', { anyOf: [{ type: 'null' }] }, { type: 'null' }],
    [
      'an optional value: its words go to the node, since clients that fold it keep only one of two',
      {
        anyOf: [{ enum: ['a'], description: 'inner', title: 'C' }, { type: 'null' }],
        description: 'outer',
        title: 'T',
        default: 'a',
      },
      {
        anyOf: [{ type: 'string', enum: ['a'] }, { type: 'null' }],
        description: 'outer inner One of: "a".',
        title: 'T',
        default: 'a',
      },
    ],
    [
      'several types, of which one has children',
      {
        type: ['object', 'null'],
        properties: { a: { type: 'string' } },
        required: ['a'],
        description: 'd',
        maxProperties: 2,
      },
      {
        description: 'd',
        maxProperties: 2,
        anyOf: [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, { type: 'null' }],
      },
    ],
    [
      'a nullable array',
      { type: 'array', items: { type: 'string' }, nullable: true, enum: [['a'], null] },
      {
        enum: [['a'], null],
        description: 'One of: ["a"], null.',
        anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }],
      },
    ],
    [
      'alternatives that only add needs',
      { type: 'object', properties: { a: { type: 'string' } }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
      {
        type: 'object',
        properties: { a: { type: 'string' } },
        anyOf: [
          { type: 'object', required: ['a'] },
          { type: 'object', required: ['b'] },
        ],
      },
    ],
    ['nullable', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      'nullable alternatives',
      { anyOf: [{ type: 'string' }, { type: 'integer' }], nullable: true },
      { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] },
    ],
    ['default null', { type: 'string', default: null }, { type: 'string' }],
    ['an array of anything', { type: 'array' }, { type: 'array', items: ANYTHING }],
    ['an empty array', { type: 'array', items: false }, { type: 'array', maxItems: 0, items: ANYTHING }],
    [
      'a tuple of draft 7',
      { type: 'array', items: [{ type: 'string' }, { type: 'integer' }], additionalItems: false },
      {
        type: 'array',
        maxItems: 2,
        prefixItems: [{ type: 'string' }, { type: 'integer' }],
        items: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
      },
    ],
    [
      'a tuple with a rest',
      { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'string' } },
      { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'string' } },
    ],
    ['members without a type', { properties: {} }, { type: 'object' }],
    [
      'a map',
      { additionalProperties: { $ref: '#/$defs/city' } },
      { type: 'object', additionalProperties: $defs.city },
      { $defs },
    ],
    [
      'a closed object',
      { type: 'object', additionalProperties: false },
      { type: 'object', additionalProperties: false },
    ],
    [
      'a member that must not be there',
      { type: 'object', properties: { a: false, b: true }, required: ['a', 'b'] },
      { type: 'object', properties: { b: ANYTHING }, required: ['b'] },
    ],
    ['$defs', { $ref: '#/$defs/city' }, $defs.city, { $defs }],
    [
      'siblings win',
      { $ref: '#/$defs/city', description: 'Where' },
      { ...$defs.city, description: 'Where' },
      { $defs },
    ],
    [
      'definitions',
      { $ref: '#/definitions/a~1b%20c' },
      { type: 'integer' },
      { definitions: { 'a/b c': { type: 'integer' } } },
    ],
    ['an anchor', { $ref: '#here' }, { type: 'integer' }, { $defs: { a: { $anchor: 'here', type: 'integer' } } }],
    ['an embedded id', { $ref: 'x.json' }, { type: 'integer' }, { $defs: { a: { $id: 'x.json', type: 'integer' } } }],
    ['the own id', { $ref: 'https://a/b#/$defs/city' }, $defs.city, { $id: 'https://a/b', $defs }],
    ['a reference to nowhere', { $ref: 'https://example.com/x' }, ANYTHING],
    [
      'allOf',
      {
        allOf: [
          { $ref: '#/$defs/base' },
          { properties: { b: { type: 'integer' }, a: { minLength: 3 } }, required: ['b'], maxProperties: 3 },
        ],
        description: 'Both',
      },
      {
        type: 'object',
        description: 'Both',
        maxProperties: 2,
        properties: { a: { type: 'string', minLength: 3 }, b: { type: 'integer' } },
        required: ['a', 'b'],
      },
      {
        $defs: {
          base: {
            type: 'object',
            properties: { a: { type: 'string', minLength: 1 } },
            required: ['a'],
            maxProperties: 2,
          },
        },
      },
    ],
    [
      'allOf of types, bounds and values',
      {
        allOf: [
          { type: ['number', 'string'], minimum: 1, maximum: 9 },
          { type: 'integer', minimum: 3, maximum: 7 },
        ],
      },
      { type: 'integer', minimum: 3, maximum: 7 },
    ],
    [
      'allOf of values and of maps',
      {
        allOf: [
          { enum: ['a', 'b'], items: { type: 'string' }, uniqueItems: true },
          { enum: ['b', 'c'], items: { maxLength: 3 } },
        ],
      },
      { type: 'string', enum: ['b'], uniqueItems: true, description: 'One of: "b".' },
    ],
    [
      'bounds of draft 4',
      { type: 'number', minimum: 1, exclusiveMinimum: true, maximum: 2, exclusiveMaximum: false },
      { type: 'number', exclusiveMinimum: 1, maximum: 2 },
    ],
    [
      'plain keywords',
      {
        type: 'string',
        format: 'date',
        pattern: '^x',
        minLength: 1,
        maxLength: 2,
        default: 'x',
        examples: ['x'],
        deprecated: true,
        title: 'T',
      },
      {
        type: 'string',
        format: 'date',
        pattern: '^x',
        minLength: 1,
        maxLength: 2,
        default: 'x',
        examples: ['x'],
        deprecated: true,
        title: 'T',
      },
    ],
    [
      'keywords of the wrong kind',
      { type: 'string', format: 1, pattern: {}, minLength: -1, title: null },
      { type: 'string' },
    ],
    ['book-keeping', { type: 'string', $schema: 's', $id: 'i', $comment: 'c', $defs: {} }, { type: 'string' }],
  ];
  for (const [name, given, expected, rest] of rows) {
    test(name, () => assert.deepEqual(member(given, rest), expected));
  }

  test('a base shared by parent and child is no recursion', () => {
    const base = { type: 'object', properties: { id: { type: 'integer' } } };
    const child = { allOf: [{ $ref: '#/$defs/base' }] };
    const x = { allOf: [{ $ref: '#/$defs/base' }, { properties: { child } }] };
    assert.deepEqual(member(x, { $defs: { base } }), {
      type: 'object',
      properties: { child: base, id: { type: 'integer' } },
    });
  });

  test('recursion ends where it begins again', () => {
    const node = {
      type: 'object',
      properties: { next: { $ref: '#/$defs/node' }, list: { type: 'array', items: { $ref: '#/$defs/node' } } },
    };
    const cut = { type: 'object', description: 'Nested further in the same way.' };
    assert.deepEqual(member({ $ref: '#/$defs/node' }, { $defs: { node } }), {
      type: 'object',
      properties: { next: cut, list: { type: 'array', items: cut } },
    });
  });

  test('a recursive union is cut to anything', () => {
    const json = { anyOf: [{ type: 'string' }, { type: 'array', items: { $ref: '#/$defs/json' } }] };
    assert.deepEqual(member({ $ref: '#/$defs/json' }, { $defs: { json } }), {
      anyOf: [
        { type: 'string' },
        { type: 'array', items: { ...ANYTHING, description: 'Nested further in the same way.' } },
      ],
    });
  });

  test('a long enum keeps its values but not all of them in words', () => {
    const values = Array.from({ length: 500 }, (_, at) => `value ${at}`);
    const schema = member({ type: 'string', enum: values }) as JsonSchema;
    assert.deepEqual(schema.enum, values);
    assert.match(String(schema.description), /^One of: "value 0", .*"value 49", \.\.\.\.$/);
  });

  test('bigints in a schema are kept', () => {
    assert.deepEqual(member({ type: 'integer', maximum: 2n ** 63n, enum: [2n ** 60n] }), {
      type: 'integer',
      maximum: 2n ** 63n,
      enum: [2n ** 60n],
      description: 'One of: 1152921504606846976.',
    });
  });
});
