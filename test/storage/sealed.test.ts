/** Attacks on sealed values by somebody who can write to the database, and keys that change. */
import assert from 'node:assert/strict';
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { beforeEach, describe, it } from 'node:test';
import { Cipher } from '../../src/storage/cipher.ts';
import { sealedStore } from '../../src/storage/sealed.ts';
import { openStore, type Store, type Table } from '../../src/storage/store.ts';
import { CollectedLog } from './collected-log.ts';

const OLD = 'old secret '.repeat(4);
const NEW = 'new secret '.repeat(4);
const TOKEN = 'refresh-token-of-alice';

describe('a sealed table', () => {
  let plain: Store;
  let log: CollectedLog;
  let rows: Table<string>;
  let grants: Table<string>;
  const open = (current: string, previous: string[] = [], table = 'grants'): Table<string> =>
    sealedStore(plain, new Cipher(current, previous), log).table<string>(table);

  beforeEach(async () => {
    plain = openStore('memory');
    log = new CollectedLog();
    rows = plain.table('grants');
    grants = open(OLD);
    await grants.set('alice', TOKEN);
  });

  it('keeps the form in which values are stored, so that a later version can read them', async () => {
    const [header = '', iv = '', ciphertext = '', tag = ''] = (await sealedText('alice')).split('.');
    const kid = Buffer.from(hkdfSync('sha256', OLD, '', 'latchkey kid', 9)).toString('base64url');
    assert.deepEqual(JSON.parse(bytes(header).toString()), { alg: 'dir', enc: 'A256GCM', kid });
    const key = new Uint8Array(hkdfSync('sha256', OLD, '', 'latchkey table grants', 32));
    const opener = createDecipheriv('aes-256-gcm', key, bytes(iv)).setAuthTag(bytes(tag));
    // RFC 7516 5.1: the additional data of GCM is the header and the place, both encoded.
    opener.setAAD(Buffer.from(`${header}.${Buffer.from('["grants","alice"]').toString('base64url')}`));
    const text = opener.update(bytes(ciphertext), undefined, 'utf8') + opener.final('utf8');
    assert.equal(text, JSON.stringify(TOKEN));
  });

  it('stores neither the value nor the same text twice', async () => {
    const first = await sealedText('alice');
    await grants.set('alice', TOKEN);
    const second = await sealedText('alice');
    assert.notEqual(first, second);
    for (const text of [first, second]) {
      for (const part of text.split('.'))
        assert.doesNotMatch(Buffer.from(part, 'base64url').toString('latin1'), /alice/);
    }
  });

  it('opens nothing of which one character was changed, added or removed', async () => {
    const sealed = await sealedText('alice');
    for (let index = 0; index < sealed.length; index += 1) {
      const other = sealed[index] === 'A' ? 'Q' : 'A';
      await assertAbsent(`${sealed.slice(0, index)}${other}${sealed.slice(index + 1)}`);
    }
    for (const text of ['', '.', '....', sealed.slice(0, -4), `${sealed}.AAAA`, 'AAAA', `.${sealed}`]) {
      await assertAbsent(text);
    }
  });

  it('opens nothing that is no text', async () => {
    for (const value of [null, 1, { protected: 'x' }, []]) {
      await plain.table<unknown>('grants').set('alice', value);
      assert.equal(await grants.get('alice'), undefined);
    }
  });

  it('opens no row that was copied to another key', async () => {
    await grants.set('bob', 'token of bob');
    await rows.set('bob', await sealedText('alice'));
    assert.equal(await grants.get('bob'), undefined);
    assert.equal(await grants.get('alice'), TOKEN);
  });

  it('opens no row that was copied to another table, nor where table and key run together', async () => {
    const flows = open(OLD, [], 'flows');
    await plain.table('flows').set('alice', await sealedText('alice'));
    assert.equal(await flows.get('alice'), undefined);
    await grants.set('a:b', TOKEN);
    await plain.table('grants:a').set('b', await sealedText('a:b'));
    assert.equal(await open(OLD, [], 'grants:a').get('b'), undefined);
  });

  it('takes no header that asks for another algorithm or an unknown secret', async () => {
    const [, ...rest] = (await sealedText('alice')).split('.');
    for (const header of [
      { alg: 'none' },
      { alg: 'dir', enc: 'A256GCM' },
      { alg: 'dir', enc: 'A256GCM', kid: '__proto__' },
      { alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2c: 1e9, p2s: 'AAAAAAAAAAA' },
    ]) {
      await assertAbsent([Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.'));
    }
  });

  it('warns once a row, without the value or the key, and leaves the row to the right secret', async () => {
    const other = open(NEW);
    const stamp = (await rows.read('alice'))?.stamp;
    for (let count = 0; count < 3; count += 1) {
      assert.equal(await other.get('alice'), undefined);
      assert.equal(await other.read('alice'), undefined);
      assert.equal(await other.take('alice'), undefined);
      assert.equal(await other.touch('alice', 0), false);
    }
    assert.equal((await rows.read('alice'))?.stamp, stamp);
    assert.equal(log.lines.length, 1);
    assert.equal(log.lines[0]?.level, 'warn');
    assert.doesNotMatch(JSON.stringify(log.lines), /alice|secret '|eyJ/);
    assert.equal(await grants.get('alice'), TOKEN);
  });

  it('lets a new value take the place of one that cannot be opened', async () => {
    const other = open(NEW);
    assert.equal(await other.putIfAbsent('alice', 'new'), true);
    assert.equal(await other.get('alice'), 'new');
    assert.equal(await other.putIfAbsent('alice', 'newer'), false);
  });

  it('lets one of many racers take that place', async () => {
    const other = open(NEW);
    const won = await Promise.all(Array.from({ length: 50 }, (_, racer) => other.putIfAbsent('alice', `${racer}`)));
    assert.equal(won.filter(Boolean).length, 1);
    assert.equal(await other.get('alice'), `${won.indexOf(true)}`);
  });

  it('removes an expired value that cannot be opened, and tells only those that can', async () => {
    await open(NEW).set('carol', 'x', 0);
    await grants.set('bob', 'y', 0);
    assert.deepEqual(await grants.sweep(10), [{ key: 'bob', value: 'y' }]);
    assert.deepEqual(await rows.sweep(10), []);
  });

  it('reads what a previous secret has sealed, and writes with the current one', async () => {
    const rotated = open(NEW, [OLD]);
    assert.equal(await rotated.get('alice'), TOKEN);
    const read = await rotated.read('alice');
    assert.equal(await rotated.replace('alice', read?.stamp ?? '', 'rotated'), true);
    assert.equal(await open(NEW).get('alice'), 'rotated');
    assert.equal(await grants.get('alice'), undefined);
  });

  async function sealedText(key: string): Promise<string> {
    const text = await rows.get(key);
    assert.ok(text);
    return text;
  }

  async function assertAbsent(sealed: string): Promise<void> {
    await rows.set('alice', sealed);
    assert.equal(await grants.get('alice'), undefined, sealed);
  }
});

function bytes(part: string): Buffer {
  return Buffer.from(part, 'base64url');
}
