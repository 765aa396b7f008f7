/** How much one list changes of what everybody is shown: little, whatever one person's server says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catalogOf, DAY, HOUR, learnedFrom, many, NOW, named, namesOf, newLearned } from './learned-lists.ts';

describe('the union of all lists', () => {
  it('takes 500 names and 512 KiB of one list, and every name of others stays', () => {
    const learned = newLearned();
    learned.see(named(...many('hers', 20)), NOW);
    const flood = named(...many('flood', 2_500), 'hers0');
    assert.equal(learned.see(flood, NOW + 1), true);
    assert.equal(learned.record?.tools.length, 520);
    assert.equal(learned.record?.tools[0]?.seenAt, NOW + 1, 'names that are there count as seen');
    learned.see(flood, NOW + 2 * HOUR);
    learned.see(named('other'), NOW + 2 * HOUR);
    learned.see(flood, NOW + 2 * HOUR + 1);
    assert.equal(learned.record?.tools.length, 521, 'the same list brings no more, however often it is shown');
    for (let at = 0; at < 5; at += 1) learned.see(named(...many(`more${at}-`, 500)), NOW + 2 * HOUR + 2);
    assert.equal(learned.record?.tools.length, 2_000);
    assert.deepEqual(namesOf(learned.record).slice(0, 20), many('hers', 20));
    const long = many('long', 10).map((name) => ({ name, description: 'd'.repeat(100_000) }));
    assert.deepEqual(namesOf(learnedFrom(catalogOf(...long), NOW)), many('long', 5));
  });

  it('pushes nothing out for longer words, and the old ones stay', () => {
    const learned = newLearned();
    const text = (name: string, size: number) => ({ name, description: 'd'.repeat(size) });
    for (let at = 0; at < 4; at += 1) learned.see(catalogOf(text(`t${at}`, 490_000)), NOW);
    learned.see(catalogOf({ name: 'small', description: 'short' }), NOW);
    assert.equal(learned.see(catalogOf(text('small', 400_000)), NOW + HOUR), true);
    assert.deepEqual(namesOf(learned.record), ['t0', 't1', 't2', 't3', 'small']);
    const { definition, seenAt } = learned.record?.tools[4] ?? {};
    assert.deepEqual([definition?.description, seenAt], ['short', NOW + HOUR]);
    learned.see(catalogOf(text('small', 10)), NOW + HOUR);
    assert.equal(learned.record?.tools[4]?.definition.description, 'd'.repeat(10), 'newest wins where it fits');
  });

  it('gets names that are missing back at once, and other words no sooner than after an hour', () => {
    const learned = newLearned();
    const hers = catalogOf({ name: 'a', description: 'hers' }, { name: 'gone' });
    learned.see(hers, NOW);
    learned.see(catalogOf({ name: 'a', description: 'his' }), NOW + 1);
    // Another process, say, has dropped what nobody was shown for long.
    learned.absorb(undefined, NOW + 30 * DAY + 1);
    assert.deepEqual(namesOf(learned.record), ['a']);
    assert.equal(learned.see(hers, NOW + 2), true);
    const words = learned.record?.tools.map(({ definition }) => definition.description ?? definition.name);
    assert.deepEqual(words, ['his', 'gone']);
    assert.equal(learned.see(hers, NOW + 3), false);
  });
});
