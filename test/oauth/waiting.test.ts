/** Logins that wait for a code, whatever the store: five tries, one winner, and none is lost before it is revoked. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { NewGrant } from '../../src/oauth/grant.ts';
import { type Attempt, WAITING_MS, type WaitingLogin, WaitingLogins } from '../../src/oauth/waiting.ts';
import { openStores, type Stores } from '../../src/storage/open.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';
import { protectedServer } from './grants-helper.ts';
import { rowsOf, STORES, storeAddress, waitingKey } from './hand-off-helper.ts';

const ALICE = 'openwebui:alice';
const BOB = 'openwebui:bob';
const WRONG = '00000-00000';
const server = protectedServer();

function loginOf(accessToken: string): NewGrant {
  const client = { id: 'client', authMethod: 'none', origin: 'registered' } as const;
  return { issuer: 'http://127.0.0.1:9', source: 'metadata', client, accessToken };
}

function count(attempts: readonly Attempt[], kind: Attempt['kind']): number {
  return attempts.filter((attempt) => attempt.kind === kind).length;
}

for (const kind of STORES) {
  describe(`a login that waits in a ${kind} store`, () => {
    let uri: string;
    let remove: () => Promise<void>;
    let stores: Stores;
    let other: Stores;
    let memory: Store;
    let waiting: WaitingLogins;
    /** This process and, where the store can be shared, another one. */
    let processes: readonly WaitingLogins[];

    beforeEach(async () => {
      ({ uri, remove } = await storeAddress(kind));
      [stores, other] = [await openStores(uri, {}, new MemoryLog()), await openStores(uri, {}, new MemoryLog())];
      memory = openStore('memory');
      waiting = new WaitingLogins({ store: stores.sealed, memory });
      const second =
        kind === 'memory' ? waiting : new WaitingLogins({ store: other.sealed, memory: openStore('memory') });
      processes = [waiting, second];
    });

    afterEach(async () => {
      await stores.close();
      await other.close();
      await remove();
    });

    const put = (owner = ALICE, token = 'alices-token', now = Date.now()) =>
      waiting.put(server, { owner, label: 'Alice', login: loginOf(token) }, now);

    const all = <R>(times: number, work: (one: WaitingLogins, index: number) => Promise<R>): Promise<R[]> =>
      Promise.all(Array.from({ length: times }, (_, index) => work(processes[index % 2] ?? waiting, index)));

    it('comes out for its owner with its code, and only once', async () => {
      const { waiting: shown } = await put();
      assert.equal(shown.label, 'Alice');
      assert.equal(shown.lastsSeconds, 600);
      assert.ok(await waiting.isThere(server, shown.id));
      assert.deepEqual(await waiting.try(server, ALICE, shown.code.toLowerCase()), {
        kind: 'right',
        login: loginOf('alices-token'),
      });
      assert.ok(!(await waiting.isThere(server, shown.id)));
      assert.deepEqual(await waiting.try(server, ALICE, shown.code), { kind: 'nothing' });
    });

    it('stays for everybody else, with the right code too, at another server, and where the server has moved', async () => {
      const { code } = (await put()).waiting;
      const moved = { ...server, url: new URL('http://127.0.0.1:9/moved') };
      assert.equal((await waiting.try(server, BOB, code)).kind, 'nothing');
      await put(BOB, 'bobs-token');
      assert.deepEqual(await waiting.try(server, BOB, code), { kind: 'wrong', attemptsLeft: 4 });
      for (const elsewhere of [{ ...server, name: 'mail' }, moved]) {
        assert.equal((await waiting.try(elsewhere, ALICE, code)).kind, 'nothing');
      }
      assert.equal((await waiting.try(server, ALICE, code)).kind, 'right');
    });

    it('goes to one of fifty who bring the code at once', async () => {
      const { code } = (await put()).waiting;
      const attempts = await all(50, (process) => process.try(server, ALICE, code));
      assert.equal(count(attempts, 'right'), 1);
      assert.equal(count(attempts, 'wrong') + count(attempts, 'refused'), 0);
    });

    it('is refused with the fifth wrong code, and told to one, to be revoked', async () => {
      const { code } = (await put()).waiting;
      for (const attemptsLeft of [4, 3, 2, 1]) {
        assert.deepEqual(await waiting.try(server, ALICE, WRONG), { kind: 'wrong', attemptsLeft });
      }
      assert.deepEqual(await waiting.try(server, ALICE, WRONG), { kind: 'refused', login: loginOf('alices-token') });
      assert.equal((await waiting.try(server, ALICE, code)).kind, 'nothing');
    });

    it('is compared five times at most, however many guess at once', async () => {
      await put();
      const attempts = await all(100, (process) => process.try(server, ALICE, WRONG));
      assert.equal(count(attempts, 'wrong'), 4);
      assert.equal(count(attempts, 'refused'), 1);
      assert.equal(count(attempts, 'nothing'), 95);
    });

    it('has had its five tries though the process that counted the fifth died before it compared', async () => {
      const shown = (await put()).waiting;
      const rows = stores.sealed.table<WaitingLogin>('waiting');
      const row = await rows.get(waitingKey(server, shown));
      assert.ok(row);
      await rows.set(waitingKey(server, shown), { ...row, attemptsLeft: 0 }, WAITING_MS);
      assert.equal((await waiting.try(server, ALICE, shown.code)).kind, 'nothing');
    });

    it('still comes out with the fifth try', async () => {
      const { code } = (await put()).waiting;
      for (let tries = 0; tries < 4; tries += 1) await waiting.try(server, ALICE, WRONG);
      assert.equal((await waiting.try(server, ALICE, code)).kind, 'right');
    });

    it('is replaced by a newer one, and the older is told, to be revoked', async () => {
      const older = await put(ALICE, 'older');
      assert.equal(older.replaced, undefined);
      const newer = await put(ALICE, 'newer');
      assert.deepEqual(newer.replaced, loginOf('older'));
      assert.deepEqual(await waiting.try(server, ALICE, older.waiting.code), { kind: 'wrong', attemptsLeft: 4 });
      assert.deepEqual(await waiting.try(server, ALICE, newer.waiting.code), {
        kind: 'right',
        login: loginOf('newer'),
      });
    });

    it('is the only one where twenty come at once: the others are told, each once', async () => {
      const puts = await all(20, (process, index) =>
        process.put(server, { owner: ALICE, label: 'Alice', login: loginOf(`token-${index}`) }),
      );
      const replaced = puts.flatMap((one) => (one.replaced === undefined ? [] : [one.replaced.accessToken]));
      assert.equal(new Set(replaced).size, 19);
      const left = await waiting.takeOf(server, ALICE);
      assert.ok(left !== undefined && !replaced.includes(left.accessToken));
    });

    it('is taken out by its id, of many racers by one, or by its owner', async () => {
      const { id } = (await put()).waiting;
      assert.equal(await waiting.take({ ...server, name: 'mail' }, id), undefined);
      const taken = await all(50, (process) => process.take(server, id));
      assert.equal(taken.filter((login) => login !== undefined).length, 1);
      assert.equal(await waiting.takeOf(server, ALICE), undefined);
      await put();
      assert.equal(await waiting.takeOf(server, BOB), undefined);
      assert.deepEqual(await waiting.takeOf(server, ALICE), loginOf('alices-token'));
    });

    it('is over after ten minutes, whatever the store says', async () => {
      const now = Date.now();
      const { id, code } = (await put(ALICE, 'late', now)).waiting;
      assert.ok(await waiting.isThere(server, id, now + WAITING_MS - 1));
      assert.ok(!(await waiting.isThere(server, id, now + WAITING_MS)));
      assert.equal((await waiting.try(server, ALICE, code, now + WAITING_MS)).kind, 'nothing');
      assert.equal((await waiting.try(server, ALICE, code, now + WAITING_MS - 60_000)).kind, 'right');
    });

    it('is not made to last by wrong codes, and is told once to be revoked, though a newer one came since', async () => {
      const shown = (await put(ALICE, 'expired')).waiting;
      const rows = stores.sealed.table<WaitingLogin>('waiting');
      const row = await rows.get(waitingKey(server, shown));
      assert.ok(row);
      await waiting.try(server, ALICE, WRONG, row.createdAt + WAITING_MS - 1);
      await until(async () => (await rows.get(waitingKey(server, shown))) === undefined);
      assert.equal((await put(ALICE, 'newer')).replaced, undefined);
      const swept = (await all(2, (process) => process.sweep(10))).flat();
      assert.deepEqual(swept, [{ serverName: 'notes', url: server.url.href, login: loginOf('expired') }]);
      assert.ok(await waiting.takeOf(server, ALICE));
    });

    it('is told by the sweep too where the server keeps its tokens in memory', async () => {
      const careful = protectedServer({ storage: 'memory' });
      const shown = (await waiting.put(careful, { owner: ALICE, label: 'Alice', login: loginOf('t') })).waiting;
      const rows = memory.table<WaitingLogin>('waiting');
      const row = await rows.get(waitingKey(careful, shown));
      assert.ok(row);
      await rows.set(waitingKey(careful, shown), row, -1);
      await memory.table<string>('waiting-current').set('left', 'id', -1);
      assert.deepEqual(
        (await waiting.sweep(10)).map(({ login }) => login.accessToken),
        ['t'],
      );
      assert.deepEqual(await memory.table<string>('waiting-current').sweep(10), []);
    });

    if (kind === 'sqlite') {
      it('is sealed: the file holds neither code nor token, nor the hash of the code', async () => {
        const { id, code } = (await put(ALICE, 'a-secret-token')).waiting;
        const row = await stores.sealed.table<WaitingLogin>('waiting').get(waitingKey(server, { id }));
        const rows = rowsOf(uri);
        assert.match(rows, /waiting:/);
        for (const secret of [code, code.replace('-', ''), 'a-secret-token', row?.codeHash ?? '']) {
          assert.ok(secret !== '' && !rows.includes(secret));
        }
      });

      it('never touches the file where the server keeps its tokens in memory', async () => {
        const careful = protectedServer({ storage: 'memory' });
        const { code } = (await waiting.put(careful, { owner: ALICE, label: 'Alice', login: loginOf('t') })).waiting;
        assert.ok(!rowsOf(uri).includes('waiting'));
        assert.equal((await waiting.try(careful, ALICE, code)).kind, 'right');
      });
    }
  });
}
