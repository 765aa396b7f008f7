/** Who may keep how many processes, and who gives one up for whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChildSlots } from '../../src/upstream/child-slots.ts';

const ONE = { isOne: true };
const refuse = (): boolean => false;

test('a caller who keeps too many processes gives up an idle one, or is refused', () => {
  const slots = new ChildSlots({ most: 4, mostPerPrincipal: 2 });
  const held = [slots.take('ann', ONE), slots.take('ann', ONE)];
  const tooMany = {
    status: 429,
    message: 'You have 2 sessions with processes of their own or at /api; close some, or try again later.',
  };
  assert.throws(() => slots.take('ann', ONE), { ...tooMany, headers: { 'retry-after': '30' } });
  assert.throws(() => slots.take('ann', { ...ONE, retrySeconds: () => 7 }), {
    ...tooMany,
    headers: { 'retry-after': '7' },
  });
  const third = slots.take('ann', { ...ONE, makeRoom: () => held.pop()?.release() === true });
  assert.equal(slots.size, 2);
  slots.take('many', { isOne: false });
  slots.take('many', { isOne: false });
  const full = { status: 503, message: 'All callers together have 4 sessions with processes of their own or at /api.' };
  assert.throws(() => slots.take('ben', ONE), full);
  assert.equal(third.release(), true);
  assert.equal(third.release(), false);
  slots.take('ben', ONE);
});

test('what is spare gives way first: of the caller, and of somebody else only where all together have too many', () => {
  const slots = new ChildSlots({ most: 3, mostPerPrincipal: 2 });
  const spare = [
    { holder: 'ann', slot: slots.take('ann', ONE) },
    { holder: 'ben', slot: slots.take('ben', ONE) },
  ];
  slots.addSpare(refuse);
  slots.addSpare((holder) => {
    const index = spare.findIndex((one) => holder === undefined || one.holder === holder);
    return index >= 0 && spare.splice(index, 1)[0]?.slot.release() === true;
  });
  const holders = (): string[] => spare.map(({ holder }) => holder);
  const makeRoom = (): boolean => assert.fail('there is a spare one');

  slots.take('ann', ONE);
  slots.take('ann', { ...ONE, makeRoom });
  assert.deepEqual(holders(), ['ben'], 'her own');
  assert.throws(() => slots.take('ann', ONE), { status: 429 });
  assert.deepEqual(holders(), ['ben'], 'his does not help her');
  slots.take('cleo', { ...ONE, makeRoom });
  assert.deepEqual([holders(), slots.size], [[], 3]);
  assert.throws(() => slots.take('cleo', ONE), { status: 503 });
});
