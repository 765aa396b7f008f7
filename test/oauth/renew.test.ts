/** What becomes of a login when its renewal fails: at the authorization server, on the way, or at our own store. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { GatewayError } from '../../src/errors.ts';
import type { NewGrant } from '../../src/oauth/grant.ts';
import { openDatabase } from '../../src/storage/sqlite.ts';
import { type AuthorizationServer, Browser, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { until } from '../helpers/wait.ts';
import { assertNoSecrets, expired, type House, newGrant, openHouse, protectedServer } from './grants-helper.ts';

const OWNER = 'basic:alice';
const server = protectedServer();
const folder = mkdtempSync(join(tmpdir(), 'latchkey-renew-'));

let as: AuthorizationServer;
let grant: NewGrant;
let refreshes: number;
let files = 0;

before(async () => {
  as = await startAuthorizationServer();
});
after(async () => {
  await as.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  as.heal();
  grant = await newGrant(as);
  refreshes = as.counts('refresh_token');
});

/** Until the token request of a slow renewal is at the authorization server, which has not looked at it. */
const isSent = (): Promise<boolean> =>
  until(() => as.seen.at(-1)?.endpoint === 'token' && as.seen.at(-1)?.status === undefined);
const refreshesSince = (): number => as.counts('refresh_token') - refreshes;

/** A house on a file of its own, with an expired login in it. */
async function houseWith(login: NewGrant): Promise<House & { readonly file: string }> {
  files += 1;
  const file = join(folder, `${files}.db`);
  const house = await openHouse({ uri: `sqlite:${file}` });
  await house.grants.save(server, OWNER, login);
  return { ...house, file };
}

async function refusalOf(house: House): Promise<GatewayError> {
  const error = await Promise.resolve(house.connections.get(server, OWNER).token()).then(
    () => assert.fail('there was a token'),
    (reason: unknown) => reason,
  );
  assertNoSecrets(house, grant, error);
  return error as GatewayError;
}

async function stateOf(house: House): Promise<unknown> {
  const row = await house.grants.read(server, OWNER);
  return { state: row?.grant.state, tokens: row?.grant.refreshToken !== undefined };
}

describe('a renewal', () => {
  it('works after a restart with an expired access token', async () => {
    const first = await houseWith(expired(grant));
    await first.close();
    const second = await openHouse({ uri: `sqlite:${first.file}` });
    const token = await second.connections.get(server, OWNER).token();
    assert.notEqual(token, grant.accessToken);
    assert.equal(refreshesSince(), 1);
    await second.close();
    const third = await openHouse({ uri: `sqlite:${first.file}` });
    assert.equal(await third.connections.get(server, OWNER).token(), token);
    assert.equal(refreshesSince(), 1);
    await third.close();
  });

  it('whose answer is lost after the rotation ends in a new login, and in no loop', async () => {
    const house = await houseWith(expired(grant));
    as.fail('token', 'drop');
    const first = await refusalOf(house);
    assert.equal(first.code, 'provider_unavailable');
    const error = await until(async () => {
      const refusal = await refusalOf(house);
      return refusal.code === 'authorization_required' && refusal;
    });
    assert.equal(error.status, 401);
    assert.equal(refreshesSince(), 2);
    await refusalOf(house);
    assert.equal(refreshesSince(), 2);
    assert.deepEqual(await stateOf(house), { state: 'ended', tokens: false });
    await house.close();
  });

  it('keeps the tokens while the authorization server is down, asks it seldom, and works again after', async () => {
    const house = await houseWith(expired(grant));
    const connection = house.connections.get(server, OWNER);
    house.discovery.forget(server);
    await as.stop();
    const error = await refusalOf(house);
    assert.equal(error.code, 'provider_unavailable');
    assert.equal(error.status, 503);
    assert.ok(Number(error.headers['retry-after']) >= 1);
    assert.deepEqual(await stateOf(house), { state: 'live', tokens: true });
    await as.start();
    const asked = as.seen.length;
    await Promise.all(Array.from({ length: 20 }, () => refusalOf(house)));
    assert.equal(as.seen.length, asked, 'nobody is asked before the time to wait is over');
    const token = await until(async () => Promise.resolve(connection.token()).catch(() => undefined));
    assert.notEqual(token, grant.accessToken);
    assert.equal(refreshesSince(), 1);
    await house.close();
  });

  it('that fails is sent once for 50 callers whose token was refused', async () => {
    const house = await houseWith(grant);
    const connection = house.connections.get(server, OWNER);
    await connection.token();
    as.fail('token', 'error', 50);
    const refusal = {
      status: 401,
      sentAt: Date.now(),
      challenge: undefined,
      token: grant.accessToken,
      operation: 'list_notes',
    } as const;
    const refused = Array.from({ length: 50 }, () => connection.refused(refusal).catch(({ code }) => code));
    assert.deepEqual([...new Set(await Promise.all(refused))], ['provider_unavailable']);
    assert.equal(refreshesSince(), 1);
    await house.close();
  });

  it('that is answered by 503 leaves the token in use while it lasts', async () => {
    const house = await houseWith({ ...grant, expiresAt: Date.now() + 5_000 });
    await house.grants.change(server, OWNER, (held) => ({ ...held, createdAt: Date.now() - 600_000 }));
    as.fail('token', 'unavailable');
    assert.equal(await house.connections.get(server, OWNER).token(), grant.accessToken);
    assert.equal(refreshesSince(), 1);
    assert.equal((await house.grants.read(server, OWNER))?.grant.refreshSentAt, undefined);
    await house.close();
  });

  it('that is refused with invalid_grant ends the login and keeps the client', async () => {
    const house = await houseWith(expired(grant));
    as.revokeGrantsOf('alice');
    assert.equal((await refusalOf(house)).code, 'authorization_required');
    assert.deepEqual(await stateOf(house), { state: 'ended', tokens: false });
    assert.deepEqual(house.forgotten, []);
    await house.close();
  });

  it('that is refused with invalid_client ends the login and forgets the client', async () => {
    const house = await houseWith(expired(grant));
    as.forgetClients();
    assert.equal((await refusalOf(house)).code, 'authorization_required');
    assert.deepEqual(await stateOf(house), { state: 'ended', tokens: false });
    assert.deepEqual(house.forgotten, [grant.client]);
    await house.close();
  });
});

describe('a store that fails', () => {
  it('is told, and the tokens that it did not take are stored at the next call', async () => {
    const house = await houseWith(expired(grant));
    const reused = as.happened('refresh-token-reused');
    as.tokenDelayMs = 800;
    const refused = refusalOf(house);
    await isSent();
    const database = openDatabase(house.file);
    database.exec("CREATE TRIGGER full BEFORE UPDATE ON keyv BEGIN SELECT RAISE(FAIL, 'disk full'); END");
    const error = await refused;
    as.tokenDelayMs = 0;
    assert.equal(error.code, 'storage_failed');
    assert.equal(error.status, 500);
    assert.equal((await refusalOf(house)).code, 'storage_failed', 'what is not stored is not used');
    database.exec('DROP TRIGGER full');
    database.close();
    const token = await house.connections.get(server, OWNER).token();
    assert.notEqual(token, grant.accessToken);
    assert.equal((await house.grants.read(server, OWNER))?.grant.accessToken, token);
    assert.equal(refreshesSince(), 1);
    assert.equal(as.happened('refresh-token-reused'), reused);
    await house.close();
  });

  it('gets the tokens as soon as it is well, though nobody calls', async () => {
    const house = await houseWith(expired(grant));
    as.tokenDelayMs = 800;
    const refused = refusalOf(house);
    await isSent();
    const database = openDatabase(house.file);
    database.exec("CREATE TRIGGER full BEFORE UPDATE ON keyv BEGIN SELECT RAISE(FAIL, 'disk full'); END");
    assert.equal((await refused).code, 'storage_failed');
    as.tokenDelayMs = 0;
    await house.connections.recheck();
    database.exec('DROP TRIGGER full');
    database.close();
    await house.connections.recheck();
    assert.notEqual((await house.grants.read(server, OWNER))?.grant.accessToken, grant.accessToken);
    await house.close();
  });

  it('is told when it cannot be read', async () => {
    const house = await houseWith(grant);
    const database = openDatabase(house.file);
    database.exec('ALTER TABLE keyv RENAME TO away');
    assert.equal((await refusalOf(house)).code, 'storage_failed');
    database.exec('ALTER TABLE away RENAME TO keyv');
    database.close();
    assert.equal(await house.connections.get(server, OWNER).token(), grant.accessToken);
    await house.close();
  });
});

describe('a store that cannot be read for a while', () => {
  it('ends nothing that is in use', async () => {
    const house = await houseWith(grant);
    const connection = house.connections.get(server, OWNER);
    await connection.token();
    const database = openDatabase(house.file);
    database.exec('ALTER TABLE keyv RENAME TO away');
    await house.connections.recheck();
    assert.equal(house.log.matching(/could not be looked up/).length, 1);
    assert.equal(connection.token(), grant.accessToken);
    database.exec('ALTER TABLE away RENAME TO keyv');
    database.close();
    assert.deepEqual(house.ended, []);
    await house.close();
  });
});

describe('a refresh token that was sent', () => {
  it('by a process that died is not sent again: the login has ended', async () => {
    const house = await houseWith(expired(grant));
    await house.grants.change(server, OWNER, (held) => ({ ...held, refreshSentAt: Date.now() - 61_000 }));
    assert.equal((await refusalOf(house)).code, 'authorization_required');
    assert.equal(refreshesSince(), 0);
    await house.close();
  });

  it('a moment ago is left to whoever sent it', async () => {
    const house = await houseWith(expired(grant));
    await house.grants.change(server, OWNER, (held) => ({ ...held, refreshSentAt: Date.now() }));
    assert.equal((await refusalOf(house)).code, 'provider_unavailable');
    assert.equal(refreshesSince(), 0);
    assert.deepEqual(await stateOf(house), { state: 'live', tokens: true });
    await house.close();
  });

  it('while the person disconnects brings tokens that are revoked', async () => {
    const house = await houseWith(expired(grant));
    as.tokenDelayMs = 800;
    const live = as.refreshTokensOf('alice');
    const refused = refusalOf(house);
    await isSent();
    await house.grants.remove(server, OWNER);
    assert.equal((await refused).code, 'authorization_required');
    as.tokenDelayMs = 0;
    await until(() => as.refreshTokensOf('alice') === live - 1);
    assert.equal(await house.grants.read(server, OWNER), undefined);
    await house.close();
  });

  it('while the person signs in again leaves the new login alone', async () => {
    const browser = new Browser();
    grant = await newGrant(as, { browser });
    const login = await newGrant(as, { browser, client: grant.client });
    const house = await houseWith(expired(grant));
    const connection = house.connections.get(server, OWNER);
    const revoked = as.counts('revoke');
    as.tokenDelayMs = 800;
    const asked = Promise.resolve(connection.token());
    await isSent();
    await house.grants.save(server, OWNER, login);
    assert.equal(await asked, login.accessToken);
    as.tokenDelayMs = 0;
    await connection.refused({
      status: 401,
      sentAt: Date.now(),
      challenge: undefined,
      token: login.accessToken,
      operation: 'list_notes',
    });
    assert.notEqual(await connection.token(), login.accessToken);
    assert.equal(as.counts('revoke'), revoked, 'the authorization server would end both');
    await house.close();
  });
});
