import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEEPEST_LEVEL, MOST_NODES } from '../../src/schema/budget.ts';
import { isRecord } from '../../src/schema/json-schema.ts';
import { selfContained, selfContainedObject } from '../../src/schema/self-contained.ts';
import { eachNode, HOSTILE, laughs, nested } from './fixtures.ts';

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
