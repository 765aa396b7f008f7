/** The chain of authenticators: who is let in as whom. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../../src/errors.ts';
import { buildIdentity, type Identity } from '../../src/identity/authenticators.ts';
import { digest, matchesDigest } from '../../src/identity/compare.ts';

const bearer = (token: string) => ({ scheme: 'bearer', token }) as const;
const basic = (username: string, password: string) => ({ scheme: 'basic', username, password }) as const;

function refusal(identity: Identity, authorization: Parameters<Identity['authenticate']>[0]): [number, string] {
  try {
    identity.authenticate(authorization);
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return [error.status, error.code];
  }
  return assert.fail('was let in');
}

describe('buildIdentity', () => {
  it('asks for nothing when nothing is configured, and refuses all when `auth` is empty', () => {
    assert.equal(buildIdentity({}).required, false);
    const empty = buildIdentity({ auth: { basic: [], bearer: [] } });
    assert.equal(empty.required, true);
    assert.deepEqual(refusal(empty, bearer('')), [403, 'invalid_credentials']);
    assert.deepEqual(refusal(empty, { scheme: 'none' }), [401, 'missing_credentials']);
  });

  it('gives each account and token a principal of its own, without the secret in it', () => {
    const auth = { basic: [{ username: 'ann', password: 'pw-1' }], bearer: ['tok-1', 'tok-2'] };
    const identity = buildIdentity({ apiKey: 'key', auth });
    const ids = [bearer('key'), basic('x', 'key'), bearer('tok-1'), bearer('tok-2'), basic('ann', 'pw-1')].map(
      (authorization) => identity.authenticate(authorization).id,
    );
    assert.equal(ids[0], 'api-key:');
    assert.equal(ids[1], 'api-key:');
    assert.match(ids[2] ?? '', /^bearer:[\w-]{43}$/);
    assert.notEqual(ids[2], ids[3]);
    assert.equal(ids[4], 'basic:ann');
    assert.doesNotMatch(ids.join(), /tok-|pw-1/);
    assert.deepEqual([...identity.accounts], ['ann']);
  });

  it('does not take one kind of credential for another', () => {
    const auth = { basic: [{ username: 'ann', password: 'pw' }], bearer: ['tok'] };
    const identity = buildIdentity({ auth });
    for (const authorization of [
      bearer('pw'),
      bearer('ann:pw'),
      basic('ann', 'tok'),
      basic('tok', ''),
      basic('ann\0pw', ''),
    ]) {
      assert.deepEqual(refusal(identity, authorization), [403, 'invalid_credentials']);
    }
  });

  it('names the remedy for tokens that look like those of others, unless they are configured', () => {
    const jwt = 'aaa.bbb.ccc';
    const identity = buildIdentity({ apiKey: 'key' });
    assert.deepEqual(refusal(identity, bearer(jwt)), [401, 'invalid_credentials']);
    assert.deepEqual(refusal(identity, bearer('sk-x')), [401, 'invalid_credentials']);
    assert.deepEqual(refusal(identity, bearer('a.b')), [403, 'invalid_credentials']);
    assert.equal(buildIdentity({ apiKey: jwt }).authenticate(bearer(jwt)).via, 'api-key');
  });
});

describe('matchesDigest', () => {
  it('compares secrets of any length', () => {
    assert.equal(matchesDigest('', digest('')), true);
    assert.equal(matchesDigest('a', digest('a')), true);
    assert.equal(matchesDigest('a', digest('aa')), false);
    assert.equal(matchesDigest('\u00e9', digest('e\u0301')), false);
  });
});
