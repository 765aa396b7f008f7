/** Ids of users and names to show. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isUserId, labelOf } from '../../../src/identity/open-webui/user-id.ts';

describe('isUserId', () => {
  it('takes what Open WebUI gives, and other visible text', () => {
    for (const id of ['7b1c9f0e-3a52-4b7d-9d4e-0c1f2a3b4c5d', 'a', 'ünïcode', 'a:b', 'x'.repeat(256)]) {
      assert.equal(isUserId(id), true, id);
    }
  });

  it('refuses what is no text, empty, long, or not to be seen', () => {
    const odd = ['a b', ' a', 'a\n', 'a\0', 'a\u200b', '\u202ea', 'a\u00a0', '\ud800', 'a\u007f', '\u2028'];
    odd.push('\u3164', 'a\u3164', '\u2800', 'a\u2800b', '\u115f', '\uffa0', 'a\u034f', 'a\ufe0f', '\u{e0100}');
    for (const id of [undefined, null, 1, {}, ['a'], '', 'x'.repeat(257), 'x'.repeat(10_000), ...odd]) {
      assert.equal(isUserId(id), false, JSON.stringify(id)?.slice(0, 20));
    }
  });
});

describe('labelOf', () => {
  it('shows the address before a name that anybody may choose', () => {
    assert.equal(labelOf('Ann', 'ann@example.org'), 'ann@example.org (Ann)');
    assert.equal(labelOf('ben@example.org', 'ann@example.org'), 'ann@example.org (ben@example.org)');
    assert.equal(labelOf('Ann', undefined), 'Ann');
    assert.equal(labelOf(3, ' \t'), undefined);
    assert.equal(labelOf('ann@example.org', 'ann@example.org'), 'ann@example.org');
  });

  it('takes a name of which nobody sees anything for none, and shows nothing of that kind', () => {
    for (const name of ['\u3164', '\u2800 \u2800', '\u115f\u1160', '\uffa0', '\u034f', '\ufe0f', '\u{e0100}']) {
      assert.equal(labelOf(name, undefined), undefined, JSON.stringify(name));
      assert.equal(labelOf(name, 'ann@example.org'), 'ann@example.org');
      assert.equal(labelOf(`${name}Ann${name}`, undefined), 'Ann');
    }
    assert.equal(labelOf('Ann\u3164\u2800B', undefined), 'Ann B');
  });

  it('shows no more than a line, and nothing that turns the line round', () => {
    assert.equal(labelOf('A\r\nlevel=error\u202e\0 B', undefined), 'A level=error  B');
    assert.equal([...(labelOf('é'.repeat(10_000), undefined) ?? '')].length, 80);
    assert.equal(labelOf('x'.repeat(80), undefined), 'x'.repeat(80));
  });
});
