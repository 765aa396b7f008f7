/** Where grants lie, how long, and for whom. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { begun, belongsTo, freshToken, isUnproven, type NewGrant, renewed, statusOf } from '../../src/oauth/grant.ts';
import { Grants } from '../../src/oauth/grants.ts';
import { sweepGrants } from '../../src/oauth/idle.ts';
import { openStore } from '../../src/storage/store.ts';
import { startAuthorizationServer } from '../helpers/authorization-server.ts';
import { until } from '../helpers/wait.ts';
import { assertNoSecrets, type House, newGrant, openHouse, protectedServer } from './grants-helper.ts';

const OWNER = 'basic:alice';
const VISITOR = 'visitor:4d0f4a3e-5f0b-4f3c-9a77-1f6f2b1c0a11';
const server = protectedServer();
const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

const login: NewGrant = {
  issuer: 'https://as.example',
  resource: 'https://mcp.example',
  source: 'metadata',
  client: { id: 'client', authMethod: 'none', origin: 'registered' },
  accessToken: 'access-1',
  refreshToken: 'refresh-1',
  expiresAt: NOW + 10 * MINUTE,
  requestedScope: 'read',
};

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

describe('a grant in the store', () => {
  it('is one of its owner, server and address alone', async () => {
    await house.grants.save(server, OWNER, login);
    assert.equal((await house.grants.read(server, OWNER))?.grant.accessToken, 'access-1');
    assert.equal(await house.grants.read(server, 'basic:bob'), undefined);
    assert.equal(await house.grants.read({ ...server, name: 'other' }, OWNER), undefined);
    assert.equal(await house.grants.read({ ...server, url: new URL('http://127.0.0.1:9/other') }, OWNER), undefined);
  });

  it('of another issuer or resource than configured is none', () => {
    const grant = begun(server, login, undefined, NOW);
    const { resource: _, ...bare } = grant;
    assert.ok(belongsTo(grant, protectedServer({ issuer: 'https://as.example', resource: 'https://mcp.example' })));
    assert.ok(belongsTo(bare, protectedServer({ resource: 'omit' })));
    assert.ok(!belongsTo(grant, protectedServer({ issuer: 'https://as.example/' })));
    assert.ok(!belongsTo(grant, protectedServer({ resource: 'https://mcp.example/' })));
    assert.ok(!belongsTo(grant, protectedServer({ resource: 'omit' })));
    assert.ok(!belongsTo(bare, protectedServer({ resource: 'https://mcp.example' })));
  });

  it('is replaced by another login, which tells what it replaced and has a later generation', async () => {
    const { grant: first } = await house.grants.save(server, OWNER, login);
    const { grant: second, replaced } = await house.grants.save(server, OWNER, { ...login, accessToken: 'access-2' });
    assert.equal(replaced?.accessToken, 'access-1');
    assert.ok(second.generation > first.generation);
    await house.grants.remove(server, OWNER);
    const { grant: third } = await house.grants.save(server, OWNER, login, Date.now() + 1);
    assert.ok(third.generation > second.generation, 'also after a removal');
  });

  it('that somebody else wrote meanwhile is not overwritten', async () => {
    await house.grants.save(server, OWNER, login);
    const read = await house.grants.read(server, OWNER);
    assert.ok(read);
    await house.grants.end(server, OWNER, read.grant);
    assert.equal(await house.grants.replace(server, OWNER, read, read.grant), false);
    assert.equal((await house.grants.read(server, OWNER))?.grant.state, 'ended');
  });

  it('takes the changes of 50 writers at once', async () => {
    await house.grants.save(server, OWNER, { ...login, scope: '' });
    const note = (text: string) => house.grants.change(server, OWNER, (one) => ({ ...one, scope: one.scope + text }));
    await Promise.all(Array.from({ length: 50 }, () => note('x')));
    assert.equal((await house.grants.read(server, OWNER))?.grant.scope?.length, 50);
  });

  it('goes to one of many who remove it', async () => {
    await house.grants.save(server, OWNER, login);
    const removed = await Promise.all(Array.from({ length: 20 }, () => house.grants.remove(server, OWNER)));
    assert.equal(removed.filter((grant) => grant !== undefined).length, 1);
  });

  it('of a server with memory storage is never written', async () => {
    const store = openStore('memory');
    const memory = openStore('memory');
    const grants = new Grants({ store, memory });
    await grants.save(protectedServer({ storage: 'memory' }), OWNER, login);
    assert.equal(await grants.read(server, OWNER), undefined);
    assert.equal((await grants.read(protectedServer({ storage: 'memory' }), OWNER))?.grant.accessToken, 'access-1');
  });

  it('is sealed', async () => {
    await house.grants.save(server, OWNER, login);
    const row = await house.stores.plain.table('grants').get(JSON.stringify([OWNER, server.name, server.url.href]));
    assert.ok(row !== undefined && !JSON.stringify(row).includes('refresh-1'));
  });
});

describe('the end of a grant that nobody uses', () => {
  it('comes to a visitor after the idle time of the server, and not to a named person', async () => {
    const short = protectedServer({ sessionTimeoutMs: 1 });
    await house.grants.save(short, VISITOR, login);
    await house.grants.save(short, OWNER, login);
    await until(async () => (await house.grants.read(short, VISITOR)) === undefined);
    assert.equal((await house.grants.status(short, VISITOR)).state, 'needs-login');
    assert.ok(await house.grants.read(short, OWNER));
  });

  it('is moved by use', async () => {
    const brief = protectedServer({ sessionTimeoutMs: 1_500 });
    await house.grants.save(brief, VISITOR, { ...login, expiresAt: Date.now() + MINUTE });
    const connection = house.connections.get(brief, VISITOR);
    const start = Date.now();
    await until(async () => {
      assert.equal(await connection.token(), 'access-1');
      return Date.now() - start > 2_500;
    });
    assert.ok(await house.grants.read(brief, VISITOR));
  });

  it('revokes it at its authorization server, and only there where the server is still configured', async () => {
    const as = await startAuthorizationServer();
    const brief = protectedServer({ sessionTimeoutMs: 1 });
    const gone = { ...brief, name: 'gone' };
    const moved = { ...brief, name: 'moved' };
    const elsewhere = { ...moved, url: new URL('http://127.0.0.1:9/elsewhere') };
    const grant = await newGrant(as);
    await house.grants.save(brief, VISITOR, grant);
    for (const other of [gone, moved]) await house.grants.save(other, VISITOR, await newGrant(as));
    await until(async () => (await house.grants.read(moved, VISITOR)) === undefined);
    const servers = new Map([
      ['notes', brief],
      ['moved', elsewhere],
    ]);
    await sweepGrants({ servers, revoke: house.revoke, log: house.log }, house.grants);
    assert.equal(as.refreshTokensOf('alice'), 2);
    assert.deepEqual(await house.grants.sweep(10), []);
    assertNoSecrets(house, grant);
    await as.close();
  });
});

describe('a revocation', () => {
  it('ends this grant and no other, the refresh token first', async () => {
    const as = await startAuthorizationServer();
    const [grant] = [await newGrant(as), await newGrant(as)];
    assert.ok(grant);
    assert.equal(await house.revoke(server, begun(server, grant, undefined, NOW)), true);
    assert.equal(as.refreshTokensOf('alice'), 1);
    const sent = as.seen.filter(({ endpoint }) => endpoint === 'revoke');
    assert.deepEqual(
      sent.map(({ params }) => params.token_type_hint),
      ['refresh_token', 'access_token'],
    );
    await as.close();
  });

  it('is tried twice, and not more', async () => {
    const as = await startAuthorizationServer();
    const { accessToken: _, ...grant } = begun(server, await newGrant(as), undefined, NOW);
    as.fail('revoke', 'unavailable');
    assert.equal(await house.revoke(server, grant), true);
    assert.equal(as.counts('revoke'), 2);
    as.fail('revoke', 'unavailable', 10);
    assert.equal(await house.revoke(server, grant), false);
    assert.equal(as.counts('revoke'), 4);
    assert.equal(house.log.matching(/did not revoke/).length, 1);
    await as.close();
  });

  it('fails without an error where the authorization server is gone, and where nothing is left', async () => {
    const as = await startAuthorizationServer();
    const grant = begun(server, await newGrant(as), undefined, NOW);
    await as.close();
    assert.equal(await house.revoke({ ...server, name: 'unknown yet' }, grant), false);
    const { accessToken: _, refreshToken: __, ...bare } = grant;
    assert.equal(await house.revoke(server, bare), false);
  });
});

describe('what can be said of a grant', () => {
  const grant = begun(server, login, undefined, NOW);
  const end = login.expiresAt ?? 0;

  it('an access token is fresh until a tenth of its life is left, or a minute', () => {
    assert.equal(freshToken(grant, end - MINUTE - 1), 'access-1');
    assert.equal(freshToken(grant, end - MINUTE), undefined);
    const brief = { ...grant, expiresAt: NOW + 1_000 };
    assert.equal(freshToken(brief, NOW + 899), 'access-1');
    assert.equal(freshToken(brief, NOW + 900), undefined);
  });

  it('an access token without an end, or that cannot be renewed, is fresh as long as it can be', () => {
    const { expiresAt: _, ...endless } = grant;
    assert.equal(freshToken(endless, NOW * 2), 'access-1');
    const { refreshToken: __, ...fixed } = grant;
    assert.equal(freshToken(fixed, end - 1), 'access-1');
    assert.equal(freshToken(fixed, end), undefined);
  });

  it('a renewal without a refresh token or an end keeps the one and not the other', () => {
    const next = renewed({ ...grant, refreshSentAt: NOW }, { accessToken: 'access-2' }, NOW + 5);
    assert.equal(next.refreshToken, 'refresh-1');
    assert.equal(next.expiresAt, undefined);
    assert.equal(next.refreshSentAt, undefined);
    assert.equal(next.generation, grant.generation + 1);
    assert.equal(isUnproven(next, NOW + 10_004), true);
    assert.equal(isUnproven(next, NOW + 10_005), false);
    assert.equal(isUnproven(grant, NOW), false);
  });

  it('the status of a connection is connected while its tokens are good for something', () => {
    const { refreshToken: _, ...fixed } = grant;
    assert.deepEqual(statusOf(undefined, NOW), { state: 'needs-login' });
    assert.deepEqual(statusOf(grant, end + 1), {
      state: 'connected',
      expiresAt: end,
      renews: true,
      scope: 'read',
      issuer: 'https://as.example',
      connectedAt: NOW,
    });
    assert.equal(statusOf(fixed, end - 1).state, 'connected');
    assert.equal(statusOf(fixed, end).state, 'expired');
    assert.equal(statusOf({ ...grant, state: 'ended' }, NOW).state, 'expired');
  });
});
