/** The chain of authenticators: who is let in as whom. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuthConfig, OpenWebuiConfig } from '../../src/config/model.ts';
import { GatewayError } from '../../src/errors.ts';
import { buildIdentity, type Identity } from '../../src/identity/authenticators.ts';
import { type Authorization, readAuthorization } from '../../src/identity/authorization.ts';
import { digest, matchesDigest } from '../../src/identity/compare.ts';
import type { Credentials } from '../../src/identity/credentials.ts';
import type { Principal } from '../../src/identity/principal.ts';
import { sessionToken, USER_JWT_SECRET, userJwt, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { AWAY, NO_TOKENS, PERSONAL, refusedAs, users, WHOLE } from './open-webui/configured.ts';

const bearer = (token: string) => ({ scheme: 'bearer', token }) as const;
const basic = (username: string, password: string) => ({ scheme: 'basic', username, password }) as const;

interface Options {
  readonly apiKey?: string;
  readonly auth?: AuthConfig;
  readonly openWebui?: Partial<OpenWebuiConfig>;
}

function identityOf({ apiKey, auth, openWebui = {} }: Options): Identity {
  return buildIdentity({ apiKey, auth, openWebui: users(openWebui), tokens: NO_TOKENS });
}

function shown(authorization: Authorization, headers: Record<string, string> = {}, isLocal = false): Credentials {
  return { authorization, isLocal, from: AWAY.from, header: (name) => headers[name] };
}

function known(identity: Identity, authorization: Authorization): Principal {
  const principal = identity.authenticate(shown(authorization), WHOLE);
  assert.ok(!(principal instanceof Promise));
  return principal;
}

function refusal(identity: Identity, authorization: Authorization): [number, string] {
  try {
    known(identity, authorization);
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return [error.status, error.code];
  }
  return assert.fail('was let in');
}

describe('buildIdentity', () => {
  it('asks for nothing when nothing is configured, and refuses all when `auth` is empty', () => {
    assert.equal(identityOf({}).required, false);
    const empty = identityOf({ auth: { basic: [], bearer: [] } });
    assert.equal(empty.required, true);
    assert.deepEqual(refusal(empty, bearer('')), [403, 'invalid_credentials']);
    assert.deepEqual(refusal(empty, { scheme: 'none' }), [401, 'missing_credentials']);
  });

  it('gives each account and token a principal of its own, without the secret in it', () => {
    const auth = { basic: [{ username: 'ann', password: 'pw-1' }], bearer: ['tok-1', 'tok-2'] };
    const identity = identityOf({ apiKey: 'key', auth });
    const ids = [bearer('key'), basic('x', 'key'), bearer('tok-1'), bearer('tok-2'), basic('ann', 'pw-1')].map(
      (authorization) => known(identity, authorization).id,
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
    const identity = identityOf({ auth, openWebui: { secretKey: WEBUI_SECRET } });
    for (const authorization of [
      bearer('pw'),
      bearer('ann:pw'),
      bearer(WEBUI_SECRET),
      basic('ann', 'tok'),
      basic('tok', ''),
      basic('ann\0pw', ''),
    ]) {
      assert.deepEqual(refusal(identity, authorization), [403, 'invalid_credentials']);
    }
  });

  it('reads a password to its end, colons and all, and takes either of two accounts of one name', () => {
    const credentials = ['secret', 'another', 'a:b::c', 'pässwörd ✓'].map((password) => ({
      username: 'ann',
      password,
    }));
    const identity = identityOf({ auth: { basic: credentials, bearer: [] } });
    const read = (text: string) => readAuthorization(`Basic ${Buffer.from(text).toString('base64')}`);
    for (const { password } of credentials) assert.equal(known(identity, read(`ann:${password}`)).id, 'basic:ann');
    for (const wrong of ['secret:x', 'secret:', ':secret', 'a', 'a:b::c:', 'a:b', 'passwörd ✓', '']) {
      assert.deepEqual(refusal(identity, read(`ann:${wrong}`)), [403, 'invalid_credentials'], wrong);
    }
  });

  it('reads a token to its end, spaces and all, but for those behind the scheme', () => {
    const identity = identityOf({ auth: { basic: [], bearer: ['two  spaces in it', '  two before'] } });
    const read = (text: string) => readAuthorization(`Bearer ${text}`);
    for (const right of ['two  spaces in it', '  two before', 'two before']) {
      assert.equal(known(identity, read(right)).via, 'bearer', right);
    }
    for (const wrong of ['two spaces in it', 'two', 'two  spaces in it x', 'twobefore']) {
      assert.deepEqual(refusal(identity, read(wrong)), [403, 'invalid_credentials'], wrong);
    }
  });

  it('names the remedy for tokens that look like those of others, unless they are configured', async () => {
    const jwt = 'aaa.bbb.ccc';
    const identity = identityOf({ apiKey: 'key' });
    const refused = (token: string, text: RegExp) =>
      refusedAs(() => identity.authenticate(shown(bearer(token)), WHOLE), 401, 'invalid_credentials', text);
    await refused(jwt, /webui_secret_key/);
    await refused('sk-x', /Sign in to Open WebUI in the browser.*Bearer with this gateway's own API key/);
    assert.deepEqual(refusal(identity, bearer('a.b')), [403, 'invalid_credentials']);
    for (const known_ of [jwt, 'sk-x']) {
      assert.equal(known(identityOf({ apiKey: known_ }), bearer(known_)).via, 'api-key');
    }
  });

  it('says what lets people in where there is no API key to be wrong', () => {
    const told = (options: Options) => {
      const identity = identityOf(options);
      const wrong = () => identity.authenticate(shown(bearer('garbage')), WHOLE);
      assert.throws(wrong, { status: 403, code: 'invalid_credentials' });
      try {
        wrong();
      } catch (error) {
        return String(error);
      }
    };
    const openWebui = { secretKey: WEBUI_SECRET };
    assert.match(told({ openWebui }) ?? '', /the token of a user of Open WebUI \(.*'Session'\)\.$/);
    const auth = { basic: [{ username: 'ann', password: 'pw' }], bearer: ['tok'] };
    assert.match(told({ auth }) ?? '', /What does: a token that the operator has given out, or a name and password/);
    assert.match(told({ auth: { basic: [], bearer: [] } }) ?? '', /operator has to set a credential/);
    assert.match(told({ apiKey: 'key', auth, openWebui }) ?? '', /: Invalid API key$/);
    assert.doesNotMatch(`${told({ openWebui })}${told({ auth })}`, /garbage|ann|pw|tok\b/);
  });

  it('signs in by keys and accounts alone', async () => {
    const identity = identityOf({ apiKey: 'key', openWebui: { secretKey: WEBUI_SECRET } });
    assert.equal(identity.signIn(bearer('key')).via, 'api-key');
    const token = await sessionToken('ann');
    await refusedAs(() => identity.signIn(bearer(token)), 401, 'invalid_credentials', /not a key/);
  });
});

describe('tokens of Open WebUI in the chain', () => {
  const at = async (identity: Identity, secret = WEBUI_SECRET, realm = WHOLE, isLocal = false) =>
    identity.authenticate(shown(bearer(await sessionToken('ann', { secret })), {}, isLocal), realm);

  it('let people in without another key once they are verified', async () => {
    const identity = identityOf({ apiKey: 'key', openWebui: { secretKey: WEBUI_SECRET } });
    const ann = await at(identity);
    assert.equal(ann.id, 'openwebui:ann');
    assert.deepEqual(
      [identity.required, identityOf({ openWebui: { secretKey: WEBUI_SECRET } }).required],
      [true, true],
    );
    assert.equal(typeof identity.proofOf(ann), 'string');
    assert.equal(identityOf({ apiKey: 'key' }).proofOf(ann), undefined);
  });

  it('are looked at where somebody might read them', () => {
    const token = bearer('a.b.c');
    assert.equal(identityOf({}).reads(token, WHOLE), false);
    assert.equal(identityOf({}).reads(token, PERSONAL), true);
    assert.equal(identityOf({}).reads(bearer('x'), PERSONAL), false);
    assert.equal(identityOf({ apiKey: 'key' }).reads({ scheme: 'none' }, WHOLE), true);
  });

  it('say who somebody is unverified, but let nobody in where a credential is asked for', async () => {
    const careless = { verifyJwt: false };
    assert.equal((await at(identityOf({ openWebui: careless }), 'x', PERSONAL)).id, 'unverified:ann');
    assert.equal((await at(identityOf({}), 'x', PERSONAL, true)).id, 'unverified:ann');
    for (const guard of [{ apiKey: 'key' }, { auth: { basic: [], bearer: ['tok'] } }]) {
      for (const openWebui of [careless, {}]) {
        const identity = identityOf({ ...guard, openWebui });
        await refusedAs(() => at(identity, 'x', PERSONAL, true), 401, 'invalid_credentials', /asks for a credential/);
      }
    }
  });

  it('count by the secret of a server there, beside an API key', async () => {
    const identity = identityOf({ apiKey: 'key' });
    const realm = { isPersonal: true, secretKey: WEBUI_SECRET };
    assert.equal((await at(identity, WEBUI_SECRET, realm)).id, 'openwebui:ann');
    await refusedAs(() => at(identity), 401, 'invalid_credentials', /webui_secret_key/);
  });
});

describe('headers of Open WebUI in the chain', () => {
  const PLAIN = { 'x-openwebui-user-id': 'ann' };
  const auth = { basic: [{ username: 'eve', password: 'pw' }], bearer: ['tok'] };

  it('are believed beside the API key, and beside nothing else', async () => {
    const trusting = identityOf({
      apiKey: 'key',
      auth,
      openWebui: { trustForwardedUser: true, secretKey: WEBUI_SECRET },
    });
    const named = async (authorization: Authorization) =>
      (await trusting.authenticate(shown(authorization, PLAIN), PERSONAL)).id;
    assert.equal(await named(bearer('key')), 'openwebui:ann');
    assert.equal(await named(basic('', 'key')), 'openwebui:ann');
    assert.equal(await named(basic('eve', 'pw')), 'basic:eve');
    assert.match(await named(bearer('tok')), /^bearer:/);
    assert.equal(await named(bearer(await sessionToken('bob'))), 'openwebui:bob');
    for (const authorization of [bearer('wrong'), { scheme: 'none' }, { scheme: 'other' }] as const) {
      await assert.rejects(named(authorization));
    }
  });

  it('name nobody where they are not configured, or are not there', async () => {
    for (const openWebui of [{}, { userJwtSecret: USER_JWT_SECRET, trustForwardedUser: true }]) {
      const identity = identityOf({ apiKey: 'key', openWebui });
      assert.equal((await identity.authenticate(shown(bearer('key'), PLAIN), PERSONAL)).id, 'api-key:');
    }
  });

  it('that are signed count beside the API key alone', async () => {
    const openWebui = { userJwtSecret: USER_JWT_SECRET };
    const headers = { 'x-openwebui-user-jwt': await userJwt('ann') };
    const identity = identityOf({ apiKey: 'key', openWebui });
    assert.equal((await identity.authenticate(shown(bearer('key'), headers), PERSONAL)).id, 'openwebui:ann');
    assert.throws(() => identity.authenticate(shown(bearer('wrong'), headers), PERSONAL), /Invalid API key/);
    assert.equal(identityOf({ openWebui }).required, false, 'without a key there is nobody to believe');
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
