/** What a session remembers of its streams is bounded, oldest first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog, parseEventId } from '../../../src/mcp/session/event-log.ts';

test('a log keeps the last thousand events, whichever stream they are of', () => {
  const log = new EventLog();
  for (let n = 1; n <= 1_500; n += 1) log.add(n % 2, n, `event ${n}`);
  const kept = [...log.from(0, 0), ...log.from(1, 0)];
  assert.equal(kept.length, 1_000);
  assert.equal(Math.min(...kept.map(({ number }) => number)), 501);
});

test('a log keeps four megabytes, and one event more where that alone is larger', () => {
  const log = new EventLog();
  for (let n = 1; n <= 10; n += 1) log.add(0, n, 'x'.repeat(1024 * 1024));
  assert.equal(log.from(0, 0).length, 4);
  log.add(0, 11, 'x'.repeat(10 * 1024 * 1024));
  assert.deepEqual(
    log.from(0, 0).map(({ number }) => number),
    [11],
  );
});

test('a stream is gone on with after the event that is named', () => {
  const log = new EventLog();
  for (let n = 1; n <= 3; n += 1) log.add(7, n, `event ${n}`);
  assert.deepEqual(
    log.from(7, 2).map(({ id, text }) => [id, text]),
    [
      ['7-2', 'event 2'],
      ['7-3', 'event 3'],
    ],
  );
  assert.deepEqual(parseEventId('7-2'), { stream: 7, number: 2 });
  for (const id of ['', '7', '7-', '-1', '7-2-3', '7.2', 'a-b', `${'9'.repeat(40)}-1`]) {
    assert.equal(parseEventId(id), undefined, id);
  }
});
