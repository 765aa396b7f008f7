/** Results of calls: one bare value or a list, JSON texts decoded, images as data URIs, as mcpo writes them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { ask, startCases } from '../helpers/mcpo-cases-app.ts';

const text = (value: string) => ({ type: 'text', text: value });
const IMAGE = { type: 'image', data: 'QUJD', mimeType: 'image/png' };

/** Text of the only content item, and the JSON text of the answer. */
const TEXTS: readonly (readonly [string, string])[] = [
  ['hi', '"hi"'],
  ['', '""'],
  ['42', '42'],
  ['true', 'true'],
  ['null', 'null'],
  ['"q"', '"q"'],
  ['{"x":null}', '{"x":null}'],
  ['12345678901234567890', '12345678901234567890'],
  ['{"id":9007199254740993}', '{"id":9007199254740993}'],
  ['1.0', '1.0'],
  ['{"a":', '"{\\"a\\":"'],
  ["{'a':1}", '"{\'a\':1}"'],
  ['01', '"01"'],
  ['+1', '"+1"'],
  ['.5', '".5"'],
  ['1.', '"1."'],
  ['0x1', '"0x1"'],
  ['tru', '"tru"'],
  ['[1,]', '"[1,]"'],
  ['None', '"None"'],
  ['undefined', '"undefined"'],
  ['"unterminated', '"\\"unterminated"'],
  ['  ', '"  "'],
  ['é😀', '"é😀"'],
];

describe('results as mcpo writes them', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['calls']);
  });
  after(() => app.close());

  const answer = (result: unknown, tool = 'answer') => ask(app, `/calls/${tool}`, { result });

  for (const [given, expected] of TEXTS) {
    it(`the text ${JSON.stringify(given)}`, async () => {
      const response = await app.post('/calls/answer', { result: { content: [text(given)] } });
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type') ?? '', /^application\/json\b/);
      assert.equal(await response.text(), expected);
    });
  }

  for (const [name, content, body] of [
    ['no content', [], []],
    ['two texts', [text('a'), text('b')], ['a', 'b']],
    ['JSON and text', [text('1'), text('{"a":2}'), text('x')], [1, { a: 2 }, 'x']],
    ['two nulls', [text('null'), text('null')], [null, null]],
    ['an image', [IMAGE], 'data:image/png;base64,QUJD'],
    ['text and image', [text('t'), IMAGE], ['t', 'data:image/png;base64,QUJD']],
    ['an annotated text', [{ ...text('x'), annotations: { audience: ['user'] } }], 'x'],
    ['white space around JSON', [text(' {"a": 1} ')], { a: 1 }],
    ['the last of two members', [text('{"a":1,"a":2}')], { a: 2 }],
    ['an exponent', [text('1e3')], 1000],
  ] as const) {
    it(name, async () => {
      assert.deepEqual(await answer({ content }), { status: 200, body });
    });
  }

  it('content is the answer where there is structured content as well', async () => {
    const result = { content: [text('x')], structuredContent: { a: null } };
    assert.deepEqual(await answer(result), { status: 200, body: 'x' });
  });

  for (const [given, body] of [
    ['{"n":1,"s":"a","d":2}', { n: 1, s: 'a', d: 2 }],
    ['{"n":1,"extra":2,"s":null}', { n: 1, extra: 2, s: null }],
    ['hello', 'hello'],
    ['{"s":"no n"}', { s: 'no n' }],
    ['[{"n":1,"e":2}]', [{ n: 1, e: 2 }]],
    ['null', null],
  ] as const) {
    it(`with an output schema: ${given}`, async () => {
      const result = { content: [text(given)], structuredContent: { n: 1 } };
      assert.deepEqual(await answer(result, 'answer_typed'), { status: 200, body });
    });
  }

  it('a tool without arguments is not held to its output schema', async () => {
    assert.deepEqual(await ask(app, '/calls/noargs_typed', {}), { status: 200, body: { n: 1, s: null, z: 1 } });
  });
});
