/** The contract on every store, and what the SQLite one promises beyond it. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Cipher } from '../../src/storage/cipher.ts';
import { sealedStore } from '../../src/storage/sealed.ts';
import { openDatabase } from '../../src/storage/sqlite.ts';
import { openStore } from '../../src/storage/store.ts';
import { CollectedLog } from './collected-log.ts';
import { describeStore } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-store-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const freshFile = () => join(folder, `store-${++files}.db`);
const sealed = (uri: string) => sealedStore(openStore(uri), new Cipher('s'.repeat(32), []), new CollectedLog());

describeStore('a store in memory', () => openStore('memory'));
describeStore('a store in SQLite', () => openStore(`sqlite:${freshFile()}`));
describeStore('a sealed store in memory', () => sealed('memory'));
describeStore('a sealed store in SQLite', () => sealed(`sqlite:${freshFile()}`));

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

  it('opens a file whose rows were written before it had an index', async () => {
    const file = freshFile();
    const database = openDatabase(file);
    database.exec('DROP INDEX keyv_expires');
    database.exec(`INSERT INTO keyv VALUES ('catalogs:a', '{"value":{"n":1}}', NULL)`);
    database.close();
    const store = openStore(`sqlite:${file}`);
    assert.deepEqual(await store.table('catalogs').get('a'), { n: 1 });
    await store.close();
  });

  it('finds what expired through the index', () => {
    const database = openDatabase(freshFile());
    const plan = database.prepare('EXPLAIN QUERY PLAN SELECT key FROM keyv WHERE expires <= ? ORDER BY expires').all(1);
    assert.match(JSON.stringify(plan), /USING INDEX keyv_expires/);
    database.close();
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
});
