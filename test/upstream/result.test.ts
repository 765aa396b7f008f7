/** Tool results as REST answers: the table of mcpo, with what it drops or rewords kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RpcError } from '../../src/upstream/jsonrpc.ts';
import { answerText, rpcFailure } from '../../src/upstream/result.ts';

function text(value: string): object {
  return { type: 'text', text: value };
}

/** JSON, but reading megabytes of it takes seconds. */
const BRACKETS = '['.repeat(10_000) + ']'.repeat(10_000);

const ELEMENTS: readonly [string, unknown, string][] = [
  ['plain text', text('hello'), '"hello"'],
  ['text with quotes and controls', text('a "b"\n\u0001'), '"a \\"b\\"\\n\\u0001"'],
  ['empty text', text(''), '""'],
  ['a number', text('42'), '42'],
  ['a number that is kept to the letter', text('1.0'), '1.0'],
  ['a number with an exponent', text('1e3'), '1e3'],
  ['a 64-bit integer', text('{"id":9007199254740993}'), '{"id":9007199254740993}'],
  ['true', text('true'), 'true'],
  ['null', text('null'), 'null'],
  ['a JSON string', text('"q"'), '"q"'],
  ['white space around JSON', text(' {"a": 1}\n'), ' {"a": 1}\n'],
  ['an empty list', text('[]'), '[]'],
  ['an object with nulls and an error key', text('{"error":"x","b":null}'), '{"error":"x","b":null}'],
  ['what only looks like JSON', text('{not json}'), '"{not json}"'],
  ['a word that begins like a literal', text('trueish'), '"trueish"'],
  ['a date', text('2026-01-01'), '"2026-01-01"'],
  ['what nobody nests', text(BRACKETS), `"${BRACKETS}"`],
  ['NaN', text('NaN'), '"NaN"'],
  ['Infinity', text('-Infinity'), '"-Infinity"'],
  ['non-ASCII', text('жук 😀'), '"жук 😀"'],
  ['text that is no text', { type: 'text', text: 5 }, '""'],
  ['an image', { type: 'image', mimeType: 'image/png', data: 'AA==' }, '"data:image/png;base64,AA=="'],
  ['audio', { type: 'audio', mimeType: 'audio/wav', data: 'AA==' }, '"data:audio/wav;base64,AA=="'],
  ['an image without a type', { type: 'image', data: 'AA==' }, '"data:application/octet-stream;base64,AA=="'],
  [
    'a text resource',
    { type: 'resource', resource: { uri: 'a:b', mimeType: 'text/plain', text: 'x' } },
    '{"uri":"a:b","mimeType":"text/plain","text":"x"}',
  ],
  [
    'a binary resource',
    { type: 'resource', resource: { uri: 'a:b', mimeType: 'application/pdf', blob: 'AA==' } },
    '"data:application/pdf;base64,AA=="',
  ],
  [
    'a resource link',
    { type: 'resource_link', uri: 'a:b', name: 'n' },
    '{"type":"resource_link","uri":"a:b","name":"n"}',
  ],
  ['a kind yet unknown', { type: 'hologram', x: 1 }, '{"type":"hologram","x":1}'],
  ['no object at all', 5, '5'],
];

test('one element is the bare value', () => {
  for (const [what, element, expected] of ELEMENTS) assert.equal(answerText({ content: [element] }), expected, what);
});

test('several elements are a list, and each answer is valid JSON', () => {
  const all = ELEMENTS.map(([, element]) => element);
  const answer = answerText({ content: all });
  assert.equal((JSON.parse(answer) as unknown[]).length, all.length);
  assert.equal(
    answerText({ content: [text('a'), { type: 'audio', mimeType: 'a/b', data: 'AA==' }] }),
    '["a","data:a/b;base64,AA=="]',
  );
});

test('without content: the structured content, else an empty list', () => {
  assert.equal(answerText({ content: [] }), '[]');
  assert.equal(answerText({}), '[]');
  assert.equal(answerText({ content: 'no list' }), '[]');
  assert.equal(answerText({ content: [], structuredContent: { sum: 3, b: null } }), '{"sum":3,"b":null}');
  assert.equal(answerText({ content: [], structuredContent: null }), 'null');
});

test('with content the structured content is not used', () => {
  assert.equal(answerText({ content: [text('x')], structuredContent: { sum: 3 } }), '"x"');
});

test('a result marked as an error is 500 with its first text', () => {
  const thrown = (content: unknown): unknown => {
    try {
      return answerText({ isError: true, content });
    } catch (error) {
      const { code, status, detail } = error as { code: string; status: number; detail: unknown };
      return { code, status, detail };
    }
  };
  const failure = (message: string) => ({ code: 'tool_error', status: 500, detail: { message } });
  assert.deepEqual(thrown([text('it\'s\n"over"')]), failure('it\'s\n"over"'));
  assert.deepEqual(thrown([{ type: 'image', data: 'AA==' }, text('second')]), failure('second'));
  assert.deepEqual(thrown([]), failure('Unknown tool execution error'));
  assert.deepEqual(thrown(undefined), failure('Unknown tool execution error'));
});

test('JSON-RPC errors by their code', () => {
  const cases = [
    [-32700, 400],
    [-32600, 400],
    [-32601, 404],
    [-32602, 422],
    [-32603, 500],
    [-32000, 500],
    [-32042, 500],
    [7, 500],
  ] as const;
  for (const [code, status] of cases) {
    const failure = rpcFailure(new RpcError(code, 'M'));
    assert.deepEqual([failure.code, failure.status, failure.detail], ['upstream_error', status, { message: 'M' }]);
  }
  assert.deepEqual(rpcFailure(new RpcError(-32602, 'M', { a: 1 })).detail, { message: 'M', data: { a: 1 } });
  assert.deepEqual(rpcFailure(new RpcError(-32602, 'M', null)).detail, { message: 'M' });
  assert.deepEqual(rpcFailure(new RpcError(-32602, 'M', 0)).detail, { message: 'M', data: 0 });
});

test('base64 of every dress is made standard, and what is none stays as it came', () => {
  const uri = (data: string): string => JSON.parse(answerText({ content: [{ type: 'image', mimeType: 'a/b', data }] }));
  for (const [data, standard] of [
    ['-_8', '+/8='],
    ['AA', 'AA=='],
    ['AA=', 'AA=='],
    ['AAAA\r\nAA==\n', 'AAAAAA=='],
    ['A', 'A'],
    ['AA==AA', 'AA==AA'],
    ['AA===', 'AA==='],
    ['no base64!', 'no base64!'],
    ['', ''],
  ] as const) {
    assert.equal(uri(data), `data:a/b;base64,${standard}`);
  }
  // Linear: these took seconds and a gigabyte.
  assert.equal(uri('-'.repeat(2 ** 22)), `data:a/b;base64,${'+'.repeat(2 ** 22)}`);
});
