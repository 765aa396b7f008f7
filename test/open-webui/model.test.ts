/** The model itself: it spoils and loses what the client is known to, so that a passing document means something. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type JsonRecord, recordOf } from '../../src/schema/json-schema.ts';
import { convertInBackend } from './backend-convert.ts';
import { convertInBrowser } from './browser-convert.ts';
import type { ConvertedTool } from './client-model.ts';
import { placeArguments, pythonWords } from './placing.ts';
import { backendValue, outcomeOf } from './results.ts';

const text = { type: 'string' };
const City = { type: 'object', properties: { name: text }, description: 'A city' };
const Tree = { type: 'object', properties: { next: { $ref: '#/components/schemas/Tree' } } };
const browserCity = { ...City, required: [] };
const REF = { $ref: '#/components/schemas/City' };

function document(schema: unknown, operation: JsonRecord = {}): JsonRecord {
  const content = { 'application/json': { schema } };
  const post = { operationId: 'x', summary: 'S', requestBody: { content }, ...operation };
  return { paths: { '/x': { post } }, components: { schemas: { City, Tree } } };
}

function member(convert: (from: JsonRecord) => ConvertedTool[], schema: unknown): unknown {
  const [tool] = convert(document({ type: 'object', properties: { a: schema } }));
  return recordOf(tool?.parameters.properties).a;
}

describe('conversion', () => {
  const rows: [what: string, schema: unknown, backend: unknown, browser: unknown][] = [
    ['nothing said', {}, text, {}],
    ['const', { const: 1 }, { const: 1, ...text }, {}],
    ['enum', { enum: [1] }, { enum: [1], ...text }, {}],
    [
      'oneOf',
      { oneOf: [text, { type: 'null' }] },
      { oneOf: [text, { type: 'null' }], ...text },
      { oneOf: [text, { type: 'null' }] },
    ],
    [
      'an optional value',
      { anyOf: [{ ...text, description: 'in' }, { type: 'null' }], description: 'out', default: null },
      { ...text, description: 'in' },
      { anyOf: [{ ...text, description: 'in' }, { type: 'null' }], description: 'out' },
    ],
    ['null alone', { anyOf: [{ type: 'null' }] }, { anyOf: [] }, { anyOf: [{ type: 'null' }] }],
    [
      'a list of types',
      { type: ['object', 'null'], properties: { b: text } },
      { type: ['object', 'null'], properties: { b: text } },
      { type: ['object', 'null'] },
    ],
    ['a reference with words', { ...REF, description: 'Where' }, City, browserCity],
    ['a reference elsewhere', { $ref: '#/$defs/City' }, text, browserCity],
    [
      'a reference in a map',
      { type: 'object', additionalProperties: REF },
      { type: 'object', additionalProperties: REF },
      { type: 'object', properties: {}, required: [] },
    ],
    ['alternatives are not mended', { anyOf: [{}, text] }, { anyOf: [{}, text] }, { anyOf: [{}, text] }],
    [
      'items are',
      { type: 'array', items: { enum: [1] } },
      { type: 'array', items: { enum: [1], ...text } },
      { type: 'array', items: {} },
    ],
  ];
  for (const [what, schema, backend, browser] of rows) {
    it(what, () => {
      assert.deepEqual(member(convertInBackend, schema), backend);
      assert.deepEqual(member(convertInBrowser, schema), browser);
    });
  }

  it('ends on a boolean in the backend, and on recursion in the browser', () => {
    for (const schema of [true, { type: 'array', items: true }, { anyOf: [text, true] }]) {
      assert.throws(() => member(convertInBackend, schema), TypeError);
    }
    assert.throws(() => member(convertInBrowser, { $ref: '#/components/schemas/Tree' }), RangeError);
    assert.deepEqual(member(convertInBackend, { $ref: '#/components/schemas/Tree' }), {
      type: 'object',
      properties: { next: text },
    });
  });

  it('leaves no parameters of a composed body, and no tool without an operationId', () => {
    for (const schema of [{ allOf: [REF] }, { type: 'object', additionalProperties: text }, undefined]) {
      const [tool] = convertInBackend(document(schema));
      assert.deepEqual(tool?.parameters, { type: 'object', properties: {}, required: [] });
    }
    assert.deepEqual(convertInBackend(document(REF, { operationId: undefined })), []);
    const [empty] = convertInBackend(document(REF, { description: '' }));
    assert.equal(empty?.description, '');
  });
});

describe('calls', () => {
  it('put parameters into the path and the query in the words of Python, and the rest into the body', () => {
    const parameters = [
      { name: 'id', in: 'path' },
      { name: 'on', in: 'query' },
      { name: 'tag', in: 'query' },
      { name: 'none', in: 'query' },
    ];
    const operation = { path: '/x/{id}', method: 'POST', operation: {}, parameters };
    const args = { id: 'a/b c', on: true, tag: [1, 2], none: '', rest: 5 };
    const placed = placeArguments(operation, args, pythonWords);
    assert.deepEqual(placed, { path: '/x/a%2Fb%20c?on=True&tag=1&tag=2', body: { rest: 5 } });
  });

  it('make data URIs, hidden files, embeds and failures of what is no plain JSON', () => {
    const answer = (status: number, type: string, body: string) => ({
      status,
      headers: { 'content-type': type },
      body,
    });
    assert.equal(backendValue(answer(200, 'application/json', '{x')), 'data:application/json;base64,e3g=');
    assert.equal(backendValue(answer(200, 'image/png', 'abc')), 'data:image/png;base64,YWJj');
    assert.equal(backendValue(answer(307, 'text/html', 'moved')), 'moved');
    assert.deepEqual(backendValue(answer(401, 'application/json', '{"a":1}')), { error: 'HTTP error 401: {"a":1}' });
    assert.deepEqual(outcomeOf(['data:a/b;base64,AA==', 'c']).files, ['data:a/b;base64,AA==']);
    assert.equal(outcomeOf('x', { 'content-disposition': 'inline', 'content-type': 'text/html' }).isEmbed, true);
    assert.equal(outcomeOf([null, {}], { 'content-disposition': 'inline', location: 'x' }).isEmbed, true);
    const failures = [{ error: 'x' }, { status: 'failed' }, { ok: false, message: 'm' }, 'Error: x', 'Traceback (most'];
    for (const value of failures) assert.equal(outcomeOf(value).isFailure, true, JSON.stringify(value));
    for (const value of [{ error: '' }, { ok: false }, 'No Error: x', null])
      assert.equal(outcomeOf(value).isFailure, false);
    assert.deepEqual(outcomeOf('data:image/png;base64,-_-_').images, []);
  });
});
