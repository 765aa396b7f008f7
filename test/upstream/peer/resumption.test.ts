/** How long and how often a broken stream is tried again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { Resumption } from '../../../src/upstream/peer/resumption.ts';
import { connectionLost, NotSentError } from '../../../src/upstream/wire.ts';

const BREAK = connectionLost('broken');

test('without an event that has an id there is nothing to resume', () => {
  const resumption = new Resumption();
  assert.equal(resumption.nextPause(BREAK), undefined);
  resumption.progress(undefined);
  resumption.progress('ü');
  resumption.progress('x'.repeat(1_025));
  assert.equal(resumption.nextPause(BREAK), undefined);
  resumption.progress('a');
  assert.equal(resumption.lastEventId, 'a');
  assert.equal(resumption.nextPause(BREAK), 1_000);
});

test('pauses are what the server wants, and grow with each try in vain; eight are the most', () => {
  const resumption = new Resumption();
  resumption.progress('a');
  resumption.wishes(500);
  const pauses = Array.from({ length: 9 }, () => resumption.nextPause(BREAK));
  assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, undefined]);
  resumption.progress(undefined);
  assert.equal(resumption.nextPause(new NotSentError('connection', 'refused')), 500);
});

test('a wish for no pause, or for an endless one, is not granted', () => {
  const resumption = new Resumption();
  resumption.progress('a');
  resumption.wishes(0);
  assert.equal(resumption.nextPause(BREAK), 100);
  resumption.wishes(1e9);
  assert.equal(resumption.nextPause(BREAK), 60_000);
});

test('only a break is a reason to resume', () => {
  const resumption = new Resumption();
  resumption.progress('a');
  assert.equal(resumption.nextPause(new GatewayError('bad_upstream_answer', 502, 'too large')), undefined);
  assert.equal(resumption.nextPause(new Error('other')), undefined);
});
