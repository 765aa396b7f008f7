/** No caller, and no crowd of callers that cost nothing, takes what others need. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../../src/mcp/budget.ts';

const LIMITS = { perPerson: 10, perMany: 20, unproven: 25, all: 40, always: 2 };
const person = (key: string) => ({ key, isOnePerson: true, isProven: true });
const visitor = (key: string) => ({ key, isOnePerson: true, isProven: false });
const MANY = { key: 'api-key', isOnePerson: false, isProven: false };

test('a person takes up so much, callers who may be many more, and what is given back is free again', () => {
  const budget = new Budget(LIMITS);
  const [ann, many] = [budget.of(person('ann')), budget.of(MANY)];
  assert.deepEqual([ann.fits(10), ann.fits(11), many.fits(20), many.fits(21)], [true, false, true, false]);
  const release = ann.take(10);
  assert.deepEqual([ann.fits(1), budget.of(person('ben')).fits(10)], [false, true]);
  release();
  release();
  assert.deepEqual([ann.fits(10), ann.fits(11), budget.callers], [true, false, 0]);
});

test('whoever can be any number of callers leaves the rest to those who have shown who they are', () => {
  const budget = new Budget(LIMITS);
  for (const key of ['a', 'b']) budget.of(visitor(key)).take(10);
  assert.deepEqual([budget.of(visitor('c')).fits(5), budget.of(visitor('c')).fits(6)], [true, false]);
  assert.equal(budget.of(MANY).fits(6), false);
  assert.equal(budget.of(person('ann')).fits(10), true);
});

test('where all together take up everything, each may have a little', () => {
  const budget = new Budget(LIMITS);
  const releases = ['a', 'b', 'c', 'd'].map((key) => budget.of(person(key)).take(10));
  const late = budget.of(person('late'));
  assert.deepEqual([late.fits(2), late.fits(3)], [true, false]);
  releases[0]?.();
  assert.equal(late.fits(3), true);
  for (const release of releases) release();
  assert.equal(budget.callers, 0);
});
