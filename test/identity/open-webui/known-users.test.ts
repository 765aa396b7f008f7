/** What is remembered of verified tokens, and how much of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownUsers, type Verifier } from '../../../src/identity/open-webui/known-users.ts';
import { openWebuiPrincipal } from '../../../src/identity/principal.ts';
import { AWAY, TestClock } from './configured.ts';

const clock = new TestClock();

/** Takes each token for the id of a user, and counts. */
function verifier(fingerprint = 'one', freshMs = 1_000): Verifier & { readonly asked: string[] } {
  const asked: string[] = [];
  const verify = async (text: string) => {
    asked.push(text);
    if (text.startsWith('bad')) throw new Error('refused');
    const endsAt = clock.now() + freshMs;
    return { principal: openWebuiPrincipal(text), endsAt, freshUntil: endsAt };
  };
  return { fingerprint, asked, verify };
}

describe('KnownUsers', () => {
  it('remembers as many as it may, those that were used last', async () => {
    const known = new KnownUsers(clock, 3);
    const one = verifier();
    for (const token of ['a', 'b', 'c', 'a', 'd']) await known.find(token, one, AWAY.from);
    assert.equal(known.size, 3);
    assert.deepEqual(one.asked, ['a', 'b', 'c', 'd']);
    assert.ok(!(known.find('a', one, AWAY.from) instanceof Promise));
    assert.ok(known.find('b', one, AWAY.from) instanceof Promise);
  });

  it('keeps what one way verifies apart from what another does', async () => {
    const known = new KnownUsers(clock);
    const [one, two] = [verifier('one'), verifier('two')];
    await known.find('a', one, AWAY.from);
    assert.ok(known.find('a', two, AWAY.from) instanceof Promise);
    assert.deepEqual(two.asked, ['a']);
  });

  it('remembers no refusal, and forgets who is refused now', async () => {
    const known = new KnownUsers(clock);
    const one = verifier();
    const results = await Promise.allSettled([known.find('bad', one, AWAY.from), known.find('bad', one, AWAY.from)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.deepEqual(one.asked, ['bad'], 'shared');
    await assert.rejects(async () => known.find('bad', one, AWAY.from));
    assert.deepEqual([one.asked.length, known.size], [2, 0]);
    await known.find('a', one, AWAY.from);
    clock.tick(1_000);
    await assert.rejects(async () =>
      known.find('a', { fingerprint: 'one', verify: () => Promise.reject(new Error()) }, AWAY.from),
    );
    assert.equal(known.size, 0);
  });

  it('is not stuck by a verifier that throws at once', async () => {
    const known = new KnownUsers(clock);
    const broken: Verifier = {
      fingerprint: 'one',
      verify: () => {
        throw new Error('at once');
      },
    };
    await assert.rejects(async () => known.find('a', broken, AWAY.from), /at once/);
    assert.equal((await known.find('a', verifier(), AWAY.from)).principal.id, 'openwebui:a');
  });
});
