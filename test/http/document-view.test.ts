/** Which view of other people's tools a reader gets: every kind of reader under every rule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewFor } from '../../src/http/document-view.ts';
import {
  ANONYMOUS,
  API_KEY_HOLDER,
  openWebuiPrincipal,
  unverifiedPrincipal,
  visitorPrincipal,
} from '../../src/identity/principal.ts';

const RULES = ['learned', 'connect-only', 'off'] as const;

function views(principal: Parameters<typeof viewFor>[0], documentKey?: string, hasKey = false): string[] {
  return RULES.map((anonymousCatalog) => viewFor(principal, hasKey, { anonymousCatalog, documentKey }));
}

for (const [who, principal] of [
  ['anonymous', ANONYMOUS],
  ['a visitor', visitorPrincipal('1')],
  ['somebody unverified', unverifiedPrincipal('1')],
] as const) {
  test(`${who}: the rule; where there is a key, no more than how to connect without it`, () => {
    assert.deepEqual(views(principal), ['learned', 'connect-only', 'off']);
    assert.deepEqual(views(principal, 'k'), ['connect-only', 'connect-only', 'off']);
    assert.deepEqual(views(principal, 'k', true), ['learned', 'learned', 'off']);
  });
}

test('a person who is known: what the rule tells others, and always how to connect', () => {
  const person = openWebuiPrincipal('1');
  assert.deepEqual(views(person), ['learned', 'connect-only', 'connect-only']);
  assert.deepEqual(views(person, 'k'), ['learned', 'connect-only', 'connect-only']);
  assert.deepEqual(views(person, 'k', true), ['learned', 'learned', 'connect-only']);
});

test('the holder of the API key: all that was learned', () => {
  assert.deepEqual(views(API_KEY_HOLDER), ['learned', 'learned', 'learned']);
  assert.deepEqual(views(API_KEY_HOLDER, 'k'), ['learned', 'learned', 'learned']);
});
