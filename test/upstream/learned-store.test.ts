/** What was learned outlives a run, and several processes on one store add up. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, mock, type TestContext } from 'node:test';
import { openStore, type Table } from '../../src/storage/store.ts';
import { buildCatalog, type Catalog } from '../../src/upstream/catalog.ts';
import { Learned } from '../../src/upstream/learned.ts';
import type { LearnedRecord } from '../../src/upstream/learned-record.ts';
import { LearnedStore } from '../../src/upstream/learned-store.ts';
import { MemoryLog } from '../helpers/memory-log.ts';

const ALL = { disabledTools: [] };
const info = { name: 'notes', version: '1', instructions: undefined };

function newLearned(): Learned {
  return new Learned((record) => buildCatalog(record, ALL));
}

function named(...names: readonly string[]): Catalog {
  return buildCatalog({ info, tools: names.map((name) => ({ name, inputSchema: {} })) }, ALL);
}

function namesOf(learned: Learned): string[] {
  return (learned.catalog?.tools ?? []).map(({ name }) => name).toSorted();
}

/** Tables of two processes on one file. */
function twoTables(t: TestContext): [Table<LearnedRecord>, Table<LearnedRecord>] {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-learned-'));
  const stores = [1, 2].map(() => openStore(`sqlite:${join(folder, 'store.db')}`));
  t.after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    rmSync(folder, { recursive: true });
  });
  const [one, two] = stores.map((store) => store.table<LearnedRecord>('learned'));
  assert.ok(one && two);
  return [one, two];
}

/** Counts what is written. */
function counting<T>(table: Table<T>): { readonly table: Table<T>; readonly writes: () => number } {
  let writes = 0;
  const counted = new Proxy(table, {
    get: (target, name) => {
      if (name === 'putIfAbsent' || name === 'replace') writes += 1;
      const member = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return member.bind(target);
    },
  });
  return { table: counted, writes: () => writes };
}

describe('the store of what was learned', () => {
  it('gives it to the next run, and writes nothing where nothing is new', async (t) => {
    const [first, second] = twoTables(t);
    const before = newLearned();
    before.see(named('a', 'b'), Date.now());
    await new LearnedStore(first, new MemoryLog()).sync('k', before);
    const { table, writes } = counting(second);
    const store = new LearnedStore(table, new MemoryLog());
    const after = newLearned();
    for (let round = 0; round < 3; round += 1) await store.sync('k', after);
    assert.deepEqual(namesOf(after), ['a', 'b']);
    assert.equal(after.see(named('a', 'b'), Date.now()), false, 'seen less than an hour ago');
    assert.equal(writes(), 0);
    await store.sync('other', newLearned());
    assert.equal(await table.get('other'), undefined, 'nothing was learned there');
  });

  it('loses nothing where processes write at the same time', async (t) => {
    const tables = twoTables(t);
    const learned = tables.map(newLearned);
    const stores = tables.map((table) => new LearnedStore(table, new MemoryLog()));
    const expected: string[] = [];
    const writing: Promise<void>[] = [];
    for (let round = 0; round < 10; round += 1) {
      for (const [at, store] of stores.entries()) {
        const name = `tool${round}-${at}`;
        expected.push(name);
        const one = learned[at];
        assert.ok(one);
        assert.ok(one.see(named(name), Date.now()));
        writing.push(store.sync('k', one));
      }
      await new Promise(setImmediate);
    }
    await Promise.all(writing);
    await Promise.all(stores.map((store, at) => store.sync('k', learned[at] ?? newLearned())));
    await Promise.all(stores.map((store, at) => store.sync('k', learned[at] ?? newLearned())));
    for (const one of learned) assert.deepEqual(namesOf(one), expected.toSorted());
  });

  it('comes to rest where processes were told different words', async (t) => {
    const tables = twoTables(t).map((table) => counting(table));
    const now = Date.now();
    const sides = tables.map(({ table }, at) => {
      const learned = newLearned();
      const shown = buildCatalog({ info, tools: [{ name: 'a', description: String(at), inputSchema: {} }] }, ALL);
      // At the same moment, which is the hardest to tell apart.
      learned.see(shown, now);
      return { learned, store: new LearnedStore(table, new MemoryLog()) };
    });
    const round = async () => {
      for (const { store, learned } of sides) await store.sync('k', learned);
    };
    for (let count = 0; count < 3; count += 1) await round();
    const written = tables.map(({ writes }) => writes());
    for (let count = 0; count < 3; count += 1) await round();
    assert.deepEqual(
      tables.map(({ writes }) => writes()),
      written,
    );
    assert.deepEqual(sides[0]?.learned.record, sides[1]?.learned.record);
  });

  it('takes changes that come while it writes together, and is idle when all are written', async () => {
    const { table, writes } = counting(openStore('memory').table<LearnedRecord>('learned'));
    const store = new LearnedStore(table, new MemoryLog());
    const learned = newLearned();
    for (let at = 0; at < 50; at += 1) {
      learned.see(named(`tool${at}`), Date.now());
      void store.sync('k', learned);
    }
    await store.idle();
    assert.equal((await table.get('k'))?.tools.length, 50);
    assert.ok(writes() <= 3, String(writes()));
  });

  it('writes once more what came up while it wrote', async () => {
    const table = openStore('memory').table<LearnedRecord>('learned');
    const learned = newLearned();
    let late: Promise<void> | undefined;
    const slow: Table<LearnedRecord> = Object.create(table, {
      putIfAbsent: {
        value: async (key: string, value: LearnedRecord, ttlMs: number) => {
          learned.see(named('late'), Date.now());
          late = store.sync('k', learned);
          return table.putIfAbsent(key, value, ttlMs);
        },
      },
      read: { value: (key: string) => table.read(key) },
      replace: {
        value: (key: string, stamp: string, value: LearnedRecord, ttl: number) => table.replace(key, stamp, value, ttl),
      },
    });
    const store = new LearnedStore(slow, new MemoryLog());
    learned.see(named('early'), Date.now());
    await store.sync('k', learned);
    await late;
    assert.deepEqual(
      (await table.get('k'))?.tools.map(({ definition }) => definition.name),
      ['early', 'late'],
    );
  });

  it('writes what is new after it was at rest', async () => {
    const table = openStore('memory').table<LearnedRecord>('learned');
    const store = new LearnedStore(table, new MemoryLog());
    const learned = newLearned();
    learned.see(named('a'), Date.now());
    for (let round = 0; round < 3; round += 1) await store.sync('k', learned);
    learned.see(named('a', 'b'), Date.now());
    await store.sync('k', learned);
    assert.equal((await table.get('k'))?.tools.length, 2);
  });

  it('forgets what nobody was shown for a month, although the row is at rest', async (t) => {
    const store = new LearnedStore(openStore('memory').table<LearnedRecord>('learned'), new MemoryLog());
    const learned = newLearned();
    const now = Date.now();
    learned.see(named('a'), now);
    for (let round = 0; round < 3; round += 1) await store.sync('k', learned);
    mock.timers.enable({ apis: ['Date'], now: now + 31 * 24 * 3600 * 1000 });
    t.after(() => mock.timers.reset());
    await store.sync('k', learned);
    assert.deepEqual(namesOf(learned), []);
  });

  it('does no harm where the store is broken or holds nonsense', async () => {
    const log = new MemoryLog();
    const table = openStore('memory').table<LearnedRecord>('learned');
    await table.set('k', { tools: 'nonsense' } as unknown as LearnedRecord);
    const learned = newLearned();
    learned.see(named('a'), Date.now());
    const store = new LearnedStore(table, log);
    await store.sync('k', learned);
    assert.deepEqual(
      (await table.get('k'))?.tools.map(({ definition }) => definition.name),
      ['a'],
    );
    const broken = { ...table, read: () => Promise.reject(new Error('disk')) } as Table<LearnedRecord>;
    await new LearnedStore(broken, log).sync('k', learned);
    assert.match(JSON.stringify(log), /could not be stored/);
  });
});
