/** Requests count until they are over, and what there is no room for is not passed on, either way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { Budget } from '../../../src/mcp/budget.ts';
import { BudgetPeer } from '../../../src/mcp/wrappers/budget-peer.ts';
import {
  type Message,
  notificationMessage,
  requestMessage,
  resultMessage,
} from '../../../src/upstream/peer/message.ts';
import type { Exchange } from '../../../src/upstream/peer/peer.ts';
import { until } from '../../helpers/wait.ts';
import { answeringPeer, newLine } from '../session/parts.ts';

const KI = 1024;

class Story {
  readonly line = newLine();
  readonly budget = new Budget({ perPerson: 100 * KI, perMany: 0, unproven: 0, all: 1000 * KI, always: 0 });
  readonly room = this.budget.of({ key: 'ann', isOnePerson: true, isProven: true });
  readonly answers: Message[] = [];
  readonly failures: unknown[] = [];
  readonly said: Message[] = [];
  readonly peer = new BudgetPeer(answeringPeer(this.line), this.room, {
    onMessage: (message) => this.said.push(message),
    onClosed: () => undefined,
  });

  ask(id: number, size: number, method = 'never'): Exchange {
    return this.peer.request(requestMessage(id, method, { pad: 'x'.repeat(size) }), {
      onMessage: (message) => this.said.push(message),
      onAnswer: (message) => this.answers.push(message),
      onFailure: (error) => this.failures.push(error),
    });
  }
}

test('a request for which there is no room fails without being sent, and passes when another is over', async () => {
  const story = new Story();
  const first = story.ask(1, 60 * KI);
  story.ask(2, 60 * KI);
  assert.equal(story.failures.length, 0, 'nothing is called before the request has returned');
  await until(() => story.failures.length === 1);
  const [error] = story.failures;
  assert.ok(error instanceof GatewayError);
  assert.deepEqual([error.code, error.headers['retry-after'], story.line.asked.length], ['server_unavailable', '5', 1]);
  first.cancel();
  story.ask(3, 60 * KI, 'tools/list');
  await until(() => story.answers.length === 1);
  assert.equal(story.budget.callers, 0);
});

test('a request that is refused and cancelled at once is not heard of again', async () => {
  const story = new Story();
  story.ask(1, 60 * KI);
  story.ask(2, 60 * KI).cancel();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(story.failures, []);
});

test('a large answer for which there is no room becomes an error, a small one never', () => {
  const story = new Story();
  story.ask(1, 10 * KI);
  story.ask(2, 10 * KI);
  story.room.take(60 * KI);
  const [one, two] = story.line.asked;
  one?.replies.onAnswer(resultMessage(1, { pad: 'x'.repeat(65 * KI) }), 200);
  assert.deepEqual([story.answers.length, story.failures.length], [0, 1]);
  two?.replies.onAnswer(resultMessage(2, { pad: 'x'.repeat(60 * KI) }), 200);
  assert.deepEqual([story.answers.length, story.failures.length], [1, 1]);
});

test('what a server says unasked is dropped where there is no room', () => {
  const story = new Story();
  story.ask(1, 10 * KI);
  const say = (size: number): void => {
    const message = notificationMessage('notifications/vendor', { pad: 'x'.repeat(size) });
    story.line.events?.onMessage(message);
    story.line.asked[0]?.replies.onMessage(message);
  };
  say(80 * KI);
  assert.equal(story.said.length, 2);
  say(95 * KI);
  assert.equal(story.said.length, 2);
});

test('a peer that is closed takes up nothing', async () => {
  const story = new Story();
  const exchange = story.ask(1, 60 * KI);
  await story.peer.close();
  exchange.cancel();
  assert.equal(story.budget.callers, 0);
});
