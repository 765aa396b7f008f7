/** The values of the cookies of a login that was begun in a chat: what is read back, and what is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askCookie, isLoginId, keptCode, readKeptCode, repeated, repeats } from '../../src/http/hand-off-cookies.ts';

const KEPT = { code: 'ABCDE-FGH12', label: 'Ann "O’Neill"; <b>, 安', expiresAt: 1_700_000_000_000 };

describe('a kept code', () => {
  it('is read back as it was, until it is over', () => {
    const text = keptCode(KEPT);
    assert.match(text, /^[\w.-]+$/, 'fit for a cookie');
    assert.deepEqual(readKeptCode(text, KEPT.expiresAt - 1), KEPT);
    assert.equal(readKeptCode(text, KEPT.expiresAt), undefined);
  });

  it('is none where somebody made it up, and never too long for a cookie', () => {
    for (const text of [undefined, '', 'x', 'ABC', '<b>.1.x', `ABCDE.${'9'.repeat(17)}.x`, `${'A'.repeat(65)}.9999.x`])
      assert.equal(readKeptCode(text, 0), undefined, text);
    const long = keptCode({ ...KEPT, label: '😀'.repeat(10_000) });
    assert.ok(long.length < 1_000);
    assert.equal(readKeptCode(long, 0)?.label, '😀'.repeat(100));
  });
});

describe('what a page repeats of its cookie', () => {
  it('is another thing for a link and for a form, and tells nothing of the cookie', () => {
    assert.equal(repeats(repeated('cookie', 'go unknown'), 'cookie', 'go unknown'), true);
    assert.equal(repeats(repeated('cookie', 'go unknown'), 'cookie', 'drop'), false);
    assert.equal(repeats(repeated('cookie', 'go unknown'), 'other', 'go unknown'), false);
    assert.doesNotMatch(repeated('cookie', 'go unknown'), /cookie/);
    for (const cookie of [undefined, ''])
      assert.equal(repeats(repeated('', 'go unknown'), cookie, 'go unknown'), false);
    assert.equal(repeats(null, 'cookie', 'go unknown'), false);
  });
});

describe('names', () => {
  it('tell nothing of the ticket, and are of a form', () => {
    const ticket = 'T'.repeat(43);
    assert.match(askCookie(ticket), /^latchkey_ask_[\w-]{12}$/);
    assert.notEqual(askCookie(ticket), askCookie('U'.repeat(43)));
    for (const text of [null, '', '../x', 'a b', 'a'.repeat(65), 'a=b', 'ä']) assert.equal(isLoginId(text), false);
    assert.equal(isLoginId('x_-9'), true);
  });
});
