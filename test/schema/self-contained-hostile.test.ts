/** Schemas made to exhaust whoever makes them self-contained: the work is bounded, and what comes out can be written. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Budget, DEEPEST_LEVEL, MOST_NODES, MOST_OF_TOOL } from '../../src/schema/budget.ts';
import { isRecord } from '../../src/schema/json-schema.ts';
import { jsonLength, sameJson } from '../../src/schema/same-json.ts';
import { selfContained, selfContainedObject } from '../../src/schema/self-contained.ts';
import { eachNode, HOSTILE, laughs, nested, round } from './fixtures.ts';

describe('hostile schemas', () => {
  for (const [name, schema] of Object.entries(HOSTILE)) {
    test(`${name}: finite, free of references, typed throughout`, () => {
      let nodes = 0;
      for (const out of [selfContained(schema), selfContainedObject(schema)]) {
        assert.ok(JSON.stringify(out).length < 2_000_000);
        eachNode(out, (node, place) => {
          nodes += 1;
          assert.ok(isRecord(node), `${place} is no schema object`);
          assert.equal(node.$ref, undefined, place);
          assert.ok(node.type !== undefined || Array.isArray(node.anyOf), `${place} has no type`);
          for (const keyword of ['$defs', 'definitions', 'allOf', 'oneOf', 'not', '$id', '$schema']) {
            assert.equal(Object.hasOwn(node, keyword), false, `${place} has ${keyword}`);
          }
          const types = [node.type].flat();
          if (types.includes('array')) assert.ok(isRecord(node.items), `${place} has no items`);
        });
      }
      // Each node of the budget may be written as "anything", and leaves beyond it are cut.
      assert.ok(nodes < 2 * MOST_NODES * 20, `${nodes} nodes`);
    });
  }

  test('a billion laughs is cut at the budget, not expanded', () => {
    for (const join of [
      (next: unknown) => ({ anyOf: [next, { ...Object(next), title: 'again' }] }),
      (next: unknown) => ({ type: 'object', properties: { a: next, b: next } }),
    ]) {
      let nodes = 0;
      const out = selfContained(laughs(join));
      eachNode(out, () => {
        nodes += 1;
      });
      assert.ok(nodes > 1_000 && nodes < 3 * MOST_NODES, `${nodes} nodes`);
      assert.match(JSON.stringify(out), /too large/);
    }
  });

  for (const [what, schema] of [
    ['members', round(100)],
    ['a great many members', round(2_000)],
    ['long names', round(20, 'k'.repeat(5_000))],
    ['patterns', roundOf('patternProperties')],
    ['required names', manyRequired()],
  ] as const) {
    test(`${what}, over and over: what is cut is paid for too, and the schemas of a tool stay below the limit`, () => {
      const budget = new Budget();
      const both = [selfContainedObject(schema, budget), selfContained(schema, budget)];
      const text = JSON.stringify(both);
      assert.ok(text.length < 1.5 * MOST_OF_TOOL, `${text.length} characters`);
      assert.match(text, /too large/);
    });
  }

  test('an object that is cut short asks for no member that is not there, and forbids none', () => {
    const properties = Object.fromEntries(Array.from({ length: 90_000 }, (_, at) => [`k${at}`, { type: 'string' }]));
    const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
    for (const out of [selfContainedObject(schema), selfContained(schema)]) {
      const written = Object.keys(out.properties as object);
      assert.ok(written.length > 1_000 && written.length < 90_000);
      assert.ok(((out.required ?? []) as string[]).every((name) => Object.hasOwn(out.properties as object, name)));
      assert.equal(out.additionalProperties, undefined);
    }
  });

  test('beyond the nodes members are cut, but named', () => {
    const large = laughs((next) => ({ type: 'object', properties: { a: next, b: next } })) as { properties: object };
    const out = selfContainedObject({ ...large, properties: { ...large.properties, last: { type: 'integer' } } });
    assert.deepEqual((out.properties as Record<string, unknown>).last, {
      type: 'integer',
      description: 'Not described further: the schema is too large.',
    });
  });

  test('nesting is cut at the deepest level', () => {
    let deepest = 0;
    eachNode(selfContained(nested(10_000)), (_node, place) => {
      deepest = Math.max(deepest, place.split('/properties/').length - 1);
    });
    assert.equal(deepest, DEEPEST_LEVEL + 1);
  });

  test('a member named __proto__ is a member, and nothing is polluted', () => {
    const { properties } = selfContainedObject(HOSTILE['a prototype']);
    assert.deepEqual(Object.keys(properties as object), ['__proto__', 'constructor', 'toString', 'hasOwnProperty']);
    assert.equal(Object.getPrototypeOf(properties), Object.prototype);
    assert.equal(({} as { evil?: unknown }).evil, undefined);
  });
});

describe('what a schema makes many nodes look at', () => {
  test('a long chain behind a single alternative is followed for each reference to it, not at each place where those stand', () => {
    let reads = 0;
    const end = counted({ title: 'end' }, 'title', () => {
      reads += 1;
    });
    const only = { anyOf: [{ $ref: '#/$defs/n0' }] };
    const out = selfContained(manyPlaces(only, { ...chain(90), n90: end }));
    assert.ok(JSON.stringify(out).includes('"title":"end"'));
    assert.ok(reads < 50, `read ${reads} times`);
  });

  test('a single alternative is folded alike at every place', () => {
    const { properties } = selfContained({
      properties: { a: { $ref: '#/$defs/x' }, b: { $ref: '#/$defs/x', title: 'B' }, c: { $ref: '#/$defs/x' } },
      $defs: { x: { anyOf: [{ $ref: '#/$defs/y' }], description: 'one' }, y: { type: 'string', maxLength: 3 } },
    });
    const folded = { description: 'one', maxLength: 3, type: 'string' };
    assert.deepEqual(properties, { a: folded, b: { ...folded, title: 'B' }, c: folded });
  });

  test('links are paid for, also those that lead to nothing', () => {
    const budget = new Budget();
    const links = Array.from({ length: 199 }, () => 0);
    const text = JSON.stringify(
      selfContained(
        places(4_000, () => ({ $ref: '#/$defs/n0' }), chain(99, links)),
        budget,
      ),
    );
    assert.ok(budget.isFull);
    assert.ok(text.length < 100_000, `${text.length} characters`);
    assert.match(text, /too large/);
  });

  test('parts that are joined are paid for, and the next tool of the document has so much less', () => {
    const names = Array.from({ length: 1_000 }, (_, at) => `k${at}`);
    const big = Object.fromEntries(names.map((name) => [name, 0]));
    const others = names.slice(0, 190).map((name) => ({ [name]: 0, $ref: '#/$defs/c' }));
    const budget = new Budget();
    selfContained(
      { $defs: { b: { ...big, $ref: '#/$defs/c' }, c: big }, allOf: [{ $ref: '#/$defs/b' }, ...others] },
      budget,
    );
    assert.ok(budget.taken > 500_000, `${budget.taken} taken`);
  });

  test('a chain is not followed to an end that is too far, at none of the places where it begins', () => {
    let reads = 0;
    const far = counted({ $ref: '#/$defs/n901' }, '$ref', () => {
      reads += 1;
    });
    const refs = Object.fromEntries(Array.from({ length: 999 }, (_, at) => [`n${at}`, { $ref: `#/$defs/n${at + 1}` }]));
    const out = selfContained(places(100, () => ({ $ref: '#/$defs/n0' }), { ...refs, n900: far, n999: {} }));
    assert.equal(Object.keys(out.properties as object).length, 100);
    assert.equal(reads, 0);
  });

  for (const [what, node] of [
    ['const', (value: unknown) => ({ const: value })],
    ['a nullable enum', (value: unknown) => ({ enum: [value], nullable: true })],
    ['what must not be', (value: unknown) => ({ not: { const: value } })],
  ] as const) {
    test(`a value that is too long is measured once: ${what}`, () => {
      let reads = 0;
      const long = counted({ long: 'x'.repeat(2 * MOST_OF_TOOL) }, 'long', () => {
        reads += 1;
      });
      const text = JSON.stringify(selfContained(manyPlaces(node(long))));
      assert.ok(reads < 10, `read ${reads} times`);
      assert.doesNotMatch(text, /xxx/);
    });
  }

  test('long values that two lists have in common are not compared at each place, and stay', () => {
    let reads = 0;
    const long = counted({ long: Array.from({ length: 20_000 }, () => 0) }, 'long', () => {
      reads += 1;
    });
    const lists = { a: { enum: [long] }, b: { enum: [{ long: [1] }, JSON.parse(JSON.stringify(long))] } };
    const both = (): unknown => ({ allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }] });
    const { properties } = selfContained(places(1_000, both, lists));
    assert.deepEqual((properties as Record<string, { enum: unknown }>).p0?.enum, [long]);
    assert.ok(reads < 200, `read ${reads} times`);
  });

  test('short values that two lists have in common are found, whatever their kind', () => {
    const first = [1, 'a', { x: 1, y: [2] }, 10n ** 20n, [], null, 3];
    const second: unknown[] = [{ y: [2], x: 1 }, null, 1e20, 'a', '1', 3, { toString: 1 }];
    const out = selfContained({ properties: { a: { allOf: [{ enum: first }, { enum: second }] } } });
    assert.deepEqual((out.properties as { a: { enum: unknown } }).a.enum, ['a', { x: 1, y: [2] }, 10n ** 20n, null, 3]);
  });

  test('a list that is too long is not read to find that out', () => {
    let reads = 0;
    const list = new Proxy(
      Array.from({ length: 10_000 }, () => 0),
      {
        get: (target, key) => {
          reads += 1;
          return Reflect.get(target, key) as unknown;
        },
      },
    );
    assert.equal(jsonLength({ list }, 1_000), undefined);
    assert.ok(reads < 10, `read ${reads} times`);
  });

  test('a bigint is no object, whatever that object says of itself', () => {
    assert.equal(sameJson(10n ** 20n, { toString: 1, valueOf: 1 }), false);
    assert.equal(sameJson(10n ** 20n, [1e20]), false);
    assert.equal(sameJson(10n ** 20n, 1e20), true);
  });
});

/** The same object, that tells when one of its members is read. */
function counted(record: Record<string, unknown>, key: string, onRead: () => void): Record<string, unknown> {
  const value = record[key];
  return Object.defineProperty({ ...record }, key, {
    enumerable: true,
    get: () => {
      onRead();
      return value;
    },
  });
}

/** So many members of one kind. */
function places(count: number, member: () => unknown, $defs: Record<string, unknown>): Record<string, unknown> {
  return {
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, member()])),
    $defs,
  };
}

/** One node that stands at as many places as a document may have. */
function manyPlaces(node: unknown, defs: Record<string, unknown> = {}): Record<string, unknown> {
  const level = (to: string): unknown => places(20, () => ({ $ref: `#/$defs/${to}` }), {});
  return {
    ...places(1, () => ({ $ref: '#/$defs/a' }), { ...defs, a: level('b'), b: level('c'), c: level('node'), node }),
  };
}

/** Definitions n0 to n<length> of which each leads to the next alone, and to other links. */
function chain(length: number, links: readonly unknown[] = []): Record<string, unknown> {
  const next = (at: number): unknown => ({ allOf: [{ $ref: `#/$defs/n${at + 1}` }, ...links] });
  return { ...Object.fromEntries(Array.from({ length }, (_, at) => [`n${at}`, next(at)])), [`n${length}`]: {} };
}

function roundOf(keyword: string): unknown {
  const { properties, $defs, ...rest } = round(100);
  const defs = Object.entries($defs as Record<string, { properties: unknown }>);
  const renamed = defs.map(([name, { properties: members }]) => [name, { type: 'object', [keyword]: members }]);
  return { ...rest, properties, $defs: Object.fromEntries(renamed) };
}

function manyRequired(): unknown {
  const required = Array.from({ length: 5_000 }, (_, at) => `required ${at}`);
  const many = { type: 'object', required };
  const properties = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`p${at}`, { $ref: '#/$defs/many' }]));
  return { type: 'object', properties, $defs: { many } };
}
