/** Peers that throw, though they must not: whoever asked is told, and nothing else happens. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { errand } from '../../../src/mcp/aggregate/errand.ts';
import { SharedPeer } from '../../../src/mcp/sharing/shared-peer.ts';
import { DeadlinePeer } from '../../../src/mcp/wrappers/deadline.ts';
import { DeferredPeer } from '../../../src/mcp/wrappers/deferred-peer.ts';
import { answerLater } from '../../../src/upstream/peer/answer-later.ts';
import { notificationMessage, readMessage, requestMessage, resultMessage } from '../../../src/upstream/peer/message.ts';
import type { Peer, PeerEvents, Replies } from '../../../src/upstream/peer/peer.ts';
import { answeringPeer, type Line, newLine } from '../session/parts.ts';

const QUIET: PeerEvents = { onMessage: () => undefined, onClosed: () => undefined };
const ASK = requestMessage(1, 'tools/call', { name: 'x' });
const broken = new TypeError('Cannot convert object to primitive value');

function throwing(): Peer {
  const request = (): never => {
    throw broken;
  };
  return { era: 'legacy', request, send: request, close: () => Promise.resolve() };
}

/** What the failure is. */
function failureOf(ask: (replies: Replies) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAnswer = (): void => reject(new Error('answered'));
    ask({ onMessage: () => undefined, onAnswer, onFailure: resolve });
  });
}

describe('a peer that throws', () => {
  test('fails the request behind a deadline, which leaves no timer', async () => {
    const calls: unknown[] = [];
    const onCall = (_: unknown, __: number, code: unknown): void => void calls.push(code);
    mock.timers.enable({ apis: ['setTimeout'] });
    const peer = new DeadlinePeer({ open: throwing, timeoutMs: () => 1_000, onCall }, QUIET);
    assert.equal(await failureOf((replies) => peer.request(ASK, replies)), broken);
    mock.timers.tick(10_000);
    mock.timers.reset();
    assert.equal(calls.length, 1);
    const listen = requestMessage(2, 'subscriptions/listen');
    assert.equal(await failureOf((replies) => peer.request(listen, replies)), broken);
  });

  test('fails the request that waited for it to be found', async () => {
    const peer = new DeferredPeer(() => Promise.resolve(throwing()));
    assert.equal(await failureOf((replies) => peer.request(ASK, replies)), broken);
    peer.send(notificationMessage('x'));
  });

  test('fails an errand', async () => {
    const failure = await failureOf((replies) =>
      errand(replies, async () => ({ send: (all) => throwing().request(ASK, all) })),
    );
    assert.equal(failure, broken);
  });

  test('fails the request of one who shares it, before and after its session is open', async () => {
    const shared = new SharedPeer(onlyInitializing, { protocolVersion: '2025-11-25' });
    const caller = shared.caller(QUIET);
    for (let round = 0; round < 2; round += 1) {
      assert.equal(await failureOf((replies) => caller.request(ASK, replies)), broken);
    }
    await shared.close();
  });

  test('is told by an answer that could not be taken', async () => {
    const failure = await new Promise((onFailure) => {
      const onAnswer = (): never => {
        throw broken;
      };
      answerLater({ onMessage: () => undefined, onAnswer, onFailure }, resultMessage(1, {}));
    });
    assert.equal(failure, broken);
  });
});

describe('a session that callers share', () => {
  test('tells all of them of its end, though one cannot take it', async () => {
    const shared = new SharedPeer(onlyInitializing, { protocolVersion: '2025-11-25' });
    const ended: string[] = [];
    const onClosed = (): never => {
      ended.push('one');
      throw new RangeError('Maximum call stack size exceeded');
    };
    shared.caller({ ...QUIET, onClosed });
    shared.caller({ ...QUIET, onClosed: () => void ended.push('two') });
    await shared.close();
    assert.deepEqual(ended, ['one', 'two']);
  });

  test('is not begun where what the server says of itself cannot be written', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const shared = new SharedPeer((events) => onlyInitializing(events, deep), { protocolVersion: '2025-11-25' });
    await assert.rejects(shared.opened(), /nested too deeply/);
    await shared.close();
  });
});

function onlyInitializing(_: PeerEvents, serverInfo = '{}'): Peer {
  const text = `{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","serverInfo":${serverInfo}}}`;
  const answer = readMessage(text);
  assert.ok(answer !== undefined);
  return {
    ...throwing(),
    request: (message, replies) => {
      if (message.method !== 'initialize') throw broken;
      queueMicrotask(() => replies.onAnswer(answer, 200));
      return { cancel: () => undefined };
    },
    send: () => undefined,
  };
}

describe('a request that reports progress', () => {
  let line: Line;
  let failures: unknown[];

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    line = newLine();
    failures = [];
  });
  afterEach(() => mock.timers.reset());

  test('is prolonged by it for an hour, and no longer', () => {
    const open = answeringPeer(line);
    const peer = new DeadlinePeer({ open, timeoutMs: () => 60_000, onCall: () => undefined }, QUIET);
    const onFailure = (error: unknown): void => void failures.push(error);
    peer.request(requestMessage(1, 'never'), { onMessage: () => undefined, onAnswer: () => undefined, onFailure });
    const progress = notificationMessage('notifications/progress', { progressToken: 1, progress: 1 });
    for (let seconds = 0; seconds < 3_690; seconds += 30) {
      if (seconds <= 3_600) assert.deepEqual(failures, []);
      line.asked[0]?.replies.onMessage(progress);
      mock.timers.tick(30_000);
    }
    assert.equal(failures.length, 1);
  });
});
