/** What a person is called at the authorization server: read from an `id_token`, shown, and nothing else. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { readTokenAnswer } from '../../src/oauth/token-answer.ts';
import { type House, openHouse, Person } from './login-person.ts';
import { answerTo, type ScriptedServer, startScriptedServer, TOKENS } from './login-scripted-server.ts';

function idToken(claims: unknown): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'ES256' })}.${part(claims)}.signature`;
}

function accountIn(id_token: unknown, secrets: readonly string[] = []): string | undefined {
  const result = readTokenAnswer(200, JSON.stringify({ ...TOKENS, id_token }), 0, secrets);
  assert.ok('tokens' in result);
  return result.tokens.account;
}

describe('the account in a token answer', () => {
  it('is the email address, or else the name to sign in with, or else the name', () => {
    const all = { sub: '1', email: 'alice@example.com', preferred_username: 'alice', name: 'Alice' };
    const { email: _email, ...named } = all;
    assert.equal(accountIn(idToken(all)), 'alice@example.com');
    assert.equal(accountIn(idToken(named)), 'alice');
    assert.equal(accountIn(idToken({ ...named, email: '', preferred_username: 7 })), 'Alice');
    assert.equal(accountIn(idToken({ sub: '1' })), undefined);
  });

  it('is one short line without what turns or hides text, and without our secrets', () => {
    assert.equal(accountIn(idToken({ name: ' A\u202elice\n\u0000B ' })), 'A lice B');
    const long = accountIn(idToken({ name: '😀'.repeat(300) })) ?? '';
    assert.equal(Array.from(long).length, 100);
    assert.equal(accountIn(idToken({ email: 'the-code@example.com' }), ['the-code']), '[removed]@example.com');
  });

  it('is missing where the token is none that can be read, and the login goes on', () => {
    const junk = [
      undefined,
      null,
      5,
      '',
      'a.b',
      'a.!.c',
      'a.bnVsbA.c',
      'a.W10.c',
      `${idToken({ name: 'Alice' })}.d.e`,
      idToken('text'),
    ];
    for (const one of junk) assert.equal(accountIn(one), undefined);
  });
});

describe('the account of a connection', () => {
  let scripted: ScriptedServer;
  let house: House;
  let alice: Person;

  before(async () => {
    scripted = await startScriptedServer();
    house = await openHouse({ issuer: scripted.issuer });
  });

  beforeEach(async () => {
    alice = new Person(house);
    const refresh = { ...TOKENS, access_token: 'renewed' };
    scripted.token = ({ body }) =>
      body.grant_type === 'refresh_token'
        ? { body: refresh }
        : { body: { ...TOKENS, expires_in: 1, refresh_token: 'r', id_token: idToken({ name: 'Alice A.' }) } };
    await alice.complete(answerTo((await alice.begin()).url));
  });

  after(async () => {
    await house.close();
    await scripted.close();
  });

  const accountOf = async (): Promise<string | undefined> =>
    (await house.logins.status(house.server, alice.owner)).account;

  it('is told with its status, and no scope was asked for to know it', async () => {
    assert.equal(await accountOf(), 'Alice A.');
    assert.equal((await alice.begin()).url.searchParams.get('scope'), 'notes:read');
  });

  it('stays with a renewal that does not name it', async () => {
    await house.logins.connection(house.server, alice.owner).refused({
      status: 401,
      sentAt: Date.now(),
      challenge: {},
      token: TOKENS.access_token,
      operation: 'list_notes',
    });
    assert.equal(await alice.token(), 'renewed');
    assert.equal(await accountOf(), 'Alice A.');
  });

  it('is another one after a login with another, and none after one that names none', async () => {
    for (const [token, account] of [
      [idToken({ email: 'b@example.com' }), 'b@example.com'],
      [undefined, undefined],
    ]) {
      scripted.token = { body: { ...TOKENS, id_token: token } };
      await alice.complete(answerTo((await alice.begin()).url));
      assert.equal(await accountOf(), account);
    }
  });
});
