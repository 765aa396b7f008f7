/** The Bearer challenge of a 401 or 403. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenge } from '../../src/oauth/challenge.ts';
import type { Challenge } from '../../src/oauth/model.ts';

const PLACE = 'https://notes.example.com/.well-known/oauth-protected-resource/mcp';

const CASES: readonly (readonly [string, string | string[] | undefined, Challenge | undefined])[] = [
  ['no field', undefined, undefined],
  ['an empty field', '', undefined],
  ['no field in a list', [], undefined],
  ['a bare scheme', 'Bearer', {}],
  ['another scheme', 'Basic realm="Bearer", scope="a"', undefined],
  [
    'all parameters',
    `Bearer realm="x", resource_metadata="${PLACE}", scope="a b", error="invalid_token", error_description="Too old"`,
    { resourceMetadata: PLACE, scope: 'a b', error: 'invalid_token', errorDescription: 'Too old' },
  ],
  ['any case', 'bEARER SCOPE="a"', { scope: 'a' }],
  ['blanks around the equals sign', 'Bearer scope = "a" , error\t=\tb', { scope: 'a', error: 'b' }],
  ['no quotes', `Bearer scope=a, resource_metadata=${PLACE}`, { scope: 'a', resourceMetadata: PLACE }],
  ['no space after the comma', 'Bearer scope="a",error="b"', { scope: 'a', error: 'b' }],
  ['empty list elements', ', ,Bearer ,, scope="a",', { scope: 'a' }],
  [
    'commas and equals signs in quotes',
    'Bearer error_description="a, b=c", scope="d"',
    { errorDescription: 'a, b=c', scope: 'd' },
  ],
  ['escaped quotes', 'Bearer error_description="say \\"no\\" \\\\ twice"', { errorDescription: 'say "no" \\ twice' }],
  ['another scheme before it', 'Basic realm="x", Bearer scope="a"', { scope: 'a' }],
  ['another scheme after it', 'Bearer scope="a", Basic realm="x", error="b"', { scope: 'a' }],
  ['a token68 before it', 'Negotiate dGVzdA==, Bearer scope="a"', { scope: 'a' }],
  ['a bare scheme before it', 'Negotiate, Bearer scope="a"', { scope: 'a' }],
  ['a token68 with slashes', 'Basic a/b+c~d.e-f_g=, Bearer scope="a"', { scope: 'a' }],
  [
    'its words in the quotes of another scheme',
    'Basic realm="a, Bearer scope=\\"b\\"", Bearer scope="c"',
    { scope: 'c' },
  ],
  ['several fields', ['Basic realm="x"', 'Bearer scope="a"'], { scope: 'a' }],
  ['two Bearer challenges, of which one is empty', 'Bearer realm="proxy", Bearer scope="a"', { scope: 'a' }],
  ['two Bearer challenges that say something', ['Bearer scope="a"', 'Bearer scope="b"'], { scope: 'a' }],
  ['a parameter twice', 'Bearer scope="a", scope="b"', { scope: 'a' }],
  ['a scheme that begins like it', 'BearerX scope="a"', undefined],
  ['an empty value', 'Bearer scope=""', {}],
  ['a quote that does not end', 'Bearer scope="a", error="b', { scope: 'a' }],
  ['a parameter that does not go on', 'Bearer scope="a", error=', { scope: 'a' }],
  ['what cannot be read', 'Bearer scope="a", (), error="b"', { scope: 'a' }],
];

for (const [what, field, expected] of CASES) {
  test(`a challenge is read from a field with ${what}`, () => {
    assert.deepEqual(parseChallenge(field), expected);
  });
}

test('values of hostile length are dropped, and a long description is cut', () => {
  assert.deepEqual(parseChallenge(`Bearer scope="${'a'.repeat(3000)}", error="b"`), { error: 'b' });
  assert.equal(parseChallenge(`Bearer error_description="${'a'.repeat(2000)}"`)?.errorDescription?.length, 300);
});

test('a hostile field of any length is read', () => {
  const size = 1_000_000;
  for (const part of ['"', '\\"', 'a=', 'a ', ', ', 'Bearer ', 'Bearer a', 'a="', '=', ' ', 'a/', '"\\']) {
    const text = part.repeat(size / part.length);
    assert.doesNotThrow(() => [text, `Bearer ${text}`, `Bearer a="${text}`].map(parseChallenge));
  }
});
