/** Logins that mcpo has left: what of them is believed, and that they are taken over once and go on as ours. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { clientOf, issuerOf, readMcpoLogin } from '../../src/oauth/mcpo.ts';
import { SHARED_OWNER } from '../../src/oauth/model.ts';
import { openStore } from '../../src/storage/store.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { type House, type HouseOptions, openHouse, Person } from './login-person.ts';
import { type LeftByMcpo, signInAsMcpo } from './mcpo-login.ts';
import { oauthConfig } from './network-site.ts';

const NOW = Date.UTC(2026, 0, 1);
const TOKENS = { access_token: 'at', token_type: 'Bearer', expires_in: 60, scope: null, refresh_token: 'rt' };
const CLIENT = { client_id: 'c1', client_secret: 's1', client_name: null, token_endpoint_auth_method: null };

/** An unsigned JWT, as far as anybody without the key can tell. */
function jwt(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

function read(tokens: unknown, client: unknown = CLIENT, savedAt = NOW) {
  return readMcpoLogin(JSON.stringify(tokens), JSON.stringify(client), savedAt, NOW);
}

describe('what mcpo keeps of a login', () => {
  it('is read with the end that follows from when it was written', () => {
    assert.deepEqual(read(TOKENS, CLIENT, NOW - 10_000)?.tokens, {
      accessToken: 'at',
      refreshToken: 'rt',
      expiresAt: NOW + 50_000,
    });
    const endless = read({ ...TOKENS, expires_in: null });
    assert.equal(endless?.tokens.expiresAt, undefined);
  });

  it('is of use while the token lasts or can be renewed', () => {
    const old = NOW - 100_000;
    assert.ok(read(TOKENS, CLIENT, old), 'renewable');
    assert.equal(read({ ...TOKENS, refresh_token: null }, CLIENT, old), undefined);
    assert.ok(read({ ...TOKENS, refresh_token: null }, CLIENT, NOW));
  });

  it('is not believed in any other form', () => {
    const bad: unknown[] = [null, [], 'x', 1, {}, { ...TOKENS, access_token: 1 }, { ...TOKENS, access_token: 'a\nb' }];
    for (const tokens of [...bad, { ...TOKENS, token_type: 'mac' }, { error: 'x' }]) {
      assert.equal(read(tokens), undefined, JSON.stringify(tokens));
    }
    for (const client of [null, [], {}, { client_id: 5 }, { client_id: 'a\nb' }]) {
      assert.equal(read(TOKENS, client), undefined, JSON.stringify(client));
    }
    assert.equal(readMcpoLogin('{', '{}', NOW, NOW), undefined);
    assert.equal(readMcpoLogin(JSON.stringify(TOKENS), '{', NOW, NOW), undefined);
  });

  it('tells its issuer where the access token is a JWT', () => {
    assert.equal(issuerOf(jwt({ iss: 'https://as.example' })), 'https://as.example');
    for (const token of ['opaque', 'a.b', 'a.!.c', jwt(null), jwt([]), jwt({ iss: 5 }), `e30.${'e30'}.x`]) {
      assert.equal(issuerOf(token), undefined, token);
    }
  });

  it('goes to its own authorization server alone', () => {
    const server = { name: 'notes', url: new URL('https://notes.example/mcp'), oauth: oauthConfig() };
    const found = {
      issuer: 'https://as.example',
      metadata: { issuer: 'https://as.example', token_endpoint_auth_methods_supported: ['client_secret_post'] },
      resource: undefined,
      scopesSupported: undefined,
      source: 'metadata' as const,
    };
    const login = (accessToken: string) => ({ tokens: { accessToken }, registration: JSON.stringify(CLIENT) });
    const client = { id: 'c1', secret: 's1', authMethod: 'client_secret_post', origin: 'registered' };
    assert.deepEqual(clientOf(login('opaque'), server, found), client);
    assert.deepEqual(clientOf(login(jwt({ iss: 'https://as.example/' })), server, found), client);
    assert.equal(clientOf(login(jwt({ iss: 'https://other.example' })), server, found), undefined);
    const pinned = { ...server, oauth: oauthConfig({ issuer: 'https://pinned.example' }) };
    assert.equal(clientOf(login('opaque'), pinned, found), undefined);
  });
});

describe('a login that mcpo has left', () => {
  const start = async (
    t: TestContext,
    options: Partial<HouseOptions> = {},
  ): Promise<{ as: AuthorizationServer; house: House; left: LeftByMcpo }> => {
    const as = await startAuthorizationServer();
    t.after(() => as.close());
    const house = await openHouse({ issuer: as.issuer, oauth: { multiUser: false }, ...options });
    t.after(() => house.close());
    return { as, house, left: await signInAsMcpo(as, house.resource) };
  };

  /** As the files say it, written so long ago. */
  const adopt = (house: House, { tokens, client }: LeftByMcpo, ageMs = 0): Promise<boolean> => {
    const savedAt = Date.now() - ageMs;
    const login = readMcpoLogin(JSON.stringify(tokens), JSON.stringify(client), savedAt, Date.now());
    assert.ok(login);
    return house.logins.adopt(house.server, login);
  };

  it('becomes the login of all callers, without a new client or anybody at a browser', async (t) => {
    const { as, house, left } = await start(t);
    assert.equal(await adopt(house, left), true);
    assert.equal(await new Person(house, SHARED_OWNER).token(), left.tokens.access_token);
    const status = await house.logins.status(house.server, SHARED_OWNER);
    assert.equal(status.state, 'connected');
    assert.equal(status.renews, true);
    assert.equal(status.issuer, as.issuer);
    assert.equal(as.clients(), 1);
  });

  it('is renewed as the client that mcpo was, and revoked at Disconnect', async (t) => {
    const { as, house, left } = await start(t);
    assert.equal(await adopt(house, left, 3_600_000), true);
    const token = await new Person(house, SHARED_OWNER).token();
    assert.notEqual(token, left.tokens.access_token);
    const [refresh] = as.seen.filter(({ grantType }) => grantType === 'refresh_token');
    assert.equal(refresh?.clientId, left.client.client_id);
    assert.equal(refresh?.params.resource, house.resource);
    assert.equal(await house.logins.disconnect(house.server, SHARED_OWNER), true);
    assert.equal(as.refreshTokensOf('alice'), 0);
  });

  it('is not taken over again after a Disconnect, not even after a restart', async (t) => {
    const store = openStore('memory');
    const { as, house, left } = await start(t, { store });
    assert.equal(await adopt(house, left), true);
    assert.equal(await adopt(house, left), false);
    await house.logins.disconnect(house.server, SHARED_OWNER);
    const asked = as.seen.length;
    assert.equal(await adopt(house, left), false);
    assert.equal(as.seen.length, asked, 'nobody is asked for it');
    const later = await openHouse({ issuer: as.issuer, store, oauth: { multiUser: false } });
    t.after(() => later.close());
    assert.equal(await adopt(later, left), false);
    assert.equal((await later.logins.status(later.server, SHARED_OWNER)).state, 'needs-login');
  });

  it('is left alone where somebody has signed in here before, connected still or not', async (t) => {
    const { house, left } = await start(t);
    await new Person(house, SHARED_OWNER).connect({ user: 'bob' });
    assert.equal(await adopt(house, left), false);
    await house.logins.disconnect(house.server, SHARED_OWNER);
    assert.equal(await adopt(house, left), false);
  });

  it('is taken over by one of two processes', async (t) => {
    const store = openStore('memory');
    const { as, house, left } = await start(t, { store });
    const other = await openHouse({ issuer: as.issuer, store, oauth: { multiUser: false } });
    t.after(() => other.close());
    const done = await Promise.all([adopt(house, left), adopt(other, left)]);
    assert.deepEqual(done.sort(), [false, true]);
  });

  it('can be taken over later where its authorization server does not answer yet', async (t) => {
    const { as, house, left } = await start(t);
    await as.stop();
    await assert.rejects(adopt(house, left), { code: 'discovery_failed' });
    await as.start();
    assert.equal(await adopt(house, left), true);
  });

  it('is not sent to an authorization server that the server names only now', async (t) => {
    const { house, left } = await start(t);
    const other = await startAuthorizationServer();
    t.after(() => other.close());
    house.issuer = other.issuer;
    assert.equal(await adopt(house, left), false);
    assert.equal(other.counts('token'), 0);
  });
});
