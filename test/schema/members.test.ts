/** Objects in arguments: unions of them, nulls, defaults, and keys that no schema knows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileArguments } from '../../src/schema/arguments.ts';

/** What becomes of a member `x`: its value, or the types of its faults. */
function coerced(schema: unknown, x: unknown): unknown {
  const checked = compileArguments({ type: 'object', properties: { x: schema } }).check({ x });
  return checked.ok ? checked.value : checked.problems.map(({ type, loc }) => [type, ...loc.slice(2)]);
}

describe('unions of objects', () => {
  const shape = (kind: string, type: string): unknown => ({
    type: 'object',
    properties: { kind: { const: kind }, n: { type } },
    required: ['kind'],
  });
  const schema = { anyOf: [shape('a', 'integer'), shape('b', 'string')] };
  test('the branch is chosen by its constant', () => {
    assert.deepEqual(coerced(schema, { kind: 'b', n: '5' }), { x: { kind: 'b', n: '5' } });
    assert.deepEqual(coerced(schema, { kind: 'a', n: '5' }), { x: { kind: 'a', n: 5 } });
  });
  test('the branch with more of its members given wins', () => {
    const members = (...names: string[]): unknown => ({
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, { type: 'integer' }])),
      additionalProperties: false,
    });
    assert.deepEqual(coerced({ anyOf: [members('a'), members('a', 'b')] }, { a: 1, b: '2' }), { x: { a: 1, b: 2 } });
  });
});

describe('nulls, defaults and unknown keys', () => {
  const schema = {
    type: 'object',
    properties: {
      required: { type: ['string', 'null'], default: 'never' },
      optional: { type: ['string', 'null'] },
      free: {},
      count: { type: 'integer', default: 3 },
      none: { type: 'string', default: null },
      inner: { type: 'object', properties: { deep: { type: 'boolean', default: false } } },
    },
    required: ['required'],
  };
  const check = (body: unknown): unknown => compileArguments(schema).check(body);

  test('defaults fill in at every level that is given', () => {
    assert.deepEqual(check({ required: 'a', inner: {} }), {
      ok: true,
      value: { required: 'a', count: 3, inner: { deep: false } },
    });
  });
  test('nulls of optional members are left out, those of required ones stay', () => {
    assert.deepEqual(check({ required: null, optional: null, free: null }), {
      ok: true,
      value: { required: null, count: 3 },
    });
  });
  test('null for an optional member that may not be null is a fault', () => {
    assert.deepEqual(coerced({ type: 'string' }, null), [['string_type']]);
  });
  test('a default of a required member is not used', () => {
    assert.deepEqual(check({}), {
      ok: false,
      problems: [{ type: 'missing', loc: ['body', 'required'], msg: 'Field required', input: {} }],
    });
  });
  test('a default that breaks its own schema is sent all the same', () => {
    const broken = {
      type: 'object',
      properties: {
        a: { type: 'integer', default: 'auto', minimum: 1 },
        o: { type: 'object', default: {}, required: ['x'] },
      },
    };
    assert.deepEqual(compileArguments(broken).check({}), { ok: true, value: { a: 'auto', o: {} } });
  });
  test('unknown keys are kept, or dropped where the schema is closed', () => {
    const at = (additionalProperties: unknown): unknown =>
      compileArguments({ type: 'object', properties: { a: {} }, additionalProperties }).check({ z: 1, a: 2 });
    assert.deepEqual(at(undefined), { ok: true, value: { a: 2, z: 1 } });
    assert.deepEqual(at(true), { ok: true, value: { a: 2, z: 1 } });
    assert.deepEqual(at(false), { ok: true, value: { a: 2 } });
  });
  test('what may match a pattern is not unknown', () => {
    const schema_ = {
      type: 'object',
      properties: { a: {} },
      patternProperties: { '^x-': {} },
      additionalProperties: false,
    };
    assert.deepEqual(compileArguments(schema_).check({ 'x-1': 1 }), { ok: true, value: { 'x-1': 1 } });
  });
  test('the body itself is not changed', () => {
    const body = Object.freeze({ required: 'a', count: '5', optional: null });
    assert.deepEqual(check(body), { ok: true, value: { required: 'a', count: 5 } });
  });
});
