/** Which scopes a login asks for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialScope, stepUpScope, unionScope } from '../../src/oauth/scope.ts';

const PLAIN = { issuer: 'https://as.example.com' };
const OFFLINE = { ...PLAIN, scopes_supported: ['x', 'offline_access'] };
const RESOURCE = ['r1', 'r2'];

test('the configured scope goes first, then the challenge, then all of the resource, then none', () => {
  const known = { scopesSupported: RESOURCE, metadata: PLAIN };
  assert.deepEqual(initialScope({ scope: 'own' }, { scope: 'c' }, known), { scope: 'own' });
  assert.deepEqual(initialScope({}, { scope: 'c d' }, known), { scope: 'c d' });
  assert.deepEqual(initialScope({}, {}, known), { scope: 'r1 r2' });
  assert.deepEqual(initialScope({}, undefined, { ...known, scopesSupported: undefined }), {});
  assert.deepEqual(initialScope({}, undefined, { ...known, scopesSupported: [] }), {});
});

test('the scopes of the authorization server are no source', () => {
  assert.deepEqual(
    initialScope({}, undefined, { scopesSupported: undefined, metadata: { ...PLAIN, scopes_supported: ['x'] } }),
    {},
  );
});

test('offline_access is added with prompt=consent where the authorization server lists it', () => {
  const known = { scopesSupported: RESOURCE, metadata: OFFLINE };
  assert.deepEqual(initialScope({}, { scope: 'c' }, known), { scope: 'c offline_access', prompt: 'consent' });
  assert.deepEqual(initialScope({}, undefined, known), { scope: 'r1 r2 offline_access', prompt: 'consent' });
});

test('offline_access is not added to a configured scope, nor to no scope at all', () => {
  assert.deepEqual(initialScope({ scope: 'own' }, undefined, { scopesSupported: RESOURCE, metadata: OFFLINE }), {
    scope: 'own',
  });
  assert.deepEqual(initialScope({}, undefined, { scopesSupported: undefined, metadata: OFFLINE }), {});
});

test('a configured offline_access needs prompt=consent just as well', () => {
  const asked = initialScope({ scope: 'own offline_access' }, undefined, {
    scopesSupported: undefined,
    metadata: OFFLINE,
  });
  assert.deepEqual(asked, { scope: 'own offline_access', prompt: 'consent' });
});

test('offline_access is a scope like any other where the authorization server does not list it', () => {
  const known = { scopesSupported: ['r1', 'offline_access'], metadata: PLAIN };
  assert.deepEqual(initialScope({}, undefined, known), { scope: 'r1 offline_access' });
});

test('a step-up asks for the union, in order and each once', () => {
  assert.deepEqual(stepUpScope(['a b', undefined, 'b c', 'a'], PLAIN), { scope: 'a b c' });
  assert.deepEqual(stepUpScope(['a offline_access', 'b'], OFFLINE), { scope: 'a offline_access b', prompt: 'consent' });
  assert.deepEqual(stepUpScope([undefined, ''], PLAIN), {});
});

test('what is no scope is left out', () => {
  assert.equal(unionScope('a  b', ' ', 'c"d', 'e\\f', 'g\nh', 'ü', 'x'.repeat(257)), 'a b');
  assert.equal(unionScope(Array.from({ length: 1000 }, (_, index) => `s${index}`).join(' '))?.split(' ').length, 200);
});
