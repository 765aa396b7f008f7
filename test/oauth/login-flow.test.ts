/** A login from end to end, against a real authorization server. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SHARED_OWNER } from '../../src/oauth/model.ts';
import {
  type AuthorizationServer,
  Browser,
  signIn,
  startAuthorizationServer,
} from '../helpers/authorization-server.ts';
import { until } from '../helpers/wait.ts';
import { type House, type HouseOptions, loginError, openHouse, Person, PUBLIC_BASE } from './login-person.ts';

describe('a login', () => {
  let as: AuthorizationServer;
  const houses: House[] = [];
  const open = async (options: Partial<HouseOptions> = {}): Promise<House> => {
    const house = await openHouse({ issuer: as.issuer, ...options });
    houses.push(house);
    return house;
  };

  before(async () => {
    as = await startAuthorizationServer();
  });

  after(async () => {
    await Promise.all(houses.map((house) => house.close()));
    await as.close();
  });

  it('ends with a token for this resource and this person, and leads back to where it began', async () => {
    const house = await open();
    const alice = new Person(house);
    const completed = await alice.connect({}, { returnTo: '/notes?tab=2#top' });
    assert.equal(completed.returnTo, '/notes?tab=2#top');
    assert.equal(completed.owner, 'basic:alice');
    const claims = claimsOf(await alice.token());
    assert.equal(claims.aud, house.resource);
    assert.equal(claims.sub, 'alice');
    const status = await house.logins.status(house.server, alice.owner);
    assert.equal(status.state, 'connected');
    assert.equal(status.renews, true);
    assert.equal(status.issuer, as.issuer);
    assert.equal((await house.logins.status(house.server, 'basic:bob')).state, 'needs-login');
  });

  it('asks for a code with S256, for the resource as published and for the scopes of the resource', async () => {
    const house = await open({ scopes: ['notes:read', 'notes:write'] });
    const { url, cookie } = await new Person(house).begin();
    assert.equal(url.origin + url.pathname, `${as.issuer}/authorize`);
    const query = Object.fromEntries(url.searchParams);
    assert.equal(query.response_type, 'code');
    assert.equal(query.code_challenge_method, 'S256');
    assert.equal(query.resource, house.resource);
    assert.equal(query.redirect_uri, `${PUBLIC_BASE}/oauth/notes/callback`);
    assert.equal(query.scope, 'notes:read notes:write offline_access');
    assert.equal(query.prompt, 'consent');
    assert.match(query.state ?? '', /^[\w-]{43}$/);
    assert.match(cookie?.name ?? '', /^latchkey_flow_[\w-]{22}$/);
    assert.match(cookie?.value ?? '', /^[\w-]{43}$/);
    assert.equal(cookie?.maxAgeSeconds, 600);
    assert.doesNotMatch(cookie?.name ?? '', new RegExp(query.state ?? ''));
  });

  it('takes the scopes of the challenge before those of the metadata', async () => {
    const house = await open({ challenge: { scope: 'notes:write' } });
    const { url } = await new Person(house).begin();
    assert.equal(url.searchParams.get('scope'), 'notes:write offline_access');
  });

  it('comes to its end in two tabs at once', async () => {
    const alice = new Person(await open());
    const [one, two] = [await alice.begin({ returnTo: '/one' }), await alice.begin({ returnTo: '/two' })];
    const [first, second] = [await signIn(one.url), await signIn(two.url)];
    assert.equal((await alice.complete(second)).returnTo, '/two');
    assert.equal((await alice.complete(first)).returnTo, '/one');
  });

  it('is ended by any browser where it was begun for the operator alone', async () => {
    const house = await open();
    const { url, cookie } = await house.logins.begin(house.server, SHARED_OWNER, {
      bound: false,
      returnTo: '/',
      redirectUri: 'http://127.0.0.1:3030/callback',
    });
    assert.equal(cookie, undefined);
    assert.equal(url.searchParams.get('redirect_uri'), 'http://127.0.0.1:3030/callback');
    const { searchParams } = await signIn(url);
    const request = { server: house.server, query: searchParams, cookies: {}, owner: undefined };
    assert.equal((await house.logins.complete(request)).owner, SHARED_OWNER);
    assert.equal((await house.logins.status(house.server, SHARED_OWNER)).state, 'connected');
  });

  it('may be ended by another process of the same store', async () => {
    const house = await open();
    const other = await open({ store: house.store });
    const alice = new Person(house);
    const { url } = await alice.begin();
    const { searchParams: query } = await signIn(url);
    await other.logins.complete({ server: house.server, query, cookies: alice.cookies, owner: alice.owner });
    assert.equal(claimsOf(await alice.token()).sub, 'alice');
  });

  it('retires the session of the grant that it replaces, and leaves the new one good in the same browser', async () => {
    const house = await open();
    const alice = new Person(house);
    const browser = new Browser();
    await alice.connect({ browser });
    const first = await alice.token();
    assert.deepEqual(house.ended, []);
    await alice.connect({ browser });
    assert.deepEqual(house.ended, ['basic:alice']);
    assert.notEqual(await alice.token(), first);
    assert.equal(as.happened('grant-revoked'), 0);
    // The server tells that the token is refused: it is renewed with the refresh token of the second login.
    const connection = house.logins.connection(house.server, alice.owner);
    const token = await alice.token();
    await connection.refused({ status: 401, sentAt: Date.now(), challenge: {}, token, operation: 'tools/call' });
    assert.notEqual(await alice.token(), token);
  });

  it('revokes the grant that it replaces where that was of another client', async () => {
    const house = await open();
    const alice = new Person(house);
    await alice.connect();
    const revoked = as.happened('grant-revoked');
    // As after a move of the gateway: another redirect URI is another client.
    await alice.connect({}, { redirectUri: 'http://localhost:8001/oauth/notes/callback' });
    await until(() => as.happened('grant-revoked') > revoked, 5_000, 'the revocation');
    assert.equal(claimsOf(await alice.token()).sub, 'alice');
  });

  it('asks again for all scopes and for what was missing, after the server wanted more', async () => {
    const house = await open({ challenge: { scope: 'notes:read' } });
    const alice = new Person(house);
    await alice.connect();
    const connection = house.logins.connection(house.server, alice.owner);
    const challenge = { error: 'insufficient_scope', scope: 'notes:write' };
    const refusal = {
      status: 403,
      sentAt: Date.now(),
      challenge,
      token: await alice.token(),
      operation: 'write',
    } as const;
    await assert.rejects(connection.refused(refusal), { code: 'insufficient_scope' });
    const { url } = await alice.begin();
    assert.equal(url.searchParams.get('scope'), 'notes:read offline_access notes:write');
    await alice.complete(await signIn(url));
    assert.equal(claimsOf(await alice.token()).scope, 'notes:read notes:write');
  });

  it('says goodbye at the provider when the person disconnects', async () => {
    const house = await open();
    const alice = new Person(house);
    await alice.connect();
    await alice.token();
    assert.equal(await house.logins.disconnect(house.server, alice.owner), true);
    assert.deepEqual(house.ended, [alice.owner]);
    await assert.rejects(alice.token(), { code: 'authorization_required' });
    assert.equal((await house.logins.status(house.server, alice.owner)).state, 'needs-login');
    assert.equal(await house.logins.disconnect(house.server, alice.owner), false);
  });

  it('keeps the grants of a server with memory storage out of the store', async () => {
    const house = await open({ oauth: { storage: 'memory' } });
    const alice = new Person(house);
    await alice.connect();
    const twin = await open({ store: house.store, oauth: { storage: 'memory' } });
    assert.equal((await twin.logins.status(house.server, alice.owner)).state, 'needs-login');
    assert.equal((await house.logins.status(house.server, alice.owner)).state, 'connected');
  });

  it('is begun at a server that asks for none where its metadata name an authorization server', async () => {
    await new Person(await open({ isOpen: true })).connect();
    const house = await open({ isOpen: true, metadata: false });
    await loginError(new Person(house).begin(), 'login_not_offered');
  });

  it('is begun at a server of 2025-03-26 that has neither metadata nor a challenge, by default addresses', async () => {
    const bare = await startAuthorizationServer({ metadata: false });
    try {
      const house = await open({ metadata: false, oauth: { serverUrl: bare.origin, scope: 'notes:read' } });
      const alice = new Person(house);
      await alice.connect();
      const claims = claimsOf(await alice.token());
      assert.equal(claims.aud, house.resource);
      assert.equal(bare.seen.find(({ endpoint }) => endpoint === 'authorize')?.params.code_challenge_method, 'S256');
    } finally {
      await bare.close();
    }
  });

  it('asks the new authorization server, as a client of that one, once the server has moved', async () => {
    const moved = await startAuthorizationServer();
    try {
      const house = await open();
      const alice = new Person(house);
      await alice.connect();
      house.issuer = moved.issuer;
      await alice.connect();
      assert.equal(moved.counts('register'), 1);
      assert.equal(claimsOf(await alice.token()).iss, moved.issuer);
    } finally {
      await moved.close();
    }
  });
});

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;
}
