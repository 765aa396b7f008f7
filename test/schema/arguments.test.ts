/** Arguments that do not fit: each fault in its exact words, at its place, in its order. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ArgumentProblem, compileArguments } from '../../src/schema/arguments.ts';

function problems(schema: unknown, body: unknown, tool = 't'): readonly ArgumentProblem[] {
  const checked = compileArguments(schema, tool).check(body);
  return checked.ok ? [] : checked.problems;
}

function accepted(schema: unknown, body: unknown): unknown {
  const checked = compileArguments(schema).check(body);
  return checked.ok ? checked.value : checked.problems;
}

/** The problems of a member `x`. */
function ofMember(x: unknown, value: unknown): readonly ArgumentProblem[] {
  return problems({ type: 'object', properties: { x } }, { x: value });
}

const MESSAGES: [type: string, schema: unknown, input: unknown, msg: string, ctx?: object][] = [
  ['string_type', { type: 'string' }, 5, 'Input should be a valid string'],
  ['int_parsing', { type: 'integer' }, 'x', 'Input should be a valid integer, unable to parse string as an integer'],
  ['int_type', { type: 'integer' }, [], 'Input should be a valid integer'],
  ['int_from_float', { type: 'integer' }, 5.5, 'Input should be a valid integer, got a number with a fractional part'],
  ['float_parsing', { type: 'number' }, 'x', 'Input should be a valid number, unable to parse string as a number'],
  ['float_type', { type: 'number' }, {}, 'Input should be a valid number'],
  ['finite_number', { type: 'number' }, 'inf', 'Input should be a finite number'],
  ['bool_parsing', { type: 'boolean' }, 'x', 'Input should be a valid boolean, unable to interpret input'],
  ['bool_type', { type: 'boolean' }, [], 'Input should be a valid boolean'],
  ['list_type', { type: 'array' }, {}, 'Input should be a valid list'],
  ['dict_type', { type: 'object' }, [], 'Input should be a valid dictionary'],
  ['none_required', { type: 'null' }, 5, 'Input should be None'],
  [
    'model_attributes_type',
    { type: 'object', properties: { a: {} } },
    5,
    'Input should be a valid dictionary or object to extract fields from',
  ],
  ['literal_error', { enum: ['a', 'b', 'c'] }, 'x', "Input should be 'a', 'b' or 'c'", { expected: "'a', 'b' or 'c'" }],
  ['literal_error', { type: 'string', const: "it's" }, 'x', 'Input should be "it\'s"', { expected: '"it\'s"' }],
  ['literal_error', { enum: [1, true, null] }, 5, 'Input should be 1, True or None', { expected: '1, True or None' }],
  ['literal_error', { enum: [{ a: 1 }] }, 5, 'Input should be {"a":1}', { expected: '{"a":1}' }],
  ['greater_than_equal', { type: 'integer', minimum: 1 }, 0, 'Input should be greater than or equal to 1', { ge: 1 }],
  ['less_than_equal', { type: 'number', maximum: 1.5 }, 2, 'Input should be less than or equal to 1.5', { le: 1.5 }],
  ['greater_than', { type: 'integer', exclusiveMinimum: 1 }, 1, 'Input should be greater than 1', { gt: 1 }],
  [
    'greater_than',
    { type: 'integer', minimum: 1, exclusiveMinimum: true },
    1,
    'Input should be greater than 1',
    { gt: 1 },
  ],
  ['less_than', { type: 'integer', exclusiveMaximum: 1 }, 1, 'Input should be less than 1', { lt: 1 }],
  ['multiple_of', { type: 'integer', multipleOf: 5 }, 3, 'Input should be a multiple of 5', { multiple_of: 5 }],
  [
    'string_too_short',
    { type: 'string', minLength: 3 },
    'a',
    'String should have at least 3 characters',
    { min_length: 3 },
  ],
  [
    'string_too_short',
    { type: 'string', minLength: 1 },
    '',
    'String should have at least 1 character',
    { min_length: 1 },
  ],
  [
    'string_too_long',
    { type: 'string', maxLength: 2 },
    'aaa',
    'String should have at most 2 characters',
    { max_length: 2 },
  ],
  [
    'too_short',
    { type: 'array', minItems: 1 },
    [],
    'List should have at least 1 item after validation, not 0',
    { field_type: 'List', min_length: 1, actual_length: 0 },
  ],
  [
    'too_long',
    { type: 'array', maxItems: 2 },
    [1, 2, 3],
    'List should have at most 2 items after validation, not 3',
    { field_type: 'List', max_length: 2, actual_length: 3 },
  ],
  [
    'json_schema_minProperties',
    { type: 'object', minProperties: 1 },
    {},
    'Input must NOT have fewer than 1 properties',
  ],
  ['json_schema_not', { type: 'string', not: { const: 'a' } }, 'a', 'Input must NOT be valid'],
  ['json_schema_oneOf', { oneOf: [{ minimum: 1 }, { maximum: 5 }] }, 3, 'Input must match exactly one schema in oneOf'],
];

describe('each fault in its exact words', () => {
  for (const [type, schema, input, msg, ctx] of MESSAGES) {
    test(`${type}: ${msg}`, () => {
      const expected = { type, loc: ['body', 'x'], msg, input };
      assert.deepEqual(ofMember(schema, input), [ctx === undefined ? expected : { ...expected, ctx }]);
    });
  }
});

describe('bodies', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  const none = { type: 'object', properties: {} };

  test('no body means no arguments', () => {
    assert.deepEqual(compileArguments(schema).check(undefined), { ok: true, value: {} });
    assert.equal(problems({ ...schema, required: ['a'] }, undefined)[0]?.type, 'missing');
  });
  test('null is a missing body', () => {
    assert.deepEqual(problems(schema, null), [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]);
  });
  test('anything but an object is refused', () => {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    for (const input of [[], 'x', 5, true]) {
      assert.deepEqual(problems(schema, input), [{ type: 'model_attributes_type', loc: ['body'], msg, input }]);
    }
  });
  test('a tool without arguments takes any body', () => {
    for (const body of [undefined, null, 'x', [], 5]) assert.deepEqual(accepted(none, body), {});
    assert.equal(compileArguments(none).declaresProperties, false);
    assert.equal(compileArguments(schema).declaresProperties, true);
    assert.equal(compileArguments({ anyOf: [schema] }).declaresProperties, true);
  });
  test('a tool that names no arguments gets what is sent, unless it is closed', () => {
    assert.deepEqual(accepted({ type: 'object' }, { a: null }), { a: null });
    assert.deepEqual(accepted({ ...none, additionalProperties: false }, { a: 1 }), {});
  });
});

describe('places and order', () => {
  test('all faults, in schema order, whoever found them', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { type: 'string', minLength: 2 },
        b: { type: 'integer' },
        c: {
          type: 'array',
          items: { type: 'object', properties: { n: { type: 'integer', maximum: 3 } }, required: ['n'] },
        },
        d: { type: 'boolean' },
      },
      required: ['d', 'a'],
    };
    const found = problems(schema, { c: [{ n: 5 }, {}, { n: 'x' }], b: 'x', a: '' });
    assert.deepEqual(
      found.map(({ type, loc }) => [type, ...loc]),
      [
        ['string_too_short', 'body', 'a'],
        ['int_parsing', 'body', 'b'],
        ['less_than_equal', 'body', 'c', 0, 'n'],
        ['missing', 'body', 'c', 1, 'n'],
        ['int_parsing', 'body', 'c', 2, 'n'],
        ['missing', 'body', 'd'],
      ],
    );
    assert.deepEqual(found[3]?.input, {});
  });

  test('branches of unions are named as mcpo names them', () => {
    const model = (name: string): unknown => ({
      type: 'object',
      properties: { [name]: { type: 'integer' } },
      required: [name],
    });
    const locs = (x: unknown, input: unknown): unknown =>
      problems({ type: 'object', properties: { x } }, { x: input }, 'tool').map(({ loc }) => loc.slice(2));
    const strings = { type: 'array', items: { type: 'string' } };
    assert.deepEqual(
      locs(
        {
          anyOf: [
            { type: 'integer' },
            { type: 'number' },
            { type: 'boolean' },
            strings,
            { type: 'object' },
            { type: 'null' },
          ],
        },
        'x',
      ),
      [['int'], ['float'], ['bool'], ['list[str]'], ['dict[str,any]']],
    );
    assert.deepEqual(locs({ anyOf: [strings, { type: 'string' }] }, [5]), [['list[str]', 0], ['str']]);
    assert.deepEqual(locs({ anyOf: [model('a'), model('b'), { type: 'array', items: model('c') }] }, {}), [
      ['tool_form_model_x_choice_0_model', 'a'],
      ['tool_form_model_x_choice_1_model', 'b'],
      ['list[tool_form_model_x_choice_2_item_model]'],
    ]);
    assert.deepEqual(
      locs({ anyOf: [{ type: 'array', items: { type: ['integer', 'string'] } }, { type: 'string' }] }, [[]]),
      [['list[union[int,str]]', 0, 'int'], ['list[union[int,str]]', 0, 'str'], ['str']],
    );
    assert.deepEqual(locs({ anyOf: [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, { type: 'integer' }] }, 'x'), [
      [],
    ]);
  });

  test('a fault is reported once', () => {
    assert.equal(ofMember({ type: 'string', enum: ['a'], anyOf: [{ enum: ['a'] }] }, 'x').length, 1);
    assert.equal(ofMember({ anyOf: [{ type: 'string', minLength: 3 }, { type: 'null' }] }, 'a').length, 1);
    assert.deepEqual(
      problems({ type: 'object', properties: { a: {} }, required: ['a'], allOf: [{ required: ['a'] }] }, {}).map(
        ({ type }) => type,
      ),
      ['missing'],
    );
  });

  test('needs between members are checked', () => {
    const either = { type: 'object', properties: { a: {}, b: {} }, anyOf: [{ required: ['a'] }, { required: ['b'] }] };
    assert.deepEqual(accepted(either, { b: 1 }), { b: 1 });
    assert.deepEqual(
      problems(either, {}).map(({ type, loc }) => [type, ...loc]),
      [
        ['missing', 'body', 'a'],
        ['missing', 'body', 'b'],
      ],
    );
    const conditional = {
      type: 'object',
      properties: { kind: { type: 'string' }, size: { type: 'integer' } },
      if: { properties: { kind: { const: 'box' } }, required: ['kind'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: { required: ['size'] },
    };
    assert.deepEqual(
      problems(conditional, { kind: 'box' }).map(({ loc }) => loc),
      [['body', 'size']],
    );
    assert.deepEqual(accepted(conditional, { kind: 'bag' }), { kind: 'bag' });
  });

  test('members that need each other, in the words of old and new drafts', () => {
    for (const keyword of ['dependencies', 'dependentRequired']) {
      const schema = { type: 'object', properties: { a: {}, b: {} }, [keyword]: { a: ['b'] } };
      assert.deepEqual(
        problems(schema, { a: 1 }).map(({ type, loc }) => [type, ...loc]),
        [['missing', 'body', 'b']],
      );
    }
    const schema = {
      type: 'object',
      properties: { a: {} },
      dependencies: { a: { properties: { b: { type: 'integer' } } } },
    };
    assert.equal(problems(schema, { a: 1, b: 'x' })[0]?.type, 'int_type');
  });

  test('members of alternatives at the top are coerced', () => {
    const schema = {
      type: 'object',
      oneOf: [
        { properties: { id: { type: 'integer' } }, required: ['id'], additionalProperties: false },
        { properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false },
      ],
    };
    assert.deepEqual(accepted(schema, { id: '5' }), { id: 5 });
    assert.notEqual(problems(schema, { id: 5, name: 'x' }).length, 0);
  });

  test('two closed parts of an allOf do not shut each other out', () => {
    const part = (name: string): unknown => ({
      type: 'object',
      properties: { [name]: { type: 'integer' } },
      additionalProperties: false,
    });
    assert.deepEqual(accepted({ allOf: [part('a'), part('b')] }, { a: '1', b: 2, c: 3 }), { a: 1, b: 2 });
  });

  test('patterns, formats and uniqueness are left to the server', () => {
    const x = { type: 'string', pattern: '^(a+)+$', format: 'date' };
    assert.deepEqual(ofMember(x, `${'a'.repeat(50)}!`), []);
    assert.deepEqual(ofMember({ type: 'array', uniqueItems: true }, [1, 1]), []);
  });
});
