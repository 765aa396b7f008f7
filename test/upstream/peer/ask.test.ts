/** One request of our own: what it comes to, and that nothing of it is left behind. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { type AskOptions, ask } from '../../../src/upstream/peer/ask.ts';
import {
  errorMessage,
  type Message,
  notificationMessage,
  requestMessage,
  resultMessage,
} from '../../../src/upstream/peer/message.ts';
import type { Exchange, Replies } from '../../../src/upstream/peer/peer.ts';
import { StopSource } from '../../../src/upstream/stop-source.ts';

const REQUEST = requestMessage(7, 'initialize', { a: 1 });
const broken = new TypeError('Cannot convert object to primitive value');

/** The other end of the request, in the hands of the test. */
class HeldPeer {
  readonly asked: { readonly message: Message; readonly headers: readonly string[] | undefined }[] = [];
  cancelled = 0;
  #replies: Replies | undefined;

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    this.asked.push({ message, headers });
    this.#replies = replies;
    return {
      cancel: () => {
        this.cancelled += 1;
      },
    };
  }

  get replies(): Replies {
    assert.ok(this.#replies !== undefined, 'nothing was asked');
    return this.#replies;
  }
}

/** Knows how many listen. */
class CountedStop extends StopSource {
  listeners = 0;

  override addEventListener(type: 'abort', listener: () => void): void {
    this.listeners += 1;
    super.addEventListener(type, listener);
  }

  override removeEventListener(type: 'abort', listener: () => void): void {
    this.listeners -= 1;
    super.removeEventListener(type, listener);
  }
}

let peer: HeldPeer;
let stop: CountedStop;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  peer = new HeldPeer();
  stop = new CountedStop();
});
afterEach(() => mock.timers.reset());

function asking(options: AskOptions = {}): Promise<Message> {
  return ask(peer, REQUEST, { ms: 1_000, stop, ...options });
}

/** No timer fires later, and nobody listens to the stop any more. */
function assertNothingLeft(cancelled: number): void {
  mock.timers.tick(100_000);
  assert.equal(peer.cancelled, cancelled);
  assert.equal(stop.listeners, 0);
}

for (const answer of [resultMessage(7, { b: 2 }), errorMessage(7, -32_603, 'no')]) {
  test(`an answer with ${answer.error === undefined ? 'a result' : 'an error'} is what it comes to`, async () => {
    const asked = asking({ headers: ['x-a', '1'] });
    assert.deepEqual(peer.asked, [{ message: REQUEST, headers: ['x-a', '1'] }]);
    assert.equal(stop.listeners, 1);
    peer.replies.onAnswer(answer, 200);
    assert.equal(await asked, answer);
    assertNothingLeft(0);
  });
}

test('what comes before the answer is told as it comes, or dropped', async () => {
  const messages: Message[] = [];
  const early = notificationMessage('notifications/message');
  const told = asking({ onMessage: (message) => void messages.push(message) });
  peer.replies.onMessage(early);
  assert.deepEqual(messages, [early]);
  peer.replies.onAnswer(resultMessage(7, {}), 200);
  await told;
  const dropped = asking();
  peer.replies.onMessage(early);
  peer.replies.onAnswer(resultMessage(7, {}), 200);
  await dropped;
  assert.equal(messages.length, 1);
});

test('a failure is told as it is', async () => {
  const asked = asking();
  peer.replies.onFailure(broken);
  await assert.rejects(asked, (error) => error === broken);
  assertNothingLeft(0);
});

test('silence is given up in time, and the server is told', async () => {
  const asked = asking();
  mock.timers.tick(999);
  assert.equal(peer.cancelled, 0);
  mock.timers.tick(1);
  assert.equal(peer.cancelled, 1);
  await assert.rejects(asked, (error) => error instanceof GatewayError && error.code === 'server_unavailable');
  assertNothingLeft(1);
});

test('without a limit silence is waited for', async () => {
  const asked = ask(peer, REQUEST);
  mock.timers.tick(2 ** 31 - 1);
  assert.equal(peer.cancelled, 0);
  const answer = resultMessage(7, {});
  peer.replies.onAnswer(answer, 200);
  assert.equal(await asked, answer);
});

test('a stop gives it up for the same reason, and the server is told', async () => {
  const asked = asking();
  stop.abort(broken);
  assert.equal(peer.cancelled, 1);
  await assert.rejects(asked, (error) => error === broken);
  assertNothingLeft(1);
});

test('after a stop nothing is sent', async () => {
  stop.abort(broken);
  await assert.rejects(asking(), (error) => error === broken);
  assert.deepEqual(peer.asked, []);
  assertNothingLeft(0);
});

test('a request that throws leaves no timer, and nobody who listens', async () => {
  peer.request = () => {
    throw broken;
  };
  await assert.rejects(asking(), (error) => error === broken);
  assertNothingLeft(0);
});
