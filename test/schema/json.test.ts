/** JSON as the gateway reads it: big numbers, bad texts, and where in a body the fault is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jsonProblem, parseJson, stringifyJson } from '../../src/schema/json.ts';

function thrownBy(text: string): unknown {
  try {
    JSON.parse(text);
  } catch (error) {
    return error;
  }
  return assert.fail('the text is valid');
}

describe('parseJson', () => {
  const rows: [text: string, value: unknown][] = [
    ['{"a":9007199254740993}', { a: 9007199254740993n }],
    ['[-9223372036854775808]', [-9223372036854775808n]],
    ['9007199254740993', 9007199254740993n],
    ['[1234567890123456, 9007199254740993]', [1234567890123456, 9007199254740993n]],
    [
      '{"a":9007199254740993,"b":1.5,"c":"9007199254740993","d":null}',
      { a: 9007199254740993n, b: 1.5, c: '9007199254740993', d: null },
    ],
    ['{"a":1,"b":9007199254740993,"a":2}', { a: 2, b: 9007199254740993n }],
    ['{"a":12345678901234567.5}', { a: 12345678901234568 }],
    ['{"a":12345678901234567e3}', { a: 12345678901234567e3 }],
    [`[${'9'.repeat(5000)}]`, [Infinity]],
  ];
  for (const [text, value] of rows) test(text.slice(0, 60), () => assert.deepEqual(parseJson(text), value));

  test('a __proto__ key is an own key on both ways', () => {
    for (const text of ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1},"b":9007199254740993}']) {
      const value = parseJson(text) as object;
      assert.ok(Object.hasOwn(value, '__proto__'));
      assert.equal(Object.getPrototypeOf(value), Object.prototype);
    }
  });

  test('throws what JSON.parse throws', () => {
    assert.throws(() => parseJson('{"a":9007199254740993'), SyntaxError);
  });

  test('is exact however deep the nesting and however long the text', () => {
    const deep = 100_000;
    let value = parseJson(`${'['.repeat(deep)}9007199254740993${']'.repeat(deep)}`);
    while (Array.isArray(value)) [value] = value;
    assert.equal(value, 9007199254740993n);
    const long = parseJson(`[${'1,'.repeat(2_000_000)}9007199254740993]`) as unknown[];
    assert.deepEqual([long.length, long.at(-1)], [2_000_001, 9007199254740993n]);
  });

  test('leaves what stands in strings and keys alone', () => {
    const text = String.raw`{"12345678901234567890":"\\",":12345678901234567890":["\",12345678901234567890,\""],"a": -12345678901234567890 }`;
    assert.deepEqual(parseJson(text), {
      '12345678901234567890': '\\',
      ':12345678901234567890': ['",12345678901234567890,"'],
      a: -12345678901234567890n,
    });
  });

  for (const text of [
    '{12345678901234567890:1}',
    '[00012345678901234567890]',
    '[12345678901234567890"a"]',
    '["a"12345678901234567890]',
    '[1 12345678901234567890]',
    '[-12345678901234567890-1]',
    '[+12345678901234567890]',
    '["12345678901234567890, 12345678901234567890]',
    '[12345678901234567890]]',
  ]) {
    test(`refuses ${text} in the words of JSON.parse`, () => {
      assert.throws(() => parseJson(text), thrownBy(text) as SyntaxError);
    });
  }
});

test('stringifyJson writes bigints as numbers and all else as JSON.stringify does', () => {
  assert.equal(
    stringifyJson({ a: 9007199254740993n, b: [1n, null, 'x'], c: undefined }),
    '{"a":9007199254740993,"b":[1,null,"x"]}',
  );
  assert.equal(stringifyJson({ a: 1, b: 'ü' }), '{"a":1,"b":"ü"}');
  assert.equal(stringifyJson(-9007199254740993n), '-9007199254740993');
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  assert.throws(() => stringifyJson(cycle), TypeError);
});

describe('jsonProblem', () => {
  test('takes the offset from the message', () => {
    const error = thrownBy('{a:1}');
    assert.deepEqual(jsonProblem(error), {
      type: 'json_invalid',
      loc: ['body', 1],
      msg: 'JSON decode error',
      input: {},
      ctx: { error: (error as Error).message },
    });
  });

  test('knows the wording of newer versions, and is not led astray by a quoted text', () => {
    const loc = (message: string): unknown => jsonProblem(new SyntaxError(message)).loc;
    assert.deepEqual(loc("Expected ',' or '}' after property value in JSON at position 7 (line 1 column 8)"), [
      'body',
      7,
    ]);
    assert.deepEqual(loc('Unexpected token \'x\', "position 3 x" is not JSON at position 11'), ['body', 11]);
    assert.deepEqual(loc('Unexpected end of JSON input'), ['body', 0]);
  });

  test('finds the offset in the text where V8 keeps it to itself', () => {
    assert.deepEqual(jsonProblem(thrownBy('{"a":}'), '{"a":}').loc, ['body', 5]);
    assert.deepEqual(jsonProblem(thrownBy('{"a":1'), '{"a":1').loc, ['body', 6]);
  });
});
