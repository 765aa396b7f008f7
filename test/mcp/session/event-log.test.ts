/** What a session remembers of its streams is bounded, oldest first; who asks for what is gone is told so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../../../src/mcp/budget.ts';
import { Conversation } from '../../../src/mcp/session/conversation.ts';
import { EventLog, eventId, parseEventId, type StreamEvent } from '../../../src/mcp/session/event-log.ts';
import { notificationMessage, requestMessage } from '../../../src/upstream/peer/message.ts';
import { answeringPeer, HeldOutlet, type Line, newLine } from './parts.ts';

const SAID = notificationMessage('notifications/message', { level: 'info', data: 'hi' });

const MI = 1024 * 1024;

function said(stream: number, number: number, text: string): StreamEvent {
  return { id: eventId(stream, number), number, text };
}

function numbers(log: EventLog): readonly number[] {
  return log.from(0, 0).map(({ number }) => number);
}

test('a log keeps the last thousand events, whichever stream they are of', () => {
  const log = new EventLog();
  for (let n = 1; n <= 1_500; n += 1) log.add(n % 2, said(n % 2, n, `event ${n}`));
  const kept = [...log.from(0, 0), ...log.from(1, 0)];
  assert.equal(kept.length, 1_000);
  assert.equal(Math.min(...kept.map(({ number }) => number)), 501);
});

test('a log keeps four megabytes, and what alone is larger until a connection was given it', () => {
  const log = new EventLog();
  for (let n = 1; n <= 10; n += 1) log.add(0, said(0, n, 'x'.repeat(MI)));
  assert.deepEqual(numbers(log), [7, 8, 9, 10]);
  const large = said(0, 11, 'x'.repeat(5 * MI));
  log.add(0, large, true);
  assert.deepEqual(numbers(log), [7, 8, 9, 10]);
  log.add(0, large);
  assert.deepEqual(numbers(log), [7, 8, 9, 10, 11]);
  log.given(large);
  log.given(said(0, 10, 'small'));
  assert.deepEqual(numbers(log), [7, 8, 9, 10]);
});

test('what alone is larger than a log counts for its caller, until it is dropped', () => {
  const budget = new Budget({ perPerson: 10 * MI, perMany: 0, unproven: 0, all: 100 * MI, always: 0 });
  const room = budget.of({ key: 'ann', isOnePerson: true, isProven: true });
  const log = new EventLog(true, room);
  for (let n = 1; n <= 3; n += 1) log.add(0, said(0, n, 'x'.repeat(5 * MI)));
  assert.deepEqual(numbers(log), [1, 2], 'for a third one there is no room');
  for (let n = 4; n <= 1_002; n += 1) log.add(0, said(0, n, 'x'));
  assert.deepEqual([numbers(log)[0], room.fits(5 * MI), room.fits(5 * MI + 1)], [2, true, false]);
  log.clear();
  assert.deepEqual([numbers(log), budget.callers], [[], 0]);
});

test('a large answer that a connection was given is not kept, and one that nobody was given is kept for the next', () => {
  const line = newLine();
  const conversation = begin(line);
  const [heard, next] = [new HeldOutlet(), new HeldOutlet()];
  const large = notificationMessage('notifications/message', { level: 'info', data: 'x'.repeat(5 * MI) });
  conversation.listen(heard);
  line.events?.onMessage(large);
  assert.equal(heard.events.length, 1);
  assert.equal(conversation.resume('0-0', new HeldOutlet()), false, 'it is gone');
  conversation.left(heard);
  line.events?.onMessage(large);
  conversation.listen(next);
  assert.deepEqual(
    next.events.map(({ id }) => id),
    ['0-2'],
  );
  assert.equal(conversation.resume('0-1', new HeldOutlet()), false, 'it is gone, too');
});

test('a stream is gone on with after the event that is named', () => {
  const log = new EventLog();
  for (let n = 1; n <= 3; n += 1) log.add(7, said(7, n, `event ${n}`));
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

function begin(line: Line = newLine()): Conversation {
  return new Conversation({ id: 'id', owner: 'ann', peer: answeringPeer(line) });
}

test('a stream goes on after an event whose successors are all known, and is refused after any other', () => {
  const line = newLine();
  const conversation = begin(line);
  for (let n = 1; n <= 1_500; n += 1) line.events?.onMessage(SAID);
  // 501 to 1500 are kept.
  for (const [id, expected] of [
    ['0-0', undefined],
    ['0-1', undefined],
    ['0-499', undefined],
    ['0-500', 1_000],
    ['0-1499', 1],
    ['0-1500', 0],
    ['0-1501', undefined],
    ['0-9999999999', undefined],
    ['1-0', undefined],
  ] as const) {
    const outlet = new HeldOutlet();
    assert.equal(conversation.resume(id, outlet), expected !== undefined, id);
    assert.equal(outlet.events.length, expected ?? 0, id);
  }
});

test('a stream is gone on with from its first, empty event for as long as nothing of it was dropped', () => {
  const line = newLine();
  const conversation = begin(line);
  conversation.ask([requestMessage(1, 'never')], new HeldOutlet(), []);
  const [asked] = line.asked;
  assert.equal(conversation.resume('1-0', new HeldOutlet()), true, 'nothing was said yet');
  asked?.replies.onMessage(SAID);
  const outlet = new HeldOutlet();
  assert.equal(conversation.resume('1-0', outlet), true);
  assert.deepEqual(
    outlet.events.map(({ id }) => id),
    ['1-1'],
  );
  // Another stream says so much that the first is forgotten.
  conversation.listen(new HeldOutlet());
  for (let n = 1; n <= 1_000; n += 1) line.events?.onMessage(SAID);
  assert.deepEqual([outlet.events.length, outlet.isEnded], [1, false]);
  assert.equal(conversation.resume('1-0', new HeldOutlet()), false);
  assert.equal(conversation.resume('1-1', new HeldOutlet()), true, 'nothing came after it');
});

test('a refused connection takes no stream from the one that hears it', () => {
  const line = newLine();
  const conversation = begin(line);
  const outlet = new HeldOutlet();
  conversation.listen(outlet);
  assert.equal(conversation.resume('0-7', new HeldOutlet()), false);
  line.events?.onMessage(SAID);
  assert.deepEqual([outlet.isEnded, outlet.events.length], [false, 1]);
});
