/** A server of each person's own that is down or hangs: it is spared, and nobody waits for it again and again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../helpers/wait.ts';
import { coded, Person, startStory } from './login-story.ts';

test('a server that is down is not asked anew by every call and every document', async (t) => {
  const { app, notes } = await startStory(t, {
    timings: {
      connectMs: 5_000,
      patienceMs: 2_000,
      firstRetryMs: 60_000,
      longestRetryMs: 60_000,
      minGapMs: 60_000,
      refreshGapMs: 10,
      stableMs: 0,
      idleMs: 60_000,
    },
  });
  const ann = new Person(app);
  let isDown = false;
  let asked = 0;
  notes.behave = (_request, response) => {
    if (!isDown) return false;
    asked += 1;
    response.writeHead(503).end();
    return true;
  };
  const callback = await ann.allow();
  isDown = true;
  assert.equal((await ann.comeBack(callback)).status, 303);
  await until(async () => coded(await ann.call('/notes/whoami'))[0] === 503);
  const before = asked;
  for (let count = 0; count < 10; count += 1) {
    assert.deepEqual(coded(await ann.call('/notes/whoami')), [503, 'server_unavailable']);
    assert.equal((await ann.fetch('/notes/openapi.json')).status, 200);
  }
  assert.equal(asked, before);
  assert.match((await ann.go('/')).body, /Connected; the server does not answer right now/);
  const told = app.records.filter(({ msg }) => msg === "a person's connection is not available");
  assert.ok(told.length > 0 && told.every(({ server }) => server === 'notes'));
});
