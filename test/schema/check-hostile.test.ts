/** Schemas and bodies made to make the checks of Ajv long, large or blind. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ArgumentProblem, compileArguments } from '../../src/schema/arguments.ts';

const integers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

function members(count: number, of: (at: number) => unknown): Record<string, unknown> {
  return Object.fromEntries(integers(count).map((at) => [`p${at}`, of(at)]));
}

/** What is wrong with `a`, of which every item is of one kind. */
function problemsOfItems(items: unknown, value: unknown): readonly ArgumentProblem[] {
  return problems({ type: 'object', properties: { a: { type: 'array', items } } }, { a: value });
}

function problems(schema: unknown, body: unknown): readonly ArgumentProblem[] {
  const checked = compileArguments(schema).check(body);
  return checked.ok ? [] : checked.problems;
}

describe('the code of a check', () => {
  const schema = (size: number, uses: number): unknown => ({
    type: 'object',
    properties: members(uses, () => ({ $ref: '#/$defs/big' })),
    $defs: { big: { type: 'object', properties: members(size, () => ({ type: 'string', minLength: 2 })) } },
  });
  test('does not repeat a definition wherever it is referred to', () => {
    assert.deepEqual(problems(schema(100, 500), {}), []);
    const found = problems(schema(100, 500), { p3: { p4: 'x' } });
    assert.deepEqual(
      found.map(({ type, loc }) => [type, ...loc]),
      [['string_too_short', 'body', 'p3', 'p4']],
    );
  });
  test('that overflows the stack is not held against the caller, however often he calls', () => {
    const allOf = integers(1_900).map((minimum) => ({ minimum: minimum + 1 }));
    const checker = compileArguments({ type: 'object', properties: { a: { type: 'array', items: { allOf } } } });
    for (const body of [{}, { a: [0] }, { a: [0] }]) assert.deepEqual(checker.check(body), { ok: true, value: body });
  });
  test('does not grow with the square of the names that depend on a member', () => {
    const dependent = (count: number): unknown => ({
      type: 'object',
      properties: { a: { type: 'integer' } },
      dependentRequired: { a: integers(count).map((at) => `n${at}`) },
    });
    assert.equal(problems(dependent(100), { a: 1 }).length, 100);
    assert.deepEqual(problems(dependent(400), { a: 1 }), []);
  });
  test('of a member named enum is counted like any other', () => {
    const anyOf = integers(60).map(() => ({ anyOf: integers(60).map((at) => ({ minimum: at + 1 })) }));
    assert.deepEqual(problems({ type: 'object', properties: { enum: { anyOf } } }, { enum: 0 }), []);
  });
});

describe('the work of a check', () => {
  test('that is too much is left to the server, and only then', () => {
    const anyOf = integers(1_900).map((at) => ({ minimum: at + 1 }));
    assert.ok(problemsOfItems({ anyOf }, new Array(10).fill(0)).length > 0);
    assert.deepEqual(problemsOfItems({ anyOf }, new Array(3_000).fill(0)), []);
  });
  test('is counted over all levels and all items together', () => {
    const lists = [{ type: 'array', items: { $ref: '#/$defs/t' } }];
    const schema = {
      type: 'object',
      properties: { t: { $ref: '#/$defs/t' } },
      $defs: { t: { anyOf: [...lists, { ...lists[0], maxItems: 9_000 }, { type: 'integer', maximum: 5 }] } },
    };
    const nested = (levels: number, items: number): unknown => {
      let t: unknown = new Array(items).fill(9);
      for (let level = 0; level < levels; level += 1) t = [t];
      return { t };
    };
    assert.ok(problems(schema, nested(3, 10)).length > 0);
    assert.deepEqual(problems(schema, nested(12, 3_000)), []);
  });
  test('counts the characters of a text that is measured', () => {
    const a = { type: 'string', allOf: integers(900).map((at) => ({ maxLength: at })) };
    const schema = { type: 'object', properties: { a } };
    assert.ok(problems(schema, { a: 'x'.repeat(1_000) }).length > 0);
    assert.deepEqual(problems(schema, { a: 'x'.repeat(1_000_000) }), []);
  });
  test('counts the values of a list, and what is in them', () => {
    const values = integers(1_000).map((at) => ({ l: integers(100), z: at }));
    const other = { l: integers(100), z: -1 };
    assert.equal(problemsOfItems({ enum: values }, [other]).length, 1);
    assert.deepEqual(problemsOfItems({ enum: values }, new Array(1_000).fill(other)), []);
  });
});

describe('the faults of a check', () => {
  test('are not all looked for where there could be too many', () => {
    const items = { type: 'object', required: integers(300).map((at) => `r${at}`) };
    assert.equal(problemsOfItems(items, new Array(2_000).fill({})).length, 1);
    assert.equal(problemsOfItems(items, [{}]).length, 200);
  });
  test('do not each repeat a long name on their way', () => {
    const a = { type: 'object', additionalProperties: { type: 'array', items: { minimum: 1 } } };
    const name = 'n'.repeat(100_000);
    const found = problems({ type: 'object', properties: { a } }, { a: { [name]: new Array(300).fill(0) } });
    assert.ok(found.length > 0 && found.length <= 5, `${found.length} faults`);
  });
  test('tell a list of usual length in full, and of a longer one the beginning', () => {
    const listed = (count: number): unknown => ({ enum: [{}, ...integers(count).map((at) => `country ${at}`)] });
    const [usual] = problemsOfItems(listed(300), ['y']);
    assert.match(usual?.msg ?? '', /^Input should be \{\}, 'country 0', .*, 'country 298' or 'country 299'$/);
    const [long] = problemsOfItems(listed(40_000), ['y']);
    assert.match(long?.msg ?? '', /^Input should be \{\}, 'country 0', .*, \.\.\.$/);
    assert.ok((long?.msg.length ?? 0) < 13_000);
    const [text] = problemsOfItems({ enum: ['x'.repeat(100_000)] }, ['y']);
    assert.ok((text?.msg.length ?? 0) < 13_000);
  });
  test('deep in a body are told once, those of a union by what its branches say', () => {
    const node = {
      type: 'object',
      properties: { name: { anyOf: [{ type: 'string', minLength: 1 }, { type: 'integer' }] }, child: { $ref: '#' } },
    };
    let body: unknown = { name: '' };
    for (let level = 0; level < 300; level += 1) body = { name: 'x', child: body };
    const found = problems(node, body);
    assert.deepEqual(
      found.map(({ type, loc }) => [type, loc.length, loc.at(-1)]),
      [['string_too_short', 302, 'name']],
    );
  });
});
