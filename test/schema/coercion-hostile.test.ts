/** Bodies and schemas that multiply each other: what is done and what is answered stays in proportion to the body. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileArguments } from '../../src/schema/arguments.ts';
import { newRun } from '../../src/schema/coerce.ts';
import { planArguments } from '../../src/schema/plan.ts';

/** The coercion alone, without the checks that follow it. */
function coerce(schema: unknown, body: unknown): { readonly value: unknown; readonly found: number } {
  const run = newRun();
  const value = planArguments(schema, 't')(body, run);
  return { value, found: run.findings.length };
}

function listOf(items: unknown): unknown {
  return { type: 'object', properties: { rows: { type: 'array', items } } };
}

function members(count: number, member: unknown): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, member]));
}

function required(count: number): unknown {
  const properties = members(count, { type: 'string' });
  return { type: 'object', properties, required: Object.keys(properties) };
}

/** `{not: {not: ... null}}` against a filter that ends in a scalar. */
const FILTER = {
  type: 'object',
  properties: { where: { $ref: '#/$defs/f' } },
  $defs: {
    f: {
      anyOf: [
        { type: 'object', properties: { not: { $ref: '#/$defs/f' } }, required: ['not'] },
        { type: 'string' },
        { type: 'integer' },
      ],
    },
  },
};

function filter(depth: number): unknown {
  let where: unknown = null;
  for (let level = 0; level < depth; level += 1) where = { not: where };
  return { where };
}

function charactersOf(value: unknown): number {
  return JSON.stringify(value).length;
}

describe('work', () => {
  // The first three take from two to ten minutes when the schema is gone through anew for every item.
  test('a long enum in a union is not written down for every item that is not in it', () => {
    const names = Array.from({ length: 20_000 }, (_, at) => `country${at}`);
    const rows = new Array(100_000).fill('x');
    const { value, found } = coerce(listOf({ anyOf: [{ enum: names }, { type: 'string' }] }), { rows });
    assert.equal(found, 0);
    assert.deepEqual(value, { rows });
  });
  test('members that an object does not have are not looked for', () => {
    const rows = Array.from({ length: 300_000 }, () => ({ m7: '7' }));
    const { value } = coerce(listOf({ type: 'object', properties: members(4_000, { type: 'integer' }) }), { rows });
    assert.deepEqual((value as { rows: unknown[] }).rows.at(-1), { m7: 7 });
  });
  test('branches that fail do not note all their faults for every item', () => {
    const rows = Array.from({ length: 300_000 }, () => ({}));
    const { value, found } = coerce(listOf({ anyOf: [required(4_000), { type: 'object' }] }), { rows });
    assert.equal(found, 0);
    assert.deepEqual(value, { rows });
  });
  test('one object has as many faults as are told, and so has a union', () => {
    assert.equal(coerce(required(4_000), {}).found, 200);
    const branches = [{ ...Object(required(150)), title: 'a' }, required(151), required(152)];
    assert.equal(coerce({ type: 'object', properties: { x: { anyOf: branches } } }, { x: {} }).found, 200);
  });
});

describe('defaults', () => {
  const row = { type: 'object', properties: members(8, { type: 'string', default: '' }) };
  const filled = members(8, '');

  test('are filled into many rows', () => {
    const checked = compileArguments(listOf(row)).check({ rows: Array.from({ length: 10_000 }, () => ({})) });
    assert.deepEqual(checked, { ok: true, value: { rows: new Array(10_000).fill(filled) } });
  });
  test('do not make a small body into one that nobody can send', () => {
    const { value } = coerce(listOf(row), { rows: Array.from({ length: 1_000_000 }, () => ({})) });
    const { rows } = value as { rows: unknown[] };
    assert.equal(rows.length, 1_000_000);
    assert.deepEqual([rows[0], rows.at(-1)], [filled, {}]);
    assert.ok(charactersOf(value) < 25_000_000, String(charactersOf(value)));
  });
  test('are counted by their length', () => {
    const long = { type: 'object', properties: { text: { type: 'string', default: 'x'.repeat(1_000_000) } } };
    const { value } = coerce(listOf(long), { rows: Array.from({ length: 1_000 }, () => ({})) });
    assert.ok(charactersOf(value) < 25_000_000);
  });
  test('stay in the order of the schema, between members that are given', () => {
    const properties = { ...members(50, { type: 'integer' }), d: { default: 1 }, z: { type: 'integer' } };
    const { value } = coerce({ type: 'object', properties }, { other: 1, z: '3', m40: '2' });
    assert.equal(JSON.stringify(value), '{"m40":2,"d":1,"z":3,"other":1}');
  });
});

describe('what is told', () => {
  test('the same large input is not repeated for each fault', () => {
    const checked = compileArguments(required(20)).check({ other: 'y'.repeat(5_000_000), m0: 5 });
    assert.ok(!checked.ok);
    assert.equal(checked.problems.length, 20);
    assert.deepEqual(checked.problems[0], {
      type: 'string_type',
      loc: ['body', 'm0'],
      msg: 'Input should be a valid string',
      input: 5,
    });
    assert.ok(charactersOf(checked.problems) < 10_000);
  });
  test('an input of middling size is repeated as long as there is room', () => {
    const body = { other: 'y'.repeat(300_000) };
    const checked = compileArguments(required(20)).check(body);
    assert.ok(!checked.ok);
    const inputs = checked.problems.map(({ input }) => input).filter((input) => input !== undefined);
    assert.deepEqual(inputs, [body, body, body]);
  });
  test('places deep in the body fill a limited list, from the outermost member to the innermost', () => {
    const checked = compileArguments(FILTER).check(filter(900));
    assert.ok(!checked.ok);
    assert.ok(charactersOf(checked.problems) < 3_000_000, String(charactersOf(checked.problems)));
    const shallow = compileArguments(FILTER, 'tool').check(filter(1));
    assert.ok(!shallow.ok);
    const model = 'tool_form_model_where_choice_0_model';
    assert.deepEqual(
      shallow.problems.map(({ type, loc }) => [type, ...loc.slice(1)]),
      [
        ['model_attributes_type', 'where', model, 'not', model],
        ['string_type', 'where', model, 'not', 'str'],
        ['int_type', 'where', model, 'not', 'int'],
        ['string_type', 'where', 'str'],
        ['int_type', 'where', 'int'],
      ],
    );
  });
});

describe('large numbers', () => {
  const ofMember = (x: unknown, value: unknown): unknown =>
    coerce({ type: 'object', properties: { x } }, { x: value }).value;

  test('in an enum are found as a number and as a bigint', () => {
    assert.deepEqual(ofMember({ type: 'integer', enum: [1e20, 5] }, '100000000000000000000'), { x: 10n ** 20n });
    assert.deepEqual(ofMember({ type: 'number', enum: [10n ** 20n] }, '1e20'), { x: 1e20 });
  });
  test('are not taken for texts, whatever those begin with', () => {
    const found = (values: unknown[], x: unknown): number =>
      coerce({ type: 'object', properties: { x: { enum: values } } }, { x }).found;
    assert.deepEqual([found(['\x005'], 5), found([5], '\x005'), found(['\0\x005'], '\x005')], [1, 1, 1]);
    assert.deepEqual([found(['\x005'], '\x005'), found([5, 5.5], 5.5), found([0], -0)], [0, 0, 0]);
  });
  test('cannot be chosen so that a list of them is slow to look through', () => {
    // To V8 all of these are one in a set: at this number the file's own time would be over.
    const alike = Array.from({ length: 300_000 }, (_, at) => (BigInt(at + 1) << 64n) + 5n);
    assert.deepEqual(ofMember({ type: 'integer', enum: alike }, alike.at(-1)), { x: alike.at(-1) });
    assert.deepEqual(ofMember({ allOf: [{ enum: alike }, { enum: alike }] }, alike[0]), { x: alike[0] });
  });
  test('are not looked for in a list of thousands by every item', () => {
    const values = Array.from({ length: 20_000 }, (_, at) => 2n ** 60n + BigInt(at));
    const rows = new Array(1_000_000).fill(1);
    const { value } = coerce(listOf({ anyOf: [{ type: 'integer', enum: values }, { type: 'integer' }] }), { rows });
    assert.deepEqual(value, { rows });
  });
});
