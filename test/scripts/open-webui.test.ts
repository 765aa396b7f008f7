/** How the script that lets the real Open WebUI drive latchkey judges and writes down what came back. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { missing, unsound } from '../../scripts/open-webui/kinds.ts';
import { Chapter, steady, tables } from '../../scripts/open-webui/report.ts';

/** A chapter whose rows are not told on the console. */
function quiet(t: TestContext): Chapter {
  t.mock.method(console, 'log', () => undefined);
  return new Chapter('Title', ['a', 'b']);
}

describe('the tables of the script for Open WebUI', () => {
  it('are the same after every run', () => {
    const ticket = 'http://localhost:40123/oauth/notes/authorize?ticket=Yb_3-x0';
    const stable = 'http://latchkey/oauth/notes/authorize?ticket=…';
    assert.equal(steady(`Open ${ticket} to\n connect.`), `Open ${stable} to connect.`);
    assert.equal(steady('code: 7KQ2M-0ZXCV'), 'code: XXXXX-XXXXX');
    assert.equal(steady('{"request_id":"2cf9-g"}'), '{"request_id":"…"}');
    assert.equal(steady('{\\"request_id\\":\\"2cf9-g\\"}'), '{\\"request_id\\":\\"…\\"}');
    assert.equal(steady('until 2026-11-21 15:20 UTC'), 'until …');
  });

  it('tell what came back as code, in one cell', (t) => {
    const chapter = quiet(t);
    chapter.row(['one | two'], 'a | b\n`c`', /b/);
    assert.ok(tables([chapter]).includes("\n| a | b |\n| --- | --- |\n| one \\| two | `a \\| b 'c'` |\n"));
    assert.match(tables([chapter]), /Title: 1 of 1 as expected/);
  });

  it('call a row wrong whose answer is another or does not fit', (t) => {
    const chapter = quiet(t);
    chapter.row(['x'], '5', '5');
    chapter.row(['x'], '55', '5');
    chapter.row(['x'], '55', /^5/);
    chapter.row(['x'], '45', /^5/);
    const problems = chapter.rows.map(({ problem }) => problem);
    assert.deepEqual(problems, [undefined, 'expected 5', undefined, 'expected /^5/']);
  });

  it('have a wrong row where a chapter breaks off', async (t) => {
    const { rows } = await quiet(t).run(() => Promise.reject(new Error('no provider')));
    assert.match(rows.at(-1)?.problem ?? '', /no provider/);
  });
});

describe('what a model has to be offered of a schema', () => {
  it('may say more than is expected, but nothing else', () => {
    const expected = { type: 'array', items: { type: 'string', enum: ['a', 'b'] } };
    assert.equal(missing(expected, { ...expected, title: 'X' }), undefined);
    assert.equal(missing(expected, { type: 'array', items: { type: 'string' } }), 'x.items.enum');
    assert.equal(missing(expected, { ...expected, items: { type: 'string', enum: ['a', 'c'] } }), 'x.items.enum[1]');
    assert.equal(missing(expected, { ...expected, items: { type: 'string', enum: ['a'] } }), 'x.items.enum');
    assert.equal(missing(expected, true), 'x');
  });

  it('is a typed schema at every place, without references', () => {
    const string = { type: 'string' };
    assert.equal(unsound({ type: 'object', properties: { a: string }, additionalProperties: false }), undefined);
    assert.equal(unsound({ anyOf: [string, { enum: ['a'] }] }), 'x.1 has no type');
    assert.equal(
      unsound({ type: 'object', additionalProperties: { $ref: '#/$defs/a' } }),
      'x.additionalProperties is not plain',
    );
    assert.equal(unsound({ type: 'array', prefixItems: [string, true] }), 'x.1 is no object');
    assert.equal(unsound({ type: 'object', patternProperties: { '^a': {} } }), 'x.^a has no type');
    assert.equal(unsound({ type: 'string', oneOf: [string] }), 'x is not plain');
    assert.equal(unsound(undefined), 'x is no object');
  });
});
