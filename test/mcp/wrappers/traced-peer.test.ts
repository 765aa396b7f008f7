/** What the most talkative log says of messages that pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TracedPeer } from '../../../src/mcp/wrappers/traced-peer.ts';
import type { Message } from '../../../src/upstream/peer/message.ts';
import {
  errorMessage,
  notificationMessage,
  requestMessage,
  resultMessage,
} from '../../../src/upstream/peer/message.ts';
import { type PeerEvents, QUIET, type Replies } from '../../../src/upstream/peer/peer.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';

const SECRET = { secret: 'hunter2' };

class TraceLog extends MemoryLog {
  readonly traced: unknown[] = [];

  trace(fields: object, message: string): void {
    this.traced.push({ way: message, ...fields });
  }
}

/** A peer whose server's side is the test. */
function opened(log: MemoryLog): {
  peer: TracedPeer;
  events: () => PeerEvents;
  replies: () => Replies;
  got: Message[];
} {
  let events = QUIET;
  let replies: Replies | undefined;
  const got: Message[] = [];
  const peer = new TracedPeer(
    (to) => {
      events = to;
      return {
        era: 'legacy',
        request: (message, asked) => {
          got.push(message);
          replies = asked;
          return { cancel: (notice) => void (notice !== undefined && got.push(notice)) };
        },
        send: (message) => void got.push(message),
        close: async () => undefined,
      };
    },
    log,
    QUIET,
  );
  return { peer, events: () => events, replies: () => replies as Replies, got };
}

const NOBODY: Replies = { onMessage: () => undefined, onAnswer: () => undefined, onFailure: () => undefined };

test('each message is named by its kind, method and id, both ways, and by nothing that it says', () => {
  const log = new TraceLog();
  const { peer, events, replies, got } = opened(log);
  const exchange = peer.request(requestMessage(1, 'tools/call', SECRET), NOBODY);
  peer.send(notificationMessage('notifications/initialized', SECRET));
  replies().onMessage(notificationMessage('notifications/progress', SECRET));
  events().onMessage(requestMessage('q', 'sampling/createMessage', SECRET));
  peer.send(resultMessage('q', SECRET));
  exchange.cancel(notificationMessage('notifications/cancelled', { requestId: 1 }));
  replies().onAnswer(errorMessage(1, -32000, 'hunter2'), 200);
  assert.deepEqual(log.traced, [
    { way: 'SSE -> STDIO', kind: 'request', method: 'tools/call', id: 1 },
    { way: 'SSE -> STDIO', kind: 'notification', method: 'notifications/initialized', id: undefined },
    { way: 'STDIO -> SSE', kind: 'notification', method: 'notifications/progress', id: undefined },
    { way: 'STDIO -> SSE', kind: 'request', method: 'sampling/createMessage', id: 'q' },
    { way: 'SSE -> STDIO', kind: 'answer', method: '', id: 'q' },
    { way: 'SSE -> STDIO', kind: 'notification', method: 'notifications/cancelled', id: undefined },
    { way: 'STDIO -> SSE', kind: 'answer', method: '', id: 1 },
  ]);
  assert.equal(got.length, 4);
  assert.deepEqual(log.lines, []);
});

test('names as long as anybody likes are cut', () => {
  const log = new TraceLog();
  opened(log).peer.request(requestMessage('i'.repeat(1_000), 'm'.repeat(1_000)), NOBODY);
  const [line] = log.traced as [{ method: string; id: string }];
  assert.deepEqual([line.method.length, line.id.length], [80, 80]);
});

test('a log that does not want to know is not told', () => {
  const { peer, got } = opened(new MemoryLog());
  peer.request(requestMessage(1, 'ping'), NOBODY);
  assert.equal(got.length, 1);
});
