/** Whom tokens and headers name, by each way of knowing it but asking Open WebUI. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { SignJWT, UnsecuredJWT } from 'jose';
import { buildIdentity } from '../../../src/identity/authenticators.ts';
import { API_KEY_HOLDER, isOnePerson } from '../../../src/identity/principal.ts';
import { sessionToken, USER_JWT_SECRET, userJwt, WEBUI_SECRET } from '../../helpers/open-webui-users.ts';
import { AWAY, HERE, NO_TOKENS, PERSONAL, refusal, refusedAs, TestClock, users, WHOLE } from './configured.ts';

const OTHER_SECRET = 'w1Cz8Ke5Tn3Vx7Ly4Rb9Mq2Hd6Ju0Sg';
const INVALID = 'invalid_credentials';
const seconds = () => Math.floor(Date.now() / 1000);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const bytes = (text: string) => new TextEncoder().encode(text);

describe('tokens that a secret verifies', () => {
  const verifying = users({ secretKey: WEBUI_SECRET });
  const refused = (token: string, text: RegExp, code = INVALID) =>
    refusedAs(() => verifying.byToken(token, WHOLE, HERE), 401, code, text);

  it('name the user, however old the Open WebUI', async () => {
    const id = '7b1c9f0e-3a52-4b7d-9d4e-0c1f2a3b4c5d';
    const expected = { id: `openwebui:${id}`, via: 'openwebui', label: 'Open WebUI user 7b1c9f0e…' };
    for (const gone of [{}, { iat: undefined, typ: undefined, auth_method: undefined, jti: undefined }]) {
      assert.deepEqual(await verifying.byToken(await sessionToken(id, { claims: gone }), WHOLE, AWAY), expected);
    }
    for (const typ of ['automation', 'subagent']) {
      assert.deepEqual(await verifying.byToken(await sessionToken(id, { claims: { typ } }), WHOLE, AWAY), expected);
    }
    assert.equal(verifying.admits, true);
    assert.equal(verifying.reads(WHOLE), true);
  });

  it('say what is missing or odd', async () => {
    await refused(await sessionToken('', {}), /names no user in "id"/);
    await refused(await sessionToken('x', { claims: { id: undefined } }), /names no user in "id"/);
    await refused(await sessionToken('x', { claims: { id: undefined, sub: 'ann' } }), /names no user in "id"/);
    await refused(await sessionToken('x', { claims: { id: { $ne: '' } } }), /no user id/);
    await refused(await sessionToken('a b'), /no user id/);
    await refused(await sessionToken('x'.repeat(1_000)), /^(?!.*xxx).*no user id/);
    await refused(await sessionToken('x'.repeat(10_000)), /longer than any/);
    await refused(await sessionToken('ann', { claims: { exp: undefined } }), /allow_tokens_without_exp/);
    await refused(await sessionToken('ann', { claims: { exp: seconds() - 1 } }), /expired/, 'token_expired');
    await refused(await sessionToken('ann', { claims: { exp: seconds() } }), /expired/, 'token_expired');
    await refused(await sessionToken('ann', { claims: { iat: seconds() + 3600 } }), /future/);
    await refused(await sessionToken('ann', { claims: { nbf: seconds() + 3600 } }), /future/);
    await refused(await sessionToken('ann', { claims: { typ: 'mfa_pending' } }), /"typ"/);
    await refused(await sessionToken('ann', { header: { typ: 'at+jwt' } }), /cannot be read/);
  });

  it('count by HS256 alone', async () => {
    const claims = { id: 'ann', exp: seconds() + 60 };
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signed = (alg: string) => new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' });
    await refused(new UnsecuredJWT(claims).encode(), /signed by none; only HS256/);
    await refused(await signed('HS512').sign(bytes(WEBUI_SECRET.repeat(2))), /signed by HS512/);
    await refused(await signed('RS256').sign(privateKey), /signed by RS256/);
    // The secret as key, under a name that is not HS256; and no signature under the right name.
    const [, payload, signature] = (await sessionToken('ann')).split('.');
    await refused(`${encode({ alg: 'RS256' })}.${payload}.${signature}`, /signed by RS256/);
    for (const alg of ['none', 'None', 'NONE', 'hs256']) {
      await refused(`${encode({ alg })}.${payload}.${signature}`, new RegExp(`signed by ${alg};`));
    }
    await refused(`${encode({ alg: 'HS256' })}.${payload}.`, /changed, or signed with another secret/);
    for (const alg of [undefined, null, '', ['HS256'], 'x'.repeat(17), 'HS256 ', '<b>']) {
      await refused(`${encode({ alg })}.${payload}.${signature}`, /signed by an unknown algorithm/);
    }
  });

  it('count unchanged alone, and by this secret alone', async () => {
    const remedy = /another secret.*webui_secret_key must be the WEBUI_SECRET_KEY/;
    const [header = '', payload = '', signature = ''] = (await sessionToken('ann')).split('.');
    await refused(await sessionToken('ann', { secret: OTHER_SECRET }), remedy);
    await refused(await sessionToken('ann', { secret: `${WEBUI_SECRET}\n` }), remedy);
    await refused(await sessionToken('ann', { secret: ''.padEnd(1) }), remedy);
    await refused(`${header}.${encode({ id: 'bob', exp: seconds() + 60 })}.${signature}`, remedy);
    await refused(`${header}.${payload}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`, remedy);
    await refused(`${header}.${payload}.${signature.slice(0, -2)}`, remedy);
    const hinted = { kid: '../../dev/null', jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x' };
    await refused(await sessionToken('ann', { secret: OTHER_SECRET, header: hinted }), remedy);
    await refused(
      await sessionToken('ann', { secret: OTHER_SECRET, header: { jwk: { kty: 'oct', k: encode(OTHER_SECRET) } } }),
      remedy,
    );
  });

  it('may say more than we know, but nothing that must be understood', async () => {
    const hinted = { kid: 'x', jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x' };
    const odd = { header: hinted, claims: { aud: ['a', 'b'], iss: 'x', role: 'admin' } };
    const found = await verifying.byToken(await sessionToken('ann', odd), WHOLE, AWAY);
    assert.equal(found.id, 'openwebui:ann');
    const [, payload, signature] = (await sessionToken('ann')).split('.');
    for (const crit of [['exp'], ['b64'], [], null, 'x']) {
      await refused(`${encode({ alg: 'HS256', b64: false, exp: 1, crit })}.${payload}.${signature}`, /cannot be read/);
    }
  });

  it('are objects of JSON, and nothing else', async () => {
    const header = encode({ alg: 'HS256' });
    for (const token of [
      'a.b.c',
      `${header}.${encode([])}.AAAA`,
      `${header}.${encode('x')}.AAAA`,
      `${header}.${encode(null)}.AAAA`,
      `${header}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.AAAA`,
      `${encode([])}.${encode({ id: 'ann' })}.AAAA`,
      `${header}.e30`,
      `${header}.e30.AAAA.AAAA.AAAA`,
      '..',
      '',
    ]) {
      await refused(token, /^(?!.*eyJ).*cannot be read/);
    }
  });

  it('may never end, and may not be old, where the operator says so', async () => {
    const lenient = users({ secretKey: WEBUI_SECRET, allowWithoutExpiry: true, maxTokenAgeMs: 3_600_000 });
    const token = await sessionToken('ann', { claims: { exp: undefined } });
    assert.equal((await lenient.byToken(token, WHOLE, AWAY)).id, 'openwebui:ann');
    const old = await sessionToken('ann', { claims: { iat: seconds() - 3600 } });
    await refusedAs(() => lenient.byToken(old, WHOLE, AWAY), 401, 'token_expired', /longer ago/);
  });

  it('are known at once the second time, until the very second of their end', async () => {
    const clock = new TestClock();
    const remembering = users({ secretKey: WEBUI_SECRET }, clock);
    const exp = seconds() + 100;
    const token = await sessionToken('ann', { claims: { exp } });
    const [first, shared] = [remembering.byToken(token, WHOLE, AWAY), remembering.byToken(token, WHOLE, AWAY)];
    assert.ok(first instanceof Promise && shared instanceof Promise);
    assert.equal(await first, await shared, 'asked at the same time, verified once');
    assert.equal(remembering.byToken(token, WHOLE, AWAY), await first, 'no promise');
    clock.set(exp * 1000 - 1);
    assert.equal(remembering.byToken(token, WHOLE, AWAY), await first);
    clock.tick(1);
    await refusedAs(() => remembering.byToken(token, WHOLE, AWAY), 401, 'token_expired', /expired/);
    await refusedAs(() => remembering.byToken(token, WHOLE, AWAY), 401, 'token_expired', /expired/);
  });
});

describe('tokens at a server with a secret of its own', () => {
  const own = { isPersonal: true, secretKey: OTHER_SECRET };

  it('count by that secret there, and nowhere else', async () => {
    const both = users({ secretKey: WEBUI_SECRET });
    const [usual, others] = [await sessionToken('ann'), await sessionToken('ann', { secret: OTHER_SECRET })];
    for (let round = 0; round < 2; round += 1) {
      assert.equal((await both.byToken(usual, WHOLE, AWAY)).id, 'openwebui:ann');
      assert.equal((await both.byToken(others, own, AWAY)).id, 'openwebui:ann');
      await refusedAs(() => both.byToken(usual, own, AWAY), 401, INVALID, /oauth\.webui_secret_key must be/);
      await refusedAs(() => both.byToken(others, WHOLE, AWAY), 401, INVALID, /another secret/);
      await refusedAs(() => both.byToken(others, PERSONAL, AWAY), 401, INVALID, /another secret/);
    }
  });

  it('let nobody in elsewhere, and are never merely believed', async () => {
    const alone = users({ verifyJwt: false });
    assert.deepEqual(
      [alone.admits, alone.proof, alone.reads(own), alone.reads(WHOLE)],
      [false, undefined, true, false],
    );
    await refusedAs(async () => alone.byToken(await sessionToken('ann'), own, HERE), 401, INVALID, /another secret/);
  });
});

describe('tokens that nothing verifies', () => {
  const forged = () => sessionToken('ann', { secret: OTHER_SECRET });

  it('are believed from this machine alone, and only where each person has an account', async () => {
    const open = users({});
    const found = await open.byToken(await forged(), PERSONAL, HERE);
    assert.deepEqual(found, { id: 'unverified:ann', via: 'unverified', label: 'unverified user ann' });
    await refusedAs(async () => open.byToken(await forged(), PERSONAL, AWAY), 401, INVALID, /webui_secret_key/);
    await refusedAs(async () => open.byToken(await forged(), WHOLE, HERE), 401, INVALID, /webui_secret_key/);
    assert.deepEqual(
      [open.admits, open.proof, open.reads(PERSONAL), open.reads(WHOLE)],
      [false, undefined, true, false],
    );
  });

  it('are believed from everywhere with verify_jwt: false, and from nowhere with true', async () => {
    const careless = users({ verifyJwt: false });
    assert.equal((await careless.byToken(await forged(), PERSONAL, AWAY)).id, 'unverified:ann');
    await refusedAs(async () => careless.byToken(await forged(), WHOLE, HERE), 401, INVALID, /webui_secret_key/);
    const careful = users({ verifyJwt: true });
    await refusedAs(async () => careful.byToken(await forged(), PERSONAL, HERE), 401, INVALID, /webui_secret_key/);
  });

  it('are not believed once something verifies them', async () => {
    const verifying = users({ verifyJwt: false, secretKey: WEBUI_SECRET });
    await refusedAs(async () => verifying.byToken(await forged(), PERSONAL, HERE), 401, INVALID, /another secret/);
  });

  it('must still be tokens of a user that have not ended; an end is not asked for', async () => {
    const open = users({});
    const at = (claims: Record<string, unknown>) => async () =>
      open.byToken(await sessionToken('ann', { claims }), PERSONAL, HERE);
    assert.equal((await at({ exp: undefined })()).id, 'unverified:ann');
    await refusedAs(at({ exp: seconds() }), 401, 'token_expired', /expired/);
    await refusedAs(at({ id: '' }), 401, INVALID, /no user/);
    await refusedAs(() => open.byToken('a.b.c', PERSONAL, HERE), 401, INVALID, /cannot be read/);
  });

  it('cannot name a user of another kind', async () => {
    const open = users({});
    const found = await open.byToken(await sessionToken('openwebui:ann'), PERSONAL, HERE);
    assert.equal(found.id, 'unverified:openwebui:ann');
  });
});

describe('the cookie of Open WebUI', () => {
  it('names who a secret verifies, and until when', async () => {
    const verifying = users({ secretKey: WEBUI_SECRET, allowWithoutExpiry: true });
    const exp = seconds() + 100;
    const found = await verifying.cookieUser(await sessionToken('ann', { claims: { exp } }), WHOLE, AWAY.from);
    assert.deepEqual([found?.principal.id, found?.until], ['openwebui:ann', exp * 1000]);
    const endless = await verifying.cookieUser(
      await sessionToken('ann', { claims: { exp: undefined } }),
      WHOLE,
      AWAY.from,
    );
    assert.deepEqual([endless?.principal.id, endless?.until], ['openwebui:ann', undefined]);
  });

  it('names nobody where it does not verify, or nothing could verify it', async () => {
    const verifying = users({ secretKey: WEBUI_SECRET });
    const forged = await sessionToken('ann', { secret: OTHER_SECRET });
    for (const token of ['', 'x', 'a.b.c', 'x'.repeat(9_000), forged]) {
      assert.equal(await verifying.cookieUser(token, WHOLE, AWAY.from), undefined);
    }
    assert.equal(
      await users({ verifyJwt: false }).cookieUser(await sessionToken('ann'), PERSONAL, AWAY.from),
      undefined,
    );
  });
});

describe('the proof of a sign-in', () => {
  it('changes with what verifies, and holds no secret', () => {
    const proofs = [
      users({ secretKey: WEBUI_SECRET }),
      users({ secretKey: OTHER_SECRET }),
      users({ introspect: true, url: 'http://a.example' }),
      users({ introspect: true, url: 'http://b.example' }),
      users({ introspect: true, url: 'http://a.example', secretKey: WEBUI_SECRET }),
    ].map(({ proof }) => proof);
    assert.equal(new Set(proofs).size, 5);
    assert.ok(proofs.every((proof) => proof !== undefined && !proof.includes(WEBUI_SECRET)));
    assert.equal(
      users({ secretKey: WEBUI_SECRET, introspect: true }).proof,
      proofs[0],
      'nobody can be asked without url',
    );
  });
});

describe('one user', () => {
  it('is one principal, however they are known, and one person', async () => {
    const config = { secretKey: WEBUI_SECRET, userJwtSecret: USER_JWT_SECRET };
    const openWebui = users(config);
    const identity = buildIdentity({ apiKey: 'key', openWebui, tokens: NO_TOKENS });
    const jwt = await userJwt('ann');
    const plain = { header: (name: string) => (name.endsWith('-id') ? 'ann' : undefined) };
    const ids = [
      (await openWebui.byToken(await sessionToken('ann'), WHOLE, AWAY)).id,
      (await openWebui.byHeaders({ header: (name) => (name === 'x-openwebui-user-jwt' ? jwt : undefined) }))?.id,
      (await identity.cookieUser(await sessionToken('ann'), WHOLE, AWAY.from))?.principal.id,
      (await users({ trustForwardedUser: true }).byHeaders(plain))?.id,
    ];
    assert.deepEqual(new Set(ids), new Set(['openwebui:ann']));
    assert.equal(isOnePerson(API_KEY_HOLDER), false);
    assert.equal(isOnePerson({ id: 'openwebui:ann', via: 'openwebui', label: '' }), true);
  });
});

describe('refusals', () => {
  it('hold nothing of the token', async () => {
    const verifying = users({ secretKey: WEBUI_SECRET });
    const claims = { id: 'private name', email: 'private@example.org', typ: 'private' };
    const token = await sessionToken('private', { claims });
    for (const secret of [WEBUI_SECRET, OTHER_SECRET]) {
      const error = await refusal(async () =>
        verifying.byToken(await sessionToken('p', { secret, claims }), WHOLE, AWAY),
      );
      const text = JSON.stringify([
        error.message,
        error.detail,
        error.body,
        error.privateDetail,
        error.cause,
        error.headers,
      ]);
      assert.doesNotMatch(text, /private/);
      for (const part of token.split('.')) assert.ok(!text.includes(part));
    }
  });
});
