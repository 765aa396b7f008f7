/** Tickets in links: once, for ten minutes, five at a time, whatever the store. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { TICKET_MS, Tickets } from '../../src/oauth/tickets.ts';
import { openStores, type Stores } from '../../src/storage/open.ts';
import { openDatabase } from '../../src/storage/sqlite.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { protectedServer } from './grants-helper.ts';
import { rowsOf, STORES, storeAddress } from './hand-off-helper.ts';

const ALICE = 'openwebui:alice';
const MINUTE = 60_000;
const server = protectedServer();

for (const kind of STORES) {
  describe(`a ticket in a ${kind} store`, () => {
    let uri: string;
    let remove: () => Promise<void>;
    let stores: Stores;
    let tickets: Tickets;

    beforeEach(async () => {
      ({ uri, remove } = await storeAddress(kind));
      stores = await openStores(uri, {}, new MemoryLog());
      tickets = new Tickets(stores.sealed);
    });

    afterEach(async () => {
      await stores.close();
      await remove();
    });

    /** Tickets that no process gives again. */
    const issueAnew = (owner = ALICE, now = Date.now()): Promise<string> =>
      new Tickets(stores.sealed).issue(server, owner, 'Alice', now);

    it('says for whom it is as often as it is looked at, and is good once', async () => {
      const now = Date.now();
      const ticket = await tickets.issue(server, ALICE, 'Alice', now);
      assert.match(ticket, /^[\w-]{43}$/);
      const holder = { owner: ALICE, label: 'Alice', createdAt: now };
      for (let looks = 0; looks < 10; looks += 1) assert.deepEqual(await tickets.look(server, ticket), holder);
      assert.deepEqual(await tickets.take(server, ticket), holder);
      assert.equal(await tickets.take(server, ticket), undefined);
      assert.equal(await tickets.look(server, ticket), undefined);
    });

    it('goes to one of fifty who take it at once, in any process', async () => {
      const ticket = await tickets.issue(server, ALICE, 'Alice');
      const others = await openStores(uri, {}, new MemoryLog());
      const processes = kind === 'memory' ? [tickets] : [tickets, new Tickets(others.sealed)];
      const racers = Array.from({ length: 50 }, (_, index) => processes[index % processes.length]);
      const taken = await Promise.all(racers.map((process) => process?.take(server, ticket)));
      assert.equal(taken.filter((holder) => holder !== undefined).length, 1);
      await others.close();
    });

    it('is of no use at another server, or where the server has moved, and stays good at its own', async () => {
      const ticket = await tickets.issue(server, ALICE, 'Alice');
      const moved = { ...server, url: new URL('http://127.0.0.1:9/moved') };
      for (const other of [{ ...server, name: 'mail' }, moved]) {
        assert.equal(await tickets.look(other, ticket), undefined);
        assert.equal(await tickets.take(other, ticket), undefined);
      }
      assert.ok(await tickets.take(server, ticket));
    });

    it('is over after ten minutes, and leaves nothing behind', async () => {
      const long = Date.now() - TICKET_MS;
      const [over, due] = [await issueAnew(ALICE, long), await issueAnew('openwebui:bob', long + MINUTE)];
      assert.equal(await tickets.look(server, over), undefined);
      assert.equal(await tickets.take(server, over), undefined);
      assert.ok(await tickets.look(server, due));
      const rows = stores.sealed.table<unknown>('tickets');
      await rows.set('left', {}, -1);
      await stores.sealed.table<unknown>('tickets-issued').set('left', {}, -1);
      await tickets.sweep(10);
      assert.deepEqual(await rows.sweep(10), []);
      assert.deepEqual(await stores.sealed.table<unknown>('tickets-issued').sweep(10), []);
    });

    it('is one of five at most: a sixth ends the oldest, and no ticket of anybody else', async () => {
      const bobs = await issueAnew('openwebui:bob');
      const issued: string[] = [];
      for (let count = 0; count < 6; count += 1) issued.push(await issueAnew());
      const looks = await Promise.all(issued.map((ticket) => tickets.look(server, ticket)));
      assert.deepEqual(
        looks.map((holder) => holder !== undefined),
        [false, true, true, true, true, true],
      );
      assert.ok(await tickets.look(server, bobs));
    });

    it('is one of five at most where twenty are issued at once', async () => {
      const issued = await Promise.all(Array.from({ length: 20 }, () => issueAnew()));
      const looks = await Promise.all(issued.map((ticket) => tickets.look(server, ticket)));
      assert.equal(looks.filter((holder) => holder !== undefined).length, 5);
    });

    it('is the same for whoever asks again soon, so that the link that somebody looks at stays good', async () => {
      const now = Date.now();
      const first = await tickets.issue(server, ALICE, 'Alice', now);
      const again = await Promise.all(
        Array.from({ length: 20 }, () => tickets.issue(server, ALICE, 'Alice', now + MINUTE)),
      );
      assert.deepEqual(new Set(again), new Set([first]));
      assert.notEqual(await tickets.issue(server, 'openwebui:bob', 'Bob', now), first);
      assert.notEqual(await tickets.issue({ ...server, name: 'mail' }, ALICE, 'Alice', now), first);
      assert.notEqual(await tickets.issue(server, ALICE, 'Alice', now + 2 * MINUTE), first);
      assert.ok(await tickets.look(server, first));
    });

    it('is another one as soon as the first is used, the same one for all who ask then', async () => {
      const first = await tickets.issue(server, ALICE, 'Alice');
      await tickets.take(server, first);
      const next = await Promise.all(Array.from({ length: 20 }, () => tickets.issue(server, ALICE, 'Alice')));
      assert.equal(new Set(next).size, 1);
      assert.ok(!next.includes(first));
      assert.ok(await tickets.take(server, next[0] ?? ''));
    });

    it('is looked for only where it has the form of one', async () => {
      for (const junk of ['', 'x', 'a'.repeat(44), 'é'.repeat(43), 'a'.repeat(43)]) {
        assert.equal(await tickets.take(server, junk), undefined);
      }
    });

    if (kind === 'sqlite') {
      it('is not in the file, nor is for whom it is in the open beside it', async () => {
        const ticket = await tickets.issue(server, ALICE, 'Alice of Accounting');
        const rows = rowsOf(uri);
        assert.match(rows, /tickets:/);
        assert.ok(!rows.includes(ticket) && !rows.includes('Accounting'));
      });
    }
  });
}

describe('a store that fails', () => {
  it('fails whoever asks, and nobody any more once it is well', async () => {
    const { uri, remove } = await storeAddress('sqlite');
    const stores = await openStores(uri, {}, new MemoryLog());
    const tickets = new Tickets(stores.sealed);
    const vandal = openDatabase(uri.replace('sqlite:', ''));
    vandal.exec('ALTER TABLE keyv RENAME TO gone');
    for (let tries = 0; tries < 2; tries += 1) {
      await assert.rejects(tickets.issue(server, ALICE, 'Alice'), { code: 'storage_failed' });
    }
    vandal.exec('ALTER TABLE gone RENAME TO keyv');
    assert.ok(await tickets.look(server, await tickets.issue(server, ALICE, 'Alice')));
    vandal.close();
    await stores.close();
    await remove();
  });
});
