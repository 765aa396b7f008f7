/** What every store keeps to, and what the SQLite one promises beyond that. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it, mock } from 'node:test';
import { promisify } from 'node:util';
import { openDatabase, SqliteAdapter } from '../../src/storage/sqlite.ts';
import { openStore, type Store } from '../../src/storage/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-store-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const freshFile = () => join(folder, `store-${++files}.db`);

for (const kind of ['memory', 'sqlite'] as const) {
  describe(`a store in ${kind}`, () => {
    let store: Store;
    beforeEach(() => {
      store = openStore(kind === 'memory' ? kind : `sqlite:${freshFile()}`);
    });
    afterEach(async () => {
      mock.timers.reset();
      await store.close();
    });

    it('gives back what was set, replaces and deletes it', async () => {
      const table = store.table<unknown>('things');
      assert.equal(await table.get('a'), undefined);
      const values = ['', 'text ✓ \0 \'"', 0, false, null, [1, [2]], { deep: { list: [{ x: null }] } }];
      for (const value of values) {
        await table.set('a', value);
        assert.deepEqual(await table.get('a'), value);
      }
      await table.delete('a');
      assert.equal(await table.get('a'), undefined);
      await table.delete('a');
    });

    it('keeps tables and keys apart, whatever they are called', async () => {
      const names = ['a', 'a:b', 'A', '%', '_', ''];
      for (const name of ['t', 'tt', '%']) {
        for (const key of names) await store.table<string>(name).set(key, `${name}/${key}`);
      }
      await store.table('t').delete('a');
      assert.equal(await store.table('t').get('a'), undefined);
      assert.equal(await store.table('tt').get('a'), 'tt/a');
      for (const key of names.slice(1)) assert.equal(await store.table('t').get(key), `t/${key}`);
    });

    it('lets a value expire, and keeps one without a time to live', async () => {
      mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
      const table = store.table<string>('things');
      await table.set('short', 'x', 1_000);
      await table.set('kept', 'y');
      mock.timers.tick(999);
      assert.equal(await table.get('short'), 'x');
      mock.timers.tick(2);
      assert.equal(await table.get('short'), undefined);
      await table.set('short', 'again');
      mock.timers.tick(10_000_000);
      assert.equal(await table.get('short'), 'again');
      assert.equal(await table.get('kept'), 'y');
    });
  });
}

describe('the SQLite store', () => {
  it('outlives a restart', async () => {
    const uri = `sqlite:${freshFile()}`;
    const first = openStore(uri);
    await first.table('t').set('a', { n: 1 });
    await first.close();
    const second = openStore(uri);
    assert.deepEqual(await second.table('t').get('a'), { n: 1 });
    await second.close();
  });

  it('makes its folder, and lets nobody else read it or its files, even those that were there', async () => {
    const private_ = join(folder, 'new', 'deep');
    const store = openStore(`sqlite:${join(private_, 'a.db')}`);
    await store.table('t').set('a', 1);
    const modes = readdirSync(private_).map((name) => statSync(join(private_, name)).mode & 0o777);
    assert.ok(modes.length >= 2, 'the write-ahead log is there as well');
    assert.deepEqual([...new Set(modes)], [0o600]);
    assert.equal(statSync(private_).mode & 0o777, 0o700);
    await store.close();
    chmodSync(join(private_, 'a.db'), 0o644);
    await openStore(`sqlite:${join(private_, 'a.db')}`).close();
    assert.equal(statSync(join(private_, 'a.db')).mode & 0o777, 0o600);
  });

  it('says why it cannot be opened', () => {
    const text = join(folder, 'text.db');
    writeFileSync(text, 'This is a letter and no database. '.repeat(100));
    mkdirSync(join(folder, 'a-folder.db'));
    symlinkSync(join(folder, 'nowhere', 'x.db'), join(folder, 'dangling.db'));
    assert.throws(() => openStore(`sqlite:${text}`), /not a database/);
    assert.throws(() => openStore(`sqlite:${join(folder, 'a-folder.db')}`), /a-folder\.db is not a file/);
    assert.throws(() => openStore(`sqlite:${join(text, 'below.db')}`), /ENOTDIR|EEXIST/);
    assert.throws(() => openStore(`sqlite:${join(folder, 'dangling.db')}`), /ENOENT/);
  });

  it('says so where the folder may not be written', () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o500 });
    const isRoot = process.geteuid?.() === 0;
    // Root may write anywhere, so for a moment we are somebody else.
    if (isRoot) process.seteuid?.(65_534);
    try {
      assert.throws(() => openStore(`sqlite:${join(closed, 'x.db')}`), /EACCES/);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('serves several processes at once, from the first moment', async () => {
    const file = freshFile();
    const script = `
      const { openStore } = await import(${JSON.stringify(import.meta.resolve('../../src/storage/store.ts'))});
      const store = openStore('sqlite:' + process.argv[1]);
      const table = store.table('shared');
      for (let count = 0; count < 50; count += 1) {
        await table.set(process.argv[2] + '-' + count, count);
        await table.set('contended', process.argv[2]);
      }
      await store.close();`;
    const run = promisify(execFile);
    const names = ['one', 'two', 'three', 'four'];
    const start = (name: string) =>
      run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, file, name]);
    await Promise.all(names.map(start));
    const store = openStore(`sqlite:${file}`);
    for (const name of names) {
      for (let count = 0; count < 50; count += 1)
        assert.equal(await store.table('shared').get(`${name}-${count}`), count);
    }
    assert.ok(names.includes(String(await store.table('shared').get('contended'))));
    await store.close();
  });
});

describe('SqliteAdapter', () => {
  it('does not delete a value that took the place of an expired one', async () => {
    const database = openDatabase(freshFile());
    const adapter = new SqliteAdapter(database);
    await adapter.set('k', 'old', -1);
    // Another process writes between our read and our delete.
    const racing = new SqliteAdapter({
      prepare: (sql: string) => {
        if (sql.startsWith('DELETE')) database.exec("UPDATE keyv SET value = 'fresh', expires = NULL");
        return database.prepare(sql);
      },
    } as unknown as typeof database);
    assert.equal(await racing.get('k'), undefined);
    assert.equal(await adapter.get('k'), 'fresh');
    database.close();
  });

  it('clears its own table only', async () => {
    const database = openDatabase(freshFile());
    const [one, two] = [new SqliteAdapter(database), new SqliteAdapter(database)];
    one.namespace = 'a_';
    two.namespace = 'ab';
    await one.set('a_:x', '1');
    await two.set('ab:x', '2');
    await two.set('a_more:x', '3');
    await one.clear();
    assert.deepEqual([await one.get('a_:x'), await two.get('ab:x'), await two.get('a_more:x')], [undefined, '2', '3']);
    assert.equal(await two.delete('ab:x'), true);
    assert.equal(await two.delete('ab:x'), false);
    database.close();
  });
});
