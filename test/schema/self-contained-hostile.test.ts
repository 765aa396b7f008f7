/** Schemas made to exhaust whoever makes them self-contained: the work is bounded, and what comes out can be written. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Budget, DEEPEST_LEVEL, MOST_NODES, MOST_OF_TOOL } from '../../src/schema/budget.ts';
import { isRecord } from '../../src/schema/json-schema.ts';
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
