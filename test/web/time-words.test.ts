/** How moments to come are put into words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { counted, momentWords } from '../../src/web/time-words.ts';

const NOW = Date.UTC(2026, 0, 31, 13, 42);
const MINUTE = 60_000;

describe('momentWords', () => {
  const left = (ms: number) => momentWords(NOW + ms, NOW)?.left;

  it('gives the clock, and the day where it is another one', () => {
    assert.deepEqual(momentWords(NOW + 23 * MINUTE, NOW), {
      iso: '2026-01-31T14:05:00.000Z',
      words: '14:05 UTC',
      left: 'in 23 minutes',
    });
    assert.equal(momentWords(NOW + 11 * 60 * MINUTE, NOW)?.words, '1 Feb 2026, 00:42 UTC');
  });

  it('rounds what is left to minutes, hours and days', () => {
    assert.equal(left(1), 'in less than a minute');
    assert.equal(left(MINUTE), 'in 1 minute');
    assert.equal(left(59 * MINUTE + 1), 'in 59 minutes');
    assert.equal(left(60 * MINUTE - 1), 'in 1 hour');
    assert.equal(left(61 * MINUTE), 'in 1 hour');
    assert.equal(left(60 * MINUTE), 'in 1 hour');
    assert.equal(left(47 * 60 * MINUTE), 'in 47 hours');
    assert.equal(left(48 * 60 * MINUTE - 1), 'in 2 days');
    assert.equal(left(90 * 24 * 60 * MINUTE - 1_000), 'in 90 days', 'a second later');
  });

  it('says nothing of what has passed, is no number, or is too far off to be a date', () => {
    for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 9e15]) assert.equal(left(ms), undefined);
  });
});

describe('counted', () => {
  it('counts one thing and many', () => {
    assert.deepEqual(
      [0, 1, 2].map((count) => counted(count, 'tool')),
      ['0 tools', '1 tool', '2 tools'],
    );
  });
});
