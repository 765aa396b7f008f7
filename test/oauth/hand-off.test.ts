/** Logins that are begun in a chat, at a real authorization server: who gets what, and what is revoked. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Waiting } from '../../src/oauth/hand-off.ts';
import type { WaitingLogin } from '../../src/oauth/waiting.ts';
import { openStores } from '../../src/storage/open.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';
import { consent, rowsOf, storeAddress, waitingKey } from './hand-off-helper.ts';
import { housesOfFile } from './houses.ts';
import type { House } from './login-person.ts';

/** Who asks in a chat. */
const CALLER = 'openwebui:caller';
const WRONG = '00000-00000';

const houses = housesOfFile();
const { open } = houses;

const stateOf = async ({ logins, server }: House, owner = CALLER): Promise<string> =>
  (await logins.status(server, owner)).state;

const sweep = ({ logins, server }: House): Promise<void> => logins.sweep(new Map([[server.name, server]]));

/** Its ten minutes are over. */
async function expire({ store, server }: House, waiting: Waiting): Promise<void> {
  const rows = store.table<WaitingLogin>('waiting');
  const key = waitingKey(server, waiting);
  const row = await rows.get(key);
  assert.ok(row);
  await rows.set(key, row, -1);
}

async function guessWrongly({ logins, server }: House, owner = CALLER): Promise<void> {
  for (const attemptsLeft of [4, 3, 2, 1, 0]) {
    assert.deepEqual(await logins.confirm(server, owner, WRONG), { kind: 'wrong', attemptsLeft });
  }
}

describe('a login by a browser that nobody knows', () => {
  it('becomes a grant of the caller with the code, and not before', async () => {
    const house = await open();
    const { logins, server } = house;
    const waiting = await consent(house, CALLER);
    assert.equal(await stateOf(house), 'needs-login');
    assert.ok(await logins.isWaiting(server, waiting.id));
    assert.deepEqual(await logins.confirm(server, CALLER, waiting.code), { kind: 'connected' });
    assert.equal(await stateOf(house), 'connected');
    assert.ok(await logins.connection(server, CALLER).token());
    assert.ok(!(await logins.isWaiting(server, waiting.id)));
    assert.deepEqual(await logins.confirm(server, CALLER, waiting.code), { kind: 'nothing' });
    assert.equal(houses.as.refreshTokensOf('alice'), 1);
  });

  it('connects one of fifty who bring the code at once', async () => {
    const house = await open();
    const { code } = await consent(house, CALLER);
    const all = await Promise.all(Array.from({ length: 50 }, () => house.logins.confirm(house.server, CALLER, code)));
    assert.equal(all.filter(({ kind }) => kind === 'connected').length, 1);
    assert.equal(houses.as.refreshTokensOf('alice'), 1);
  });

  it('is used at once by a connection that had no grant, and retires one that had another', async () => {
    const house = await open();
    const connection = house.logins.connection(house.server, CALLER);
    await assert.rejects(Promise.resolve(connection.token()), { code: 'authorization_required' });
    await house.logins.confirm(house.server, CALLER, (await consent(house, CALLER)).code);
    const first = await connection.token();
    const { code } = await consent(house, CALLER, { user: 'bob' });
    assert.equal(await connection.token(), first);
    await house.logins.confirm(house.server, CALLER, code);
    assert.notEqual(await connection.token(), first);
    assert.deepEqual(house.ended, [CALLER]);
  });

  it('is for the caller alone: the right code from another caller does nothing', async () => {
    const house = await open();
    const { logins, server } = house;
    const { code } = await consent(house, CALLER);
    assert.deepEqual(await logins.confirm(server, 'openwebui:other', code), { kind: 'nothing' });
    await consent(house, 'openwebui:other', { user: 'bob' });
    assert.deepEqual(await logins.confirm(server, 'openwebui:other', code), { kind: 'wrong', attemptsLeft: 4 });
    assert.equal(await stateOf(house, 'openwebui:other'), 'needs-login');
    assert.equal((await logins.confirm(server, CALLER, code)).kind, 'connected');
  });

  it('is of its server alone, and of none where the server has moved', async () => {
    const house = await open();
    const { logins, server } = house;
    const { id, code } = await consent(house, CALLER);
    const moved = { ...server, url: new URL('http://127.0.0.1:9/moved') };
    for (const other of [{ ...server, name: 'mail' }, moved]) {
      assert.deepEqual(await logins.confirm(other, CALLER, code), { kind: 'nothing' });
      assert.equal(await logins.drop(other, id), false);
      assert.equal(await logins.isWaiting(other, id), false);
    }
    assert.equal((await logins.confirm(server, CALLER, code)).kind, 'connected');
  });

  it('is never written where the server keeps its tokens in memory, and connects all the same', async () => {
    const { uri, remove } = await storeAddress('sqlite');
    const stores = await openStores(uri, {}, new MemoryLog());
    const house = await open({ store: stores.sealed, oauth: { storage: 'memory' } });
    const { code } = await consent(house, CALLER);
    assert.ok(!rowsOf(uri).includes('waiting'));
    assert.equal((await house.logins.confirm(house.server, CALLER, code)).kind, 'connected');
    assert.ok(await house.logins.connection(house.server, CALLER).token());
    await stores.close();
    await remove();
  });

  it('waits through a restart of the gateway', async () => {
    const { uri, remove } = await storeAddress('sqlite');
    const first = await openStores(uri, {}, new MemoryLog());
    const house = await open({ store: first.sealed });
    const { code } = await consent(house, CALLER);
    await house.logins.close();
    await first.close();
    const second = await openStores(uri, {}, new MemoryLog());
    const { logins } = await open({ store: second.sealed });
    assert.equal((await logins.confirm(house.server, CALLER, code)).kind, 'connected');
    assert.ok(await logins.connection(house.server, CALLER).token());
    await second.close();
    await remove();
  });

  it('leaves neither ticket, code nor token in the log or, in the clear, in the file', async () => {
    const { uri, remove } = await storeAddress('sqlite');
    const stores = await openStores(uri, {}, new MemoryLog());
    const house = await open({ store: stores.sealed });
    const { logins, server, log } = house;
    const ticket = await logins.issueTicket(server, { owner: CALLER, label: 'Alice' });
    const lost = await consent(house, 'openwebui:other');
    await guessWrongly(house, 'openwebui:other');
    const { id, code } = await consent(house, CALLER, { user: 'bob' });
    const row = await stores.sealed.table<WaitingLogin>('waiting').get(waitingKey(server, { id }));
    const { accessToken = '', refreshToken = '' } = row?.login ?? {};
    const whileItWaits = rowsOf(uri);
    await logins.confirm(server, CALLER, code);
    const secrets = [ticket, lost.code, code, code.replace('-', ''), accessToken, refreshToken];
    for (const text of [whileItWaits, rowsOf(uri), JSON.stringify(log.lines)]) {
      for (const secret of secrets) assert.ok(secret !== '' && !text.includes(secret));
    }
    await logins.close();
    await stores.close();
    await remove();
  });
});

describe('a login that somebody else was talked into', () => {
  it('is revoked when the person takes it back, and the code is of no use', async () => {
    const house = await open();
    const { logins, server } = house;
    const { id, code } = await consent(house, CALLER, { user: 'bob', person: 'basic:bob' });
    assert.equal(houses.as.grantsOf('bob'), 1);
    assert.equal(await logins.drop(server, id), true);
    assert.equal(houses.as.grantsOf('bob'), 0);
    assert.equal(await logins.drop(server, id), false);
    assert.deepEqual(await logins.confirm(server, CALLER, code), { kind: 'nothing' });
    assert.equal(await stateOf(house), 'needs-login');
  });

  it('is revoked with the fifth wrong code, and the right one is of no use any more', async () => {
    const house = await open();
    const { code } = await consent(house, CALLER, { user: 'bob' });
    await guessWrongly(house);
    await until(() => houses.as.grantsOf('bob') === 0);
    assert.deepEqual(await house.logins.confirm(house.server, CALLER, code), { kind: 'nothing' });
    assert.equal(await stateOf(house), 'needs-login');
    assert.equal(house.log.matching(/five wrong codes/).length, 1);
  });

  it('is revoked once nobody has confirmed it in time, at the server that is configured still', async () => {
    const house = await open();
    const { logins, server } = house;
    const waiting = await consent(house, CALLER, { user: 'bob' });
    await sweep(house);
    assert.equal(houses.as.grantsOf('bob'), 1);
    await expire(house, waiting);
    assert.deepEqual(await logins.confirm(server, CALLER, waiting.code), { kind: 'nothing' });
    await sweep(house);
    assert.equal(houses.as.grantsOf('bob'), 0);
    const later = await consent(house, CALLER, { user: 'bob' });
    await expire(house, later);
    await logins.sweep(new Map());
    assert.equal(houses.as.grantsOf('bob'), 1);
    assert.equal(await house.store.table('waiting').get(waitingKey(server, later)), undefined);
  });

  it('goes to nobody, whoever guesses a hundred codes at once', async () => {
    const house = await open();
    await consent(house, CALLER, { user: 'bob' });
    const guesses = Array.from({ length: 100 }, () => house.logins.confirm(house.server, CALLER, WRONG));
    const counted = (await Promise.all(guesses)).filter(({ kind }) => kind === 'wrong');
    assert.equal(counted.length, 5);
    await until(() => houses.as.grantsOf('bob') === 0);
  });
});
