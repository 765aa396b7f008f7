/** Which values are made into which others before they are checked, and which are refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileArguments } from '../../src/schema/arguments.ts';

/** What becomes of a member `x`: its value, or the types of its faults. */
function coerced(schema: unknown, x: unknown): unknown {
  const checked = compileArguments({ type: 'object', properties: { x: schema }, required: ['x'] }, 't').check({ x });
  return checked.ok ? checked.value : checked.problems.map(({ type, loc }) => [type, ...loc.slice(2)]);
}

function rows(name: string, schema: unknown, table: readonly (readonly [given: unknown, expected: unknown])[]): void {
  describe(name, () => {
    for (const [given, expected] of table) {
      const label = typeof given === 'bigint' ? `${given}n` : JSON.stringify(given).slice(0, 40);
      const outcome =
        Array.isArray(expected) && typeof expected[0] === 'string' && /^(?:missing|[a-z]+_[a-z_]+)$/.test(expected[0]);
      test(`${label} gives ${outcome ? expected[0] : typeof expected}`, () => {
        assert.deepEqual(coerced(schema, given), outcome ? [expected] : { x: expected });
      });
    }
  });
}

const big = 2n ** 60n;

rows('integer', { type: 'integer' }, [
  [5, 5],
  [5.5, ['int_from_float']],
  ['5', 5],
  ['5.0', 5],
  ['5.5', ['int_parsing']],
  ['5.', ['int_parsing']],
  ['.0', ['int_parsing']],
  [' +5\n', 5],
  ['-0', 0],
  ['05', 5],
  ['1_000', 1000],
  ['1__0', ['int_parsing']],
  ['0x10', ['int_parsing']],
  ['1e3', ['int_parsing']],
  ['٥', ['int_parsing']],
  ['', ['int_parsing']],
  ['9'.repeat(4301), ['int_parsing_size']],
  ['1152921504606846977', 1152921504606846977n],
  [big, big],
  [true, 1],
  [false, 0],
  [Infinity, ['finite_number']],
  [null, ['int_type']],
  [[], ['int_type']],
  [{}, ['int_type']],
]);

rows('number', { type: 'number' }, [
  [5, 5],
  [5.5, 5.5],
  ['1e2', 100],
  [' 1.5 ', 1.5],
  ['.5', 0.5],
  ['1.', 1],
  ['1_0.5', 10.5],
  ['_1', ['float_parsing']],
  ['0x10', ['float_parsing']],
  ['', ['float_parsing']],
  ['1,5', ['float_parsing']],
  ['nan', ['finite_number']],
  ['-Infinity', ['finite_number']],
  ['1e400', ['finite_number']],
  [true, 1],
  [big, big],
  [null, ['float_type']],
  [[], ['float_type']],
]);

rows('boolean', { type: 'boolean' }, [
  [true, true],
  ...['yes', 'Y', 't', 'TRUE', 'on', '1', 1].map((word) => [word, true] as const),
  ...['no', 'N', 'f', 'False', 'off', '0', 0].map((word) => [word, false] as const),
  [2, ['bool_parsing']],
  [' yes ', ['bool_parsing']],
  ['', ['bool_parsing']],
  [1.5, ['bool_type']],
  [big, ['bool_parsing']],
  [2n ** 70n, ['bool_type']],
  [null, ['bool_type']],
  [{}, ['bool_type']],
]);

rows('string', { type: 'string' }, [
  ['a', 'a'],
  [5, ['string_type']],
  [true, ['string_type']],
  [null, ['string_type']],
]);

rows('null', { type: 'null' }, [
  [null, null],
  ['', ['none_required']],
]);

rows('array', { type: 'array', items: { type: 'integer' } }, [
  [
    ['1', 2],
    [1, 2],
  ],
  [{}, ['list_type']],
  ['a', ['list_type']],
  [
    [1, 'x'],
    ['int_parsing', 1],
  ],
]);

rows('array of anything', { type: 'array' }, [
  [
    [1, 'a', null],
    [1, 'a', null],
  ],
  [5, ['list_type']],
]);

rows('tuple', { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], items: { type: 'boolean' } }, [
  [
    ['1', 'a', 'yes'],
    [1, 'a', true],
  ],
  [
    [1, 2],
    ['string_type', 1],
  ],
]);

rows('free object', { type: 'object' }, [
  [
    { a: null, b: [null] },
    { a: null, b: [null] },
  ],
  [[], ['dict_type']],
]);

rows('map of integers', { type: 'object', additionalProperties: { type: 'integer' } }, [
  [{ a: '1' }, { a: 1 }],
  [{ a: 'x' }, ['int_parsing', 'a']],
]);

rows('declared object', { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }, [
  [
    { a: '1', b: null },
    { a: 1, b: null },
  ],
  [{}, ['missing', 'a']],
  [5, ['model_attributes_type']],
]);

rows('members without a type', { properties: { a: { type: 'integer' } } }, [
  [{ a: '1' }, { a: 1 }],
  [5, 5],
]);

rows('anything', {}, [
  ['5', '5'],
  [null, null],
  [{ a: null }, { a: null }],
]);

rows('$ref, allOf and nullable', { allOf: [{ type: 'integer' }], nullable: true }, [
  ['5', 5],
  [null, null],
  ['x', ['int_parsing']],
]);

const union = (...types: string[]): unknown => ({ anyOf: types.map((type) => ({ type })) });

rows('integer or string', union('integer', 'string'), [
  ['5', '5'],
  [5, 5],
  [true, 1],
]);
rows('string or integer', union('string', 'integer'), [[true, 1]]);
rows('integer or number', union('integer', 'number'), [
  ['5', 5],
  ['5.5', 5.5],
]);
rows('number or integer', union('number', 'integer'), [['5', 5]]);
rows('boolean or integer', union('boolean', 'integer'), [
  [1, 1],
  ['yes', true],
  ['5', 5],
]);
rows('boolean or number', union('boolean', 'number'), [
  [1, 1],
  [true, true],
]);
rows('boolean or string', union('boolean', 'string'), [
  ['yes', 'yes'],
  [1, true],
]);
rows('integer or anything', { anyOf: [{ type: 'integer' }, {}] }, [['5', '5']]);
rows('integer or null', { type: ['integer', 'null'] }, [
  ['5', 5],
  ['x', ['int_parsing']],
]);
rows(
  'lists',
  {
    oneOf: [
      { type: 'array', items: { type: 'integer' } },
      { type: 'array', items: { type: 'string' } },
    ],
  },
  [
    [
      ['1', '2'],
      ['1', '2'],
    ],
    [
      ['1', 2],
      [1, 2],
    ],
  ],
);
