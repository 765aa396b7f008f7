/** Arguments and schemas made to do harm: recursion, huge integers, prototypes, costly patterns. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ArgumentProblem, compileArguments } from '../../src/schema/arguments.ts';
import { HOSTILE, laughs, round } from './fixtures.ts';

function problems(schema: unknown, body: unknown): readonly ArgumentProblem[] {
  const checked = compileArguments(schema).check(body);
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

describe('recursion', () => {
  const schema = {
    type: 'object',
    properties: { tree: { $ref: '#/$defs/node' } },
    $defs: {
      node: {
        type: 'object',
        properties: {
          value: { type: 'integer', maximum: 9 },
          children: { type: 'array', items: { $ref: '#/$defs/node' } },
        },
        required: ['value'],
      },
    },
  };
  test('is followed as deep as the body goes', () => {
    const tree = { value: '1', children: [{ value: '2', children: [{ value: '3' }] }] };
    assert.deepEqual(accepted(schema, { tree }), {
      tree: { value: 1, children: [{ value: 2, children: [{ value: 3 }] }] },
    });
    const found = problems(schema, { tree: { value: 1, children: [{ value: 10 }, {}] } });
    assert.deepEqual(
      found.map(({ type, loc }) => [type, ...loc]),
      [
        ['less_than_equal', 'body', 'tree', 'children', 0, 'value'],
        ['missing', 'body', 'tree', 'children', 1, 'value'],
      ],
    );
  });
  test('a body that is nested too deeply is refused, not fatal', () => {
    let tree: unknown = { value: 1 };
    for (let level = 0; level < 100_000; level += 1) tree = { value: 1, children: [tree] };
    assert.deepEqual(problems(schema, { tree }), [
      { type: 'recursion_loop', loc: ['body'], msg: 'Input is nested too deeply', input: null },
    ]);
  });
});

describe('bigints', () => {
  const schema = { type: 'object', properties: { id: { type: 'integer', minimum: 5 }, free: {} } };
  test('pass as integers and are compared', () => {
    assert.deepEqual(accepted(schema, { id: 2n ** 60n, free: [2n ** 61n] }), { id: 2n ** 60n, free: [2n ** 61n] });
    assert.deepEqual(problems(schema, { id: -(2n ** 60n) })[0], {
      type: 'greater_than_equal',
      loc: ['body', 'id'],
      msg: 'Input should be greater than or equal to 5',
      input: -(2n ** 60n),
      ctx: { ge: 5 },
    });
  });
  test('in a schema are understood', () => {
    assert.deepEqual(ofMember({ enum: [2n ** 60n] }, 2n ** 60n), []);
    assert.equal(ofMember({ type: 'integer', maximum: 2n ** 60n }, 2n ** 61n)[0]?.type, 'less_than_equal');
  });
});

describe('prototypes', () => {
  const schema = HOSTILE['a prototype'];
  test('such names are plain members', () => {
    const body = JSON.parse('{"__proto__":"a","constructor":"b","toString":"5","hasOwnProperty":1}');
    const value = accepted(schema, body) as object;
    assert.equal(JSON.stringify(value), '{"__proto__":"a","constructor":"b","toString":5,"hasOwnProperty":1}');
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });
  test('an absent one is absent', () => {
    assert.deepEqual(accepted(schema, { hasOwnProperty: 1 }), { toString: 1, hasOwnProperty: 1 });
    assert.deepEqual(
      problems(schema, {}).map(({ type, loc }) => [type, ...loc]),
      [['missing', 'body', 'hasOwnProperty']],
    );
  });
  test('an unknown __proto__ of a body changes no prototype', () => {
    const value = accepted(
      { type: 'object', properties: { a: {} } },
      JSON.parse('{"__proto__":{"evil":1},"a":2}'),
    ) as object;
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(({} as { evil?: unknown }).evil, undefined);
    assert.deepEqual(Object.keys(value), ['a', '__proto__']);
  });
});

describe('hostile schemas', () => {
  const bodies = [{}, { a: 1, x: { lol: 1 }, t: [[[]]], root: { node: {} }, no: 1 }, [], null];
  for (const [name, schema] of Object.entries(HOSTILE)) {
    test(`${name}: answers`, () => {
      for (const body of bodies) assert.equal(typeof compileArguments(schema).check(body).ok, 'boolean');
    });
  }
  test('a schema that cannot be compiled still coerces and asks for what is required', () => {
    const { $defs } = laughs((next) => ({
      allOf: Array.from({ length: 10 }, (_, at) => ({ allOf: [next], title: `${at}` })),
    })) as { $defs: unknown };
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer', maximum: 3 }, x: { $ref: '#/$defs/l0' } },
      required: ['n'],
      $defs,
    };
    assert.deepEqual(accepted(schema, { n: '5' }), { n: 5 });
    assert.equal(problems(schema, {})[0]?.type, 'missing');
  });
  test('a body cannot make a recursive union try for ever', () => {
    let t: unknown = ['x'];
    for (let level = 0; level < 60; level += 1) t = [t];
    assert.equal(typeof compileArguments(HOSTILE['laughs of recursion']).check({ t }).ok, 'boolean');
  });
  test('members beyond the limit are passed on unread, not planned a thousand times', () => {
    const flat = { type: 'object', properties: Object.fromEntries(manyMembers(6_000)) };
    assert.deepEqual(accepted(flat, { k1: '1', k5999: '1' }), { k1: 1, k5999: '1' });
  });
  test('the name of a branch does not grow with every level', () => {
    const { $defs } = round(2);
    const x = { anyOf: [{ $ref: '#/$defs/l0' }, { type: 'integer' }] };
    const found = problems(
      { type: 'object', properties: { ['n'.repeat(5_000)]: x }, $defs },
      {
        ['n'.repeat(5_000)]: 'text',
      },
    );
    assert.ok(found.length > 0);
    for (const { loc } of found) assert.ok(String(loc[2]).length < 1_100);
  });
  test('a large body with many faults gives a short list', () => {
    const x = { type: 'array', items: { type: 'integer', minimum: 1 } };
    assert.ok(ofMember(x, new Array(100_000).fill('x')).length <= 200);
    assert.ok(ofMember(x, new Array(100_000).fill(0)).length <= 200);
  });
});

function manyMembers(count: number): [string, unknown][] {
  return Array.from({ length: count }, (_, at) => [`k${at}`, { type: 'integer' }]);
}
