/** Flows that are begun through links: several of one caller, other persons, failures, and disconnects. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openStores } from '../../src/storage/open.ts';
import { openDatabase } from '../../src/storage/sqlite.ts';
import { Browser } from '../helpers/authorization-server.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';
import { consent, openLink, storeAddress, waitingOf } from './hand-off-helper.ts';
import { housesOfFile } from './houses.ts';
import { type House, loginError, Person } from './login-person.ts';

/** Who asks in a chat. */
const CALLER = 'openwebui:caller';
const WRONG = '00000-00000';

const houses = housesOfFile();
const { open } = houses;

const stateOf = async ({ logins, server }: House): Promise<string> => (await logins.status(server, CALLER)).state;

describe('another login of the same caller', () => {
  it('ends the one that waits when it is begun, so that the provider does not end both', async () => {
    const house = await open();
    const { logins, server } = house;
    const browser = new Browser();
    const older = await consent(house, CALLER, { browser });
    const newer = await consent(house, CALLER, { browser });
    assert.equal(await logins.isWaiting(server, older.id), false);
    assert.deepEqual(await logins.confirm(server, CALLER, older.code), { kind: 'wrong', attemptsLeft: 4 });
    assert.deepEqual(await logins.confirm(server, CALLER, newer.code), { kind: 'connected' });
    assert.equal(houses.as.refreshTokensOf('alice'), 1);
    assert.equal(houses.as.grantsOf('alice'), 1);
  });

  it('ends it too where the caller comes with a browser that is known', async () => {
    const house = await open();
    const { code } = await consent(house, CALLER, { user: 'bob' });
    await new Person(house, CALLER).connect();
    assert.equal(houses.as.grantsOf('bob'), 0);
    assert.deepEqual(await house.logins.confirm(house.server, CALLER, code), { kind: 'nothing' });
    assert.equal(await stateOf(house), 'connected');
  });

  it('replaces and revokes it where both were begun before either ended', async () => {
    const house = await open();
    const { logins, server } = house;
    const [bobs, alices] = [await openLink(house, CALLER, { user: 'bob' }), await openLink(house, CALLER)];
    const older = waitingOf(await logins.complete(bobs));
    const newer = waitingOf(await logins.complete(alices));
    await until(() => houses.as.grantsOf('bob') === 0);
    assert.equal((await logins.confirm(server, CALLER, older.code)).kind, 'wrong');
    assert.equal((await logins.confirm(server, CALLER, newer.code)).kind, 'connected');
    assert.equal(houses.as.refreshTokensOf('alice'), 1);
  });

  it('of another caller disturbs nothing', async () => {
    const house = await open();
    const { code } = await consent(house, CALLER);
    await consent(house, 'openwebui:other', { user: 'bob' });
    assert.equal((await house.logins.confirm(house.server, CALLER, code)).kind, 'connected');
  });
});

describe('a login through a link', () => {
  it('is connected without a code where the browser proved to be the caller', async () => {
    const house = await open();
    const request = await openLink(house, CALLER, { person: CALLER, confirm: false });
    const completed = await house.logins.complete(request);
    assert.equal(completed.waiting, undefined);
    assert.equal(completed.owner, CALLER);
    assert.equal(await stateOf(house), 'connected');
  });

  it('ends only as who began it: a visitor, nobody, or a person, whoever the link was made for', async () => {
    const house = await open();
    for (const [person, later] of [
      [undefined, 'basic:bob'],
      ['visitor:one', 'visitor:two'],
      ['visitor:one', undefined],
      [undefined, CALLER],
    ] as const) {
      const request = await openLink(house, CALLER, { person });
      await loginError(house.logins.complete({ ...request, owner: later }), 'flow_wrong_person');
    }
    waitingOf(await house.logins.complete(await openLink(house, CALLER, { person: 'visitor:one' })));
    waitingOf(await house.logins.complete(await openLink(house, CALLER)));
  });

  it('is revoked where nothing could be put aside', async () => {
    const house = await open();
    const refusal = new Error('no session');
    const request = { ...(await openLink(house, CALLER, { user: 'bob' })), beforeKept: () => Promise.reject(refusal) };
    await assert.rejects(house.logins.complete(request), refusal);
    await until(() => houses.as.grantsOf('bob') === 0);
    assert.deepEqual(await house.logins.confirm(house.server, CALLER, WRONG), { kind: 'nothing' });
  });

  it('is revoked then though the caller is connected already, through the same client', async () => {
    const house = await open();
    await new Person(house, CALLER).connect();
    const refusal = new Error('no session');
    const request = { ...(await openLink(house, CALLER, { user: 'bob' })), beforeKept: () => Promise.reject(refusal) };
    await assert.rejects(house.logins.complete(request), refusal);
    await until(() => houses.as.grantsOf('bob') === 0);
    assert.equal(await stateOf(house), 'connected');
    assert.equal(houses.as.grantsOf('alice'), 1);
  });

  it('is revoked where the store fails while it is put aside, or while it is confirmed', async () => {
    const { uri, remove } = await storeAddress('sqlite');
    const stores = await openStores(uri, {}, new MemoryLog());
    const house = await open({ store: stores.sealed });
    const vandal = openDatabase(uri.replace('sqlite:', ''));
    const failOn = (table: string): void => {
      const fail = "BEGIN SELECT RAISE(FAIL, 'disk full'); END";
      vandal.exec(`CREATE TRIGGER broken BEFORE INSERT ON keyv WHEN NEW.key LIKE '${table}:%' ${fail}`);
    };
    const request = await openLink(house, CALLER, { user: 'bob' });
    failOn('waiting');
    await assert.rejects(house.logins.complete(request), { code: 'storage_failed' });
    await until(() => houses.as.grantsOf('bob') === 0);
    vandal.exec('DROP TRIGGER broken');
    const { code } = await consent(house, CALLER, { user: 'bob' });
    failOn('grants');
    await assert.rejects(house.logins.confirm(house.server, CALLER, code), { code: 'storage_failed' });
    await until(() => houses.as.grantsOf('bob') === 0);
    vandal.close();
    await house.logins.close();
    await stores.close();
    await remove();
  });

  it('is forgotten and revoked by a disconnect, while it waits and once it is connected', async () => {
    const house = await open();
    const { logins, server } = house;
    const { code } = await consent(house, CALLER, { user: 'bob' });
    await logins.disconnect(server, CALLER);
    assert.equal(houses.as.grantsOf('bob'), 0);
    assert.deepEqual(await logins.confirm(server, CALLER, code), { kind: 'nothing' });
    await logins.confirm(server, CALLER, (await consent(house, CALLER)).code);
    assert.equal(await logins.disconnect(server, CALLER), true);
    assert.equal(houses.as.grantsOf('alice'), 0);
  });
});
