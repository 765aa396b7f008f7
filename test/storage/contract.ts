/** What every store keeps to, plain or sealed, in memory or in a file. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { leases } from '../../src/storage/lease.ts';
import type { Store, Table } from '../../src/storage/store.ts';

const RACERS = 50;

/** Registers the tests; `open` makes an empty store for each. */
export function describeStore(name: string, open: () => Store): void {
  describe(name, () => {
    let store: Store;
    let table: Table<unknown>;
    beforeEach(() => {
      store = open();
      table = store.table('things');
    });
    afterEach(async () => {
      mock.timers.reset();
      await store.close();
    });
    const at = (now: number): void => mock.timers.enable({ apis: ['Date'], now });

    it('gives back what was set, replaces and deletes it', async () => {
      assert.equal(await table.get('a'), undefined);
      assert.equal(await table.read('a'), undefined);
      const values = ['', 'text ✓ \0 \'"', 0, false, null, [1, [2]], { deep: { list: [{ x: null }] } }];
      for (const value of values) {
        await table.set('a', value);
        assert.deepEqual(await table.get('a'), value);
        assert.deepEqual((await table.read('a'))?.value, value);
      }
      await table.delete('a');
      assert.equal(await table.get('a'), undefined);
      await table.delete('a');
    });

    it('keeps tables and keys apart, whatever they are called', async () => {
      const names = ['a', 'a:b', 'A', '%', '_', '', 't:a', 'tt:a', '["a","b"]'];
      for (const name of ['t', 'tt', '%']) {
        for (const key of names) await store.table<string>(name).set(key, `${name}/${key}`);
      }
      await store.table('t').delete('a');
      assert.equal(await store.table('t').get('a'), undefined);
      assert.equal(await store.table('tt').get('a'), 'tt/a');
      for (const key of names.slice(1)) assert.equal(await store.table('t').get(key), `t/${key}`);
    });

    it('lets a value expire, and keeps one without a time to live', async () => {
      at(1_000_000);
      await table.set('short', 'x', 1_000);
      await table.set('kept', 'y');
      mock.timers.tick(999);
      assert.equal(await table.get('short'), 'x');
      mock.timers.tick(1);
      assert.equal(await table.get('short'), undefined);
      await table.set('short', 'again');
      mock.timers.tick(10_000_000);
      assert.equal(await table.get('short'), 'again');
      assert.equal(await table.get('kept'), 'y');
    });

    it('takes a time to live that is not positive as expired, and one that is no number as a mistake', async () => {
      for (const ttlMs of [0, -1]) {
        await table.set('a', 1, ttlMs);
        assert.equal(await table.get('a'), undefined);
        assert.equal(await table.putIfAbsent('a', 2, ttlMs), true);
        assert.equal(await table.get('a'), undefined);
      }
      for (const ttlMs of [Number.NaN, Number.POSITIVE_INFINITY]) {
        await assert.rejects(table.set('b', 1, ttlMs), RangeError);
        await assert.rejects(table.putIfAbsent('b', 1, ttlMs), RangeError);
        await assert.rejects(table.replace('b', '', 1, ttlMs), RangeError);
        await table.set('c', 1);
        await assert.rejects(table.touch('c', ttlMs), RangeError);
      }
      assert.equal(await table.get('b'), undefined);
    });

    it('puts a value only where no live one is', async () => {
      at(1_000_000);
      assert.equal(await table.putIfAbsent('a', 'first', 1_000), true);
      assert.equal(await table.putIfAbsent('a', 'second', 1_000), false);
      assert.equal(await table.get('a'), 'first');
      mock.timers.tick(1_000);
      assert.equal(await table.putIfAbsent('a', 'third'), true);
      mock.timers.tick(10_000_000);
      assert.equal(await table.putIfAbsent('a', 'fourth'), false);
      assert.equal(await table.get('a'), 'third');
      await table.delete('a');
      assert.equal(await table.putIfAbsent('a', 'fifth'), true);
    });

    it('replaces only what the stamp came with', async () => {
      at(1_000_000);
      await table.set('a', 'one', 1_000);
      const one = await table.read('a');
      assert.ok(one);
      assert.equal(await table.replace('a', one.stamp, 'two', 1_000), true);
      assert.equal(await table.replace('a', one.stamp, 'three'), false);
      const two = await table.read('a');
      assert.ok(two);
      assert.deepEqual([two.value, two.stamp === one.stamp], ['two', false]);
      assert.equal(await table.replace('b', two.stamp, 'elsewhere'), false);
      mock.timers.tick(1_000);
      assert.equal(await table.replace('a', two.stamp, 'too late'), false);
      assert.equal(await table.get('a'), undefined);
    });

    it('moves the expiry of a live value, which keeps its stamp', async () => {
      at(1_000_000);
      await table.set('a', 'x', 1_000);
      const before = await table.read('a');
      assert.ok(before);
      mock.timers.tick(999);
      assert.equal(await table.touch('a', 1_000), true);
      mock.timers.tick(999);
      assert.deepEqual(await table.read('a'), before);
      assert.equal(await table.replace('a', before.stamp, 'y', 1), true);
      mock.timers.tick(1);
      assert.equal(await table.touch('a', 1_000), false);
      assert.equal(await table.get('a'), undefined);
      assert.equal(await table.touch('never there', 1_000), false);
      await table.set('b', 'for ever');
      assert.equal(await table.touch('b', 0), true);
      assert.equal(await table.get('b'), undefined);
    });

    it('takes a value once', async () => {
      await table.set('a', { n: 1 });
      assert.deepEqual(await table.take('a'), { n: 1 });
      assert.equal(await table.take('a'), undefined);
      assert.equal(await table.get('a'), undefined);
    });

    it('tells what expired in its own table, once, and not before', async () => {
      at(1_000_000);
      for (const key of ['a', 'b', 'things:c']) await table.set(key, { of: key }, 1_000);
      await table.set('longer', 'x', 2_000);
      await table.set('kept', 'x');
      await store.table('thing').set('s:a', 'x', 1_000);
      assert.deepEqual(await table.sweep(10), []);
      mock.timers.tick(1_000);
      const first = await table.sweep(2);
      assert.equal(first.length, 2);
      const all = [...first, ...(await table.sweep(2))].sort((one, other) => one.key.localeCompare(other.key));
      const expected = ['a', 'b', 'things:c'].map((key) => ({ key, value: { of: key } }));
      assert.deepEqual(all, expected);
      assert.deepEqual(await table.sweep(10), []);
      assert.deepEqual(await store.table('thing').sweep(10), [{ key: 's:a', value: 'x' }]);
    });

    it('lets only a sweep remove what expired', async () => {
      at(1_000_000);
      await table.set('a', 'x', 1_000);
      const stamp = (await table.read('a'))?.stamp ?? '';
      mock.timers.tick(1_000);
      assert.equal(await table.get('a'), undefined);
      assert.equal(await table.read('a'), undefined);
      assert.equal(await table.take('a'), undefined);
      assert.equal(await table.touch('a', 1), false);
      assert.equal(await table.replace('a', stamp, 'y'), false);
      await table.delete('a');
      assert.deepEqual(await table.sweep(1), [{ key: 'a', value: 'x' }]);
    });

    it('lets one of many racers take a value', async () => {
      await table.set('a', 'x');
      const taken = await race(() => table.take('a'));
      assert.deepEqual(
        taken.filter((value) => value !== undefined),
        ['x'],
      );
    });

    it('lets one of many racers put a value', async () => {
      const won = await race((racer) => table.putIfAbsent('a', racer));
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal(await table.get('a'), won.indexOf(true));
    });

    it('lets one of many racers replace a value', async () => {
      await table.set('a', 'x');
      const stamp = (await table.read('a'))?.stamp ?? '';
      const won = await race((racer) => table.replace('a', stamp, racer));
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal(await table.get('a'), won.indexOf(true));
    });

    it('tells each expired value to one of many sweepers', async () => {
      for (let count = 0; count < RACERS; count += 1) await table.set(`k${count}`, count, 0);
      const swept = (await race(() => table.sweep(3))).flat().map(({ key }) => key);
      assert.equal(swept.length, RACERS);
      assert.equal(new Set(swept).size, RACERS);
    });

    it('lets one of many racers hold a lease, and the next one after it', async () => {
      const lease = leases(store.table('leases'));
      let running = 0;
      let most = 0;
      const work = async (): Promise<string> => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 30));
        running -= 1;
        return 'done';
      };
      const held = await race(() => lease.hold('name', 60_000, work));
      assert.deepEqual(
        held.filter((outcome) => outcome !== undefined),
        [{ result: 'done' }],
      );
      assert.equal(most, 1);
      assert.deepEqual(await lease.hold('name', 60_000, async () => undefined), { result: undefined });
    });
  });
}

function race<R>(run: (racer: number) => Promise<R>): Promise<R[]> {
  return Promise.all(Array.from({ length: RACERS }, (_, racer) => run(racer)));
}
