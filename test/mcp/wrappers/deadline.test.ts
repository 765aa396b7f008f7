/** How long a request waits: for an answer or a sign of life, and longer while the server asks, within bounds. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import type { GatewayError } from '../../../src/errors.ts';
import { DeadlinePeer } from '../../../src/mcp/wrappers/deadline.ts';
import { notificationMessage, requestMessage, resultMessage } from '../../../src/upstream/peer/message.ts';
import { answeringPeer, type Line, newLine } from '../session/parts.ts';

const LIMIT = 60_000;
const HALF_HOUR = 30 * 60_000;
const PROGRESS = notificationMessage('notifications/progress', { progressToken: 1, progress: 1 });
const SAMPLING = 'sampling/createMessage';

describe('a request that is not answered', () => {
  let line: Line;
  let peer: DeadlinePeer;
  /** The codes of what those who asked were told. */
  let failures: unknown[];

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    line = newLine();
    failures = [];
    const events = { onMessage: () => undefined, onClosed: () => undefined };
    peer = new DeadlinePeer({ open: answeringPeer(line), timeoutMs: () => LIMIT, onCall: () => undefined }, events);
    peer.request(requestMessage(1, 'never'), {
      onMessage: () => undefined,
      onAnswer: () => undefined,
      onFailure: (error) => failures.push((error as GatewayError).code),
    });
  });
  afterEach(() => mock.timers.reset());

  /** Second by second, as a clock does. */
  function pass(ms: number, each: () => void = () => undefined): void {
    for (let left = ms; left > 0; left -= 1_000) {
      mock.timers.tick(Math.min(left, 1_000));
      each();
    }
  }

  const ask = (id: number | string, method: string): void => line.events?.onMessage(requestMessage(id, method));
  const isOver = (): boolean => failures.length === 1 && line.asked[0]?.isCancelled === true;

  test('is given up after the limit, once, and at the server too', () => {
    pass(LIMIT - 1);
    assert.deepEqual(failures, []);
    pass(10 * LIMIT);
    assert.ok(isOver());
    assert.deepEqual(failures, ['call_timeout']);
  });

  test('waits on after each sign of life', () => {
    pass(LIMIT - 1_000);
    line.asked[0]?.replies.onMessage(PROGRESS);
    pass(LIMIT - 1_000);
    assert.deepEqual(failures, []);
    pass(1_000);
    assert.ok(isOver());
  });

  for (const method of [SAMPLING, 'elicitation/create', 'roots/list']) {
    test(`waits while the caller is asked ${method}, and for what was left of the limit after its answer`, () => {
      pass(10_000);
      ask('q', method);
      pass(5 * LIMIT);
      assert.deepEqual(failures, []);
      peer.send(resultMessage('q', {}));
      pass(LIMIT);
      assert.ok(isOver());
    });
  }

  test('is not charged for a question that was answered in time', () => {
    ask('q', SAMPLING);
    pass(LIMIT - 1_000);
    peer.send(resultMessage('q', {}));
    pass(LIMIT - 2_000);
    assert.deepEqual(failures, []);
    pass(3_000);
    assert.ok(isOver());
  });

  for (const method of ['ping', 'vendor/question']) {
    test(`does not wait for the answer to ${method}`, () => {
      ask('p', method);
      pass(LIMIT);
      assert.ok(isOver());
    });
  }

  test('does not wait for a question that the server has cancelled, wherever it said so', () => {
    ask('one', SAMPLING);
    ask('two', SAMPLING);
    line.events?.onMessage(notificationMessage('notifications/cancelled', { requestId: 'one' }));
    line.asked[0]?.replies.onMessage(notificationMessage('notifications/cancelled', { requestId: 'two' }));
    pass(LIMIT);
    assert.ok(isOver());
  });

  test('does not wait for the questions of a server that is gone', () => {
    ask('q', SAMPLING);
    line.events?.onClosed('gone');
    pass(LIMIT);
    assert.ok(isOver());
  });

  test('waits for half an hour and no longer for a question that nobody answers', () => {
    ask('q', SAMPLING);
    pass(HALF_HOUR - 1_000);
    assert.deepEqual(failures, []);
    pass(2 * LIMIT);
    assert.ok(isOver());
  });

  test('waits for half an hour in all, however often the server asks anew', () => {
    let count = 0;
    pass(HALF_HOUR + 2 * LIMIT, () => {
      count += 1;
      const question = requestMessage(count, SAMPLING);
      // At the stream of the request and elsewhere, some answered, some not.
      if (count % 2 === 0) line.asked[0]?.replies.onMessage(question);
      else line.events?.onMessage(question);
      if (count % 3 === 0) peer.send(resultMessage(count, {}));
    });
    assert.ok(isOver());
  });

  test('is not held by what was asked long before it came', () => {
    ask('old', SAMPLING);
    pass(HALF_HOUR + 2 * LIMIT);
    assert.ok(isOver());
    peer.request(requestMessage(2, 'never'), {
      onMessage: () => undefined,
      onAnswer: () => undefined,
      onFailure: (error) => failures.push((error as GatewayError).code),
    });
    pass(LIMIT);
    assert.equal(failures.length, 2);
  });
});
