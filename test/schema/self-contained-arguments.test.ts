/** The schema of a tool's arguments as a whole, as documents have it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRecord } from '../../src/schema/json-schema.ts';
import { selfContainedObject } from '../../src/schema/self-contained.ts';
import { ANYTHING } from '../../src/schema/words.ts';
import { HOSTILE } from './fixtures.ts';

describe('the whole of the arguments', () => {
  test('is an object with properties, whatever was sent', () => {
    for (const [name, schema] of Object.entries(HOSTILE)) {
      const { type, properties, anyOf, oneOf, allOf } = selfContainedObject(schema);
      assert.ok(type === 'object' && isRecord(properties), name);
      assert.deepEqual([anyOf, oneOf, allOf], [undefined, undefined, undefined], name);
    }
  });

  test('shows the members of alternatives as optional ones', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      anyOf: [
        { properties: { b: { type: 'integer' }, c: { type: 'string' } }, required: ['b'] },
        { properties: { c: { type: 'integer' }, a: { minLength: 1 } } },
      ],
      allOf: [{ properties: { d: { type: 'null' } }, required: ['d'] }],
      if: {},
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: { properties: { e: { type: 'boolean' } } },
    };
    assert.deepEqual(selfContainedObject(schema), {
      type: 'object',
      properties: {
        a: { type: 'string' },
        d: { type: 'null' },
        b: { type: 'integer' },
        c: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
        e: { type: 'boolean' },
      },
      required: ['a', 'd'],
    });
  });

  test('names what is required even where it is not described', () => {
    assert.deepEqual(selfContainedObject({ required: ['a'] }), {
      type: 'object',
      properties: { a: ANYTHING },
      required: ['a'],
    });
  });

  test('keeps its words and its word on other members', () => {
    assert.deepEqual(
      selfContainedObject({ title: 'T', description: 'D', additionalProperties: { type: 'string' }, maximum: 1 }),
      { type: 'object', title: 'T', description: 'D', properties: {}, additionalProperties: { type: 'string' } },
    );
  });
});
