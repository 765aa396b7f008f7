/** A connection hands out tokens that are good, and ends where no token can be had. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { GatewayError } from '../../src/errors.ts';
import type { Connection } from '../../src/oauth/connection.ts';
import type { Refusal } from '../../src/oauth/credential.ts';
import { LoginNeeded } from '../../src/oauth/errors.ts';
import type { NewGrant } from '../../src/oauth/grant.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { until } from '../helpers/wait.ts';
import {
  AUTHORIZE_URL,
  assertNoSecrets,
  expired,
  type House,
  newGrant,
  openHouse,
  protectedServer,
} from './grants-helper.ts';

const OWNER = 'basic:alice';
const server = protectedServer();

let as: AuthorizationServer;
let house: House;
let grant: NewGrant;
let refreshes: number;

before(async () => {
  as = await startAuthorizationServer();
});
after(() => as.close());
beforeEach(async () => {
  as.heal();
  grant = await newGrant(as);
  house = await openHouse();
  refreshes = as.counts('refresh_token');
});
afterEach(() => house.close());

async function connect(login: NewGrant = grant): Promise<Connection> {
  await house.grants.save(server, OWNER, login);
  return house.connections.get(server, OWNER);
}

function unauthorized(token: string | undefined): Refusal {
  return { status: 401, sentAt: Date.now(), challenge: { error: 'invalid_token' }, token, operation: 'list_notes' };
}

async function failureOf(work: Promise<unknown>): Promise<GatewayError> {
  const error: unknown = await work.then(
    () => assert.fail('it went well'),
    (reason: unknown) => reason,
  );
  assertNoSecrets(house, grant, error);
  return error as GatewayError;
}

const askFor = async (connection: Connection): Promise<string> => connection.token();
const refreshesSince = (): number => as.counts('refresh_token') - refreshes;

describe('the token of a connection', () => {
  it('is there at once while it is fresh, without a look at the store', async () => {
    const connection = await connect();
    assert.equal(await connection.token(), grant.accessToken);
    assert.equal(connection.token(), grant.accessToken);
    assert.equal(refreshesSince(), 0);
  });

  it('is missing where nobody signed in, and the answer says where to', async () => {
    const error = await failureOf(askFor(house.connections.get(server, 'basic:nobody')));
    assert.equal(error.code, 'authorization_required');
    assert.equal(error.status, 401);
    assert.ok(error instanceof LoginNeeded);
    assert.equal(error.server, 'notes');
    assert.equal(error.told({ link: AUTHORIZE_URL }).body?.authorize_url, AUTHORIZE_URL);
  });

  it('appears after a login, on the same connection', async () => {
    const connection = house.connections.get(server, OWNER);
    await failureOf(askFor(connection));
    await house.grants.save(server, OWNER, grant);
    assert.equal(await connection.token(), grant.accessToken);
  });

  it('is renewed once for all who ask when it has expired, for the same resource', async () => {
    const connection = await connect(expired(grant));
    const tokens = await Promise.all(Array.from({ length: 50 }, () => connection.token()));
    assert.equal(new Set(tokens).size, 1);
    assert.notEqual(tokens[0], grant.accessToken);
    assert.equal(refreshesSince(), 1);
    assert.equal(as.seen.findLast(({ grantType }) => grantType === 'refresh_token')?.params.resource, grant.resource);
    const found = await house.grants.read(server, OWNER);
    assert.equal(found?.grant.accessToken, tokens[0]);
    assert.notEqual(found?.grant.refreshToken, grant.refreshToken);
    assert.equal(found?.grant.refreshSentAt, undefined);
  });

  it('is renewed before it expires, when a tenth of its life is left', async () => {
    const connection = await connect();
    await house.grants.change(server, OWNER, (held) => ({
      ...held,
      createdAt: Date.now() - 95_000,
      expiresAt: Date.now() + 5_000,
    }));
    assert.notEqual(await connection.token(), grant.accessToken);
    assert.equal(refreshesSince(), 1);
  });

  it('is renewed again and again with the same refresh token where the server does not rotate', async () => {
    as.rotate = false;
    const connection = await connect(expired(grant));
    const first = await connection.token();
    await connection.follow();
    await house.grants.change(server, OWNER, (held) => ({ ...held, refreshedAt: 0 }));
    await connection.follow();
    await connection.refused(unauthorized(first));
    assert.notEqual(await connection.token(), first);
    assert.equal(refreshesSince(), 2);
    as.rotate = true;
  });

  it('without a refresh token is good to its end, and then the login has ended', async () => {
    const { refreshToken: _, ...bare } = grant;
    const connection = await connect({ ...bare, expiresAt: Date.now() + 1_000 });
    assert.equal(await connection.token(), grant.accessToken);
    const error = await until(async () =>
      askFor(connection).then(
        () => undefined,
        (reason: GatewayError) => reason,
      ),
    );
    assert.equal(error.code, 'authorization_required');
    assert.equal((await house.grants.status(server, OWNER)).state, 'expired');
    assert.deepEqual(house.ended, [OWNER]);
  });
});

describe('a refused token', () => {
  it('of an earlier renewal is simply replaced by the current one', async () => {
    const connection = await connect();
    await connection.token();
    await connection.refused(unauthorized('an-older-token'));
    assert.equal(connection.token(), grant.accessToken);
    assert.equal(refreshesSince(), 0);
  });

  it('is renewed once for 50 callers who are refused at once', async () => {
    const connection = await connect();
    await connection.token();
    await Promise.all(Array.from({ length: 50 }, () => connection.refused(unauthorized(grant.accessToken))));
    assert.notEqual(connection.token(), grant.accessToken);
    assert.equal(refreshesSince(), 1);
  });

  it('right after a renewal ends the login instead of looping, and what is left is revoked', async () => {
    const connection = await connect();
    await connection.token();
    await connection.refused(unauthorized(grant.accessToken));
    const revoked = as.counts('revoke');
    const error = await failureOf(connection.refused(unauthorized(await connection.token())));
    assert.equal(error.code, 'authorization_required');
    assert.equal(refreshesSince(), 1);
    assert.equal((await failureOf(askFor(connection))).code, 'authorization_required');
    assert.equal(refreshesSince(), 1);
    const row = await house.grants.read(server, OWNER);
    assert.equal(row?.grant.state, 'ended');
    assert.equal(row?.grant.refreshToken, undefined);
    assert.deepEqual(house.ended, [OWNER]);
    await until(() => as.counts('revoke') > revoked);
  });

  it('right after a renewal is no end where the person has signed in meanwhile', async () => {
    const connection = await connect();
    await connection.token();
    await connection.refused(unauthorized(grant.accessToken));
    const token = await connection.token();
    await house.grants.save(server, OWNER, { ...grant, accessToken: 'of-another-login' });
    await connection.refused(unauthorized(token));
    assert.equal(connection.token(), 'of-another-login');
  });

  it('that was renewed long ago is renewed once more', async () => {
    const connection = await connect();
    await house.grants.change(server, OWNER, (held) => ({ ...held, refreshedAt: Date.now() - 11_000 }));
    await connection.refused(unauthorized(await connection.token()));
    assert.notEqual(connection.token(), grant.accessToken);
    assert.equal(refreshesSince(), 1);
  });

  it('without a refresh token ends the login', async () => {
    const { refreshToken: _, ...bare } = grant;
    const connection = await connect(bare);
    const error = await failureOf(connection.refused(unauthorized(await connection.token())));
    assert.equal(error.code, 'authorization_required');
    assert.match(error.message, /has ended/);
  });

  it('where none was sent asks for a login', async () => {
    const error = await failureOf(house.connections.get(server, OWNER).refused(unauthorized(undefined)));
    assert.equal(error.code, 'authorization_required');
  });

  it('for another reason than scopes is the answer of the server', async () => {
    const connection = await connect();
    const token = await connection.token();
    const error = await failureOf(
      connection.refused({ status: 403, sentAt: Date.now(), challenge: undefined, token, operation: 'list_notes' }),
    );
    assert.equal(error.code, 'upstream_unauthorized');
    assert.equal(error.status, 502);
    assert.equal(connection.token(), grant.accessToken);
  });
});
