/** What one process does to a login is seen by the others that share the store. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Connection } from '../../src/oauth/connection.ts';
import type { NewGrant } from '../../src/oauth/grant.ts';
import { Grants } from '../../src/oauth/grants.ts';
import { until } from '../helpers/wait.ts';
import { type House, openHouse, protectedServer } from './grants-helper.ts';

const OWNER = 'basic:alice';
const server = protectedServer();
const login: NewGrant = {
  issuer: 'http://127.0.0.1:9',
  source: 'metadata',
  client: { id: 'client', authMethod: 'none', origin: 'registered' },
  accessToken: 'access-1',
};

let here: House;
let there: House;
beforeEach(async () => {
  here = await openHouse();
  there = await openHouse({ stores: here.stores, recheckMs: 10 });
});
afterEach(async () => {
  await there.close();
  await here.close();
});

async function connectThere(): Promise<void> {
  await here.grants.save(server, OWNER, login);
  assert.equal(await there.connections.get(server, OWNER).token(), 'access-1');
}

async function codeThere(): Promise<unknown> {
  return Promise.resolve(there.connections.get(server, OWNER).token()).catch(({ code }) => code);
}

describe('connections of one process', () => {
  it('are one object per owner and server, until the configuration of the login changes', () => {
    const connection = here.connections.get(server, OWNER);
    assert.equal(here.connections.get({ ...server, oauth: { ...server.oauth } }, OWNER), connection);
    assert.notEqual(here.connections.get(server, 'basic:bob'), connection);
    assert.notEqual(here.connections.get({ ...server, name: 'other' }, OWNER), connection);
    assert.notEqual(here.connections.get(protectedServer({ scope: 'more' }), OWNER), connection);
  });

  it('follow a removal by another process', async () => {
    await connectThere();
    await here.grants.remove(server, OWNER);
    await until(() => there.ended.length > 0);
    assert.equal(await codeThere(), 'authorization_required');
    assert.deepEqual(there.ended, [OWNER]);
  });

  it('follow the end of a login in another process', async () => {
    await connectThere();
    const found = await here.grants.read(server, OWNER);
    assert.ok(found);
    await here.grants.end(server, OWNER, found.grant);
    await until(() => there.ended.length > 0);
    assert.equal(await codeThere(), 'authorization_required');
  });

  it('follow another login in another process, and tell that the old one has ended', async () => {
    await connectThere();
    await here.grants.save(server, OWNER, { ...login, accessToken: 'access-2' }, Date.now() + 1);
    await until(() => there.ended.length > 0);
    assert.equal(there.connections.get(server, OWNER).token(), 'access-2');
    assert.deepEqual(there.ended, [OWNER]);
  });

  it('follow a renewal by another process, which is no end', async () => {
    await connectThere();
    await here.grants.change(server, OWNER, (grant) => ({
      ...grant,
      accessToken: 'access-2',
      generation: grant.generation + 1,
    }));
    await until(async () => (await codeThere()) === 'access-2');
    assert.deepEqual(there.ended, []);
  });

  it('follow the end of a visit', async () => {
    const brief = protectedServer({ sessionTimeoutMs: 500 });
    const visitor = 'visitor:1';
    await here.grants.save(brief, visitor, login);
    await there.connections.get(brief, visitor).token();
    await until(() => there.ended.includes(visitor));
  });

  it('follow at once what their own process has changed', async () => {
    await here.grants.save(server, OWNER, login);
    await here.connections.get(server, OWNER).token();
    await here.grants.remove(server, OWNER);
    await here.connections.changed(server, OWNER);
    assert.deepEqual(here.ended, [OWNER]);
  });

  it('do not go back to a login that was replaced while they read the store', async () => {
    const slow = new SlowGrants({ store: here.stores.sealed, memory: here.stores.sealed });
    await slow.save(server, OWNER, login);
    const { renewer, discovery, revoke, log } = here;
    const silent = (): void => undefined;
    const options = { server, owner: OWNER, grants: slow, renewer, discovery, revoke, log };
    const connection = new Connection({ ...options, onHeld: silent, onEnded: silent });
    await connection.token();
    const late = slow.holdNext();
    const followed = connection.follow();
    await slow.save(server, OWNER, { ...login, accessToken: 'access-2' }, Date.now() + 1);
    await connection.follow();
    late();
    await followed;
    assert.equal(connection.token(), 'access-2');
  });
});

/** The real thing, whose next answer can be held back. */
class SlowGrants extends Grants {
  #held: Promise<void> | undefined;

  holdNext(): () => void {
    let release = (): void => undefined;
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  override async read(...place: Parameters<Grants['read']>): ReturnType<Grants['read']> {
    const held = this.#held;
    this.#held = undefined;
    const found = await super.read(...place);
    await held;
    return found;
  }
}
