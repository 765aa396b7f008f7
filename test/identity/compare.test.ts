/** Whether a presented secret is the one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digest, matchesDigest, secretMatcher } from '../../src/identity/compare.ts';

const SECRETS = ['a', 'open sesame', 'schlüssel', '🔑', '\0', 'a\0', 'x'.repeat(1_000)];
const OTHERS = [
  '',
  ' ',
  'A',
  'open sesam',
  'open sesame\0',
  'schlussel',
  '\u{1f512}',
  '\0\0',
  'a\0b',
  `${'x'.repeat(1_000)}x`,
];

describe('secretMatcher', () => {
  it('takes the secret and nothing else, in whatever order they are presented', () => {
    for (const secret of SECRETS) {
      const matches = secretMatcher(secret);
      for (const presented of [...SECRETS, ...OTHERS, ...SECRETS]) {
        assert.equal(matches(presented), presented === secret, JSON.stringify([secret, presented]));
      }
    }
  });

  it('takes an empty secret for itself alone', () => {
    assert.equal(secretMatcher('')(''), true);
    assert.equal(secretMatcher('')('\0'), false);
  });
});

describe('matchesDigest', () => {
  it('takes what has the digest', () => {
    assert.equal(matchesDigest('open sesame', digest('open sesame')), true);
    assert.equal(matchesDigest('open sesam', digest('open sesame')), false);
  });
});
