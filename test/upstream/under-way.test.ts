/** What is under way, and that nothing of it stays behind. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { UnderWay, UnderWaySet } from '../../src/upstream/under-way.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

const AT_ONCE = 32;
const VALUES = 16_000;
const BYTES_OF_ONE = 400;

describe('UnderWay', () => {
  it('knows what was put in until it is taken', () => {
    const table = new UnderWay<string | number, { name: string }>();
    const [one, other] = [{ name: 'one' }, { name: 'other' }];
    table.set(1, one);
    table.set('1', other);
    assert.deepEqual([table.size, table.get(1), table.get('1'), table.has(2)], [2, one, other, false]);
    assert.deepEqual(table.all(), [one, other]);
    assert.equal(table.take(1), one);
    assert.deepEqual([table.take(1), table.get(1), table.has(1), table.size], [undefined, undefined, false, 1]);
  });

  it('has the newer of two under one key', () => {
    const table = new UnderWay<number, { name: string }>();
    table.set(1, { name: 'older' });
    table.set(1, { name: 'newer' });
    assert.deepEqual(table.all(), [{ name: 'newer' }]);
  });

  it('lets what it lists be taken meanwhile', () => {
    const table = new UnderWay<number, { key: number }>();
    for (const key of [1, 2, 3]) table.set(key, { key });
    for (const { key } of table.all()) table.take(key);
    assert.equal(table.size, 0);
    table.set(4, { key: 4 });
    table.clear();
    assert.deepEqual(table.all(), []);
  });

  it('keeps nothing that was taken from being freed by a young collection', () => {
    const table = new UnderWay<number, { text: string }>();
    for (let key = -AT_ONCE; key < 0; key += 1) table.set(key, { text: '' });
    // The table is old from now on, as it is in a gateway that has been running for a while.
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let key = 0; key < VALUES; key += 1) {
      table.set(key, { text: `${'x'.repeat(BYTES_OF_ONE)}${key}` });
      table.take(key - AT_ONCE);
      if (key % 1_000 === 0) collect({ type: 'minor' });
    }
    collect({ type: 'minor' });
    collect({ type: 'minor' });
    const kept = process.memoryUsage().heapUsed - before;
    assert.ok(kept < (VALUES * BYTES_OF_ONE) / 2, `${kept} bytes are left`);
  });
});

describe('UnderWaySet', () => {
  it('has each value until it is removed by its number', () => {
    const set = new UnderWaySet<{ name: string }>();
    const value = { name: 'twice' };
    const first = set.add(value);
    const second = set.add(value);
    assert.notEqual(first, second);
    assert.deepEqual(set.all(), [value, value]);
    assert.deepEqual([set.remove(first), set.remove(first), set.size], [true, false, 1]);
  });
});
