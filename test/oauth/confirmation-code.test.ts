/** Codes that people carry from a page to a chat. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashOf, isCode, newCode } from '../../src/oauth/confirmation-code.ts';

describe('a confirmation code', () => {
  it('has two groups of five characters that nobody misreads, and never repeats', () => {
    const codes = Array.from({ length: 2_000 }, newCode);
    for (const code of codes) assert.match(code, /^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
    assert.equal(new Set(codes).size, codes.length);
    assert.equal(new Set(codes.join('').replaceAll('-', '')).size, 32);
  });

  it('is taken however it is typed', () => {
    const hash = hashOf('id', '0A1BC-DEFGH');
    for (const typed of [
      '0a1bc-defgh',
      ' 0A1BC DEFGH\n',
      '0A1BCDEFGH',
      'oAlBC‑DEFGH',
      'OAIBC – DEFGH',
      '0-A-1-B-C-D-E-F-G-H',
    ]) {
      assert.ok(isCode('id', typed, hash), typed);
    }
  });

  it('is not taken where it is another one, of another login, or too long', () => {
    const hash = hashOf('id', '0A1BC-DEFGH');
    for (const typed of [
      '',
      '-',
      '0A1BC-DEFGJ',
      '0A1BC-DEFG',
      '0A1BC-DEFGHH',
      'id:0A1BCDEFGH',
      `${' '.repeat(60)}0A1BC-DEFGH`,
    ]) {
      assert.ok(!isCode('id', typed, hash), typed);
    }
    assert.ok(!isCode('other', '0A1BC-DEFGH', hash));
  });

  it('is not in its hash, and the same code has another hash in another login', () => {
    assert.ok(!hashOf('id', '0A1BC-DEFGH').includes('0A1BC'));
    assert.notEqual(hashOf('id', '0A1BC-DEFGH'), hashOf('di', '0A1BC-DEFGH'));
  });
});
