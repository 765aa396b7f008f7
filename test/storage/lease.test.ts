/** Leases: released however the work ends, and never somebody else's. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { type Leases, leases } from '../../src/storage/lease.ts';
import { openStore, type Store, type Table } from '../../src/storage/store.ts';
import { until } from '../helpers/wait.ts';

describe('a lease', () => {
  let store: Store;
  let table: Table<string>;
  let lease: Leases;
  beforeEach(() => {
    store = openStore('memory');
    table = store.table('leases');
    lease = leases(table);
  });
  afterEach(async () => {
    mock.timers.reset();
    await store.close();
  });

  it('is released when the work throws, and leaves no row behind', async () => {
    const failing = lease.hold('a', 1_000, async () => {
      assert.notEqual(await table.get('a'), undefined);
      throw new Error('no luck');
    });
    await assert.rejects(failing, /no luck/);
    assert.deepEqual(await lease.hold('a', 1_000, async () => 1), { result: 1 });
    assert.equal(await table.get('a'), undefined);
    assert.deepEqual(await table.sweep(10), []);
  });

  it('is refused at once while somebody holds it, under that name only', async () => {
    await lease.hold('a', 1_000, async () => {
      assert.equal(await lease.hold('a', 1_000, async () => assert.fail('ran twice')), undefined);
      assert.deepEqual(await lease.hold('b', 1_000, async () => 'b'), { result: 'b' });
    });
  });

  it('ends by itself, and whoever held it before does not release it', async () => {
    mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    let endSecond = (): void => undefined;
    let second: Promise<unknown> | undefined;
    await lease.hold('a', 1_000, async () => {
      mock.timers.tick(1_000);
      second = lease.hold('a', 1_000, () => new Promise<void>((resolve) => (endSecond = resolve)));
      await until(async () => (await table.get('a')) !== undefined);
    });
    assert.equal(await lease.hold('a', 1_000, async () => 'third'), undefined);
    endSecond();
    assert.deepEqual(await second, { result: undefined });
    assert.deepEqual(await lease.hold('a', 1_000, async () => 'fourth'), { result: 'fourth' });
  });

  it('does not take the result away when it cannot be released', async () => {
    const broken: Table<string> = {
      ...table,
      putIfAbsent: async () => true,
      read: async () => {
        throw new Error('disk full');
      },
    };
    assert.deepEqual(await leases(broken).hold('a', 1_000, async () => 'kept'), { result: 'kept' });
  });
});
