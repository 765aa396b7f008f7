/** 403 `insufficient_scope`: a login is offered while it may help. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { GatewayError } from '../../src/errors.ts';
import { LoginNeeded } from '../../src/oauth/errors.ts';
import type { NewGrant } from '../../src/oauth/grant.ts';
import { AUTHORIZE_URL, type House, openHouse, protectedServer } from './grants-helper.ts';

const OWNER = 'basic:alice';
const server = protectedServer();
let house: House;
let logins = 0;

beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

/** A login that the authorization server of this name would give; nobody asks it here. */
async function signIn(scope = 'notes:read'): Promise<void> {
  logins += 1;
  const login: NewGrant = {
    issuer: 'http://127.0.0.1:9',
    source: 'metadata',
    client: { id: 'client', authMethod: 'none', origin: 'registered' },
    accessToken: `token-${logins}`,
    requestedScope: scope,
  };
  await house.grants.save(server, OWNER, login);
  await house.connections.changed(server, OWNER);
}

/** The error as the caller reads it. */
async function call(operation: string, scope: string | null = 'notes:write'): Promise<GatewayError> {
  const connection = house.connections.get(server, OWNER);
  const token = await connection.token();
  const challenge = { error: 'insufficient_scope', ...(scope === null ? {} : { scope }) };
  return connection.refused({ status: 403, sentAt: Date.now(), challenge, token, operation }).then(
    () => assert.fail('it went well'),
    (error: GatewayError) => (error instanceof LoginNeeded ? error.told({ link: AUTHORIZE_URL }) : error),
  );
}

async function wanted(): Promise<string | undefined> {
  return (await house.grants.read(server, OWNER))?.grant.wantedScope;
}

describe('a call that lacks scopes', () => {
  it('is told which, and where to get them, and they are remembered together with those there are', async () => {
    await signIn();
    const error = await call('add_note');
    assert.equal(error.code, 'insufficient_scope');
    assert.equal(error.status, 403);
    assert.equal(error.body?.scope, 'notes:write');
    assert.equal(error.body?.authorize_url, AUTHORIZE_URL);
    assert.equal(await wanted(), 'notes:read notes:write');
    await call('share_note', 'notes:share');
    assert.equal(await wanted(), 'notes:read notes:write notes:share');
    assert.equal((await house.grants.status(server, OWNER)).wantedScope, 'notes:write notes:share');
  });

  it('sees the link however often it is repeated before the person signs in', async () => {
    await signIn();
    for (let times = 0; times < 5; times += 1) {
      assert.equal((await call('add_note')).body?.authorize_url, AUTHORIZE_URL);
    }
  });

  it('is offered a login after the first and the second one, and no more after the third', async () => {
    const offers: unknown[] = [];
    for (let login = 0; login < 4; login += 1) {
      await signIn();
      offers.push((await call('add_note')).body?.authorize_url);
    }
    assert.deepEqual(offers, [AUTHORIZE_URL, AUTHORIZE_URL, undefined, undefined]);
  });

  it('does not spend the offers of another operation', async () => {
    for (let login = 0; login < 3; login += 1) {
      await signIn();
      await call('add_note');
    }
    assert.equal((await call('share_note')).body?.authorize_url, AUTHORIZE_URL);
  });

  it('is offered logins anew once one has helped', async () => {
    for (let login = 0; login < 2; login += 1) {
      await signIn();
      await call('add_note');
    }
    await signIn('notes:read notes:write');
    await signIn();
    assert.equal((await call('add_note')).body?.authorize_url, AUTHORIZE_URL);
  });

  it('is tried again where the person has signed in meanwhile', async () => {
    await signIn();
    const connection = house.connections.get(server, OWNER);
    const token = await connection.token();
    await signIn('notes:read notes:write');
    await connection.refused({
      status: 403,
      sentAt: Date.now(),
      challenge: { error: 'insufficient_scope' },
      token,
      operation: 'add_note',
    });
    assert.notEqual(await connection.token(), token);
    assert.equal(await wanted(), undefined);
  });

  it('may have any name, and scopes that are none are left out', async () => {
    await signIn();
    for (const operation of ['__proto__', 'constructor', '']) {
      assert.equal((await call(operation, 'a"b notes:write')).body?.authorize_url, AUTHORIZE_URL);
    }
    assert.equal(await wanted(), 'notes:read notes:write');
  });

  it('fills the store with no more than fifty operations', async () => {
    await signIn();
    for (let tool = 0; tool < 120; tool += 1) await call(`tool ${tool}`);
    const row = await house.grants.read(server, OWNER);
    assert.equal(Object.keys(row?.grant.stepUps ?? {}).length, 50);
    assert.equal(row?.grant.refusedOperations?.length, 50);
  });

  it('does not get scopes remembered that no address could hold', async () => {
    await signIn();
    await call('add_note');
    const many = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(120, 'x'));
    await call('add_note', many.join(' '));
    assert.equal(await wanted(), 'notes:read notes:write');
  });

  it('names no scope where the server names none', async () => {
    await signIn();
    const error = await call('add_note', null);
    assert.equal(error.body?.scope, undefined);
    assert.equal(error.body?.authorize_url, AUTHORIZE_URL);
  });
});
