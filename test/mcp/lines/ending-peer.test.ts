/** Requests under way that are ended from our side. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndingPeer } from '../../../src/mcp/lines/ending-peer.ts';
import { requestMessage, resultMessage } from '../../../src/upstream/peer/message.ts';
import type { Peer, Replies } from '../../../src/upstream/peer/peer.ts';
import { AskedOk } from '../../helpers/asked.ts';

/** Answers nothing by itself. */
class Silent implements Peer {
  readonly era = 'modern';
  readonly cancelled: unknown[] = [];
  readonly replies: Replies[] = [];
  isClosed = false;

  request({ id }: { id?: unknown }, replies: Replies): { cancel(): void } {
    this.replies.push(replies);
    return { cancel: () => void this.cancelled.push(id) };
  }

  send(): void {}

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

test('subscriptions are ended with a result, and other requests go on', async () => {
  const silent = new Silent();
  const peer = new EndingPeer(silent);
  const listen = new AskedOk(peer, requestMessage('s', 'subscriptions/listen'));
  const call = new AskedOk(peer, requestMessage('c', 'tools/call'));
  peer.endListens();
  const { result } = await listen.answered();
  assert.equal(result?.resultType, 'complete');
  assert.match(JSON.stringify(result?._meta), /"io.modelcontextprotocol\/subscriptionId":"s"/);
  assert.deepEqual(silent.cancelled, ['s']);
  // Late words reach nobody, who has had the last one.
  silent.replies[0]?.onFailure(new Error('late'));
  silent.replies[1]?.onAnswer(resultMessage('c', { content: [] }), 200);
  assert.deepEqual((await call.answered()).result, { content: [] });
});

test('closing ends every request once, and then what is behind', async () => {
  const silent = new Silent();
  const peer = new EndingPeer(silent);
  const gone = new AskedOk(peer, requestMessage('g', 'tools/call'));
  gone.cancel();
  const call = new AskedOk(peer, requestMessage('c', 'tools/call'));
  await peer.close();
  await assert.rejects(call.answered(), { code: 'connection_lost' });
  silent.replies[1]?.onAnswer(resultMessage('c', {}), 200);
  assert.deepEqual([silent.cancelled, silent.isClosed], [['g', 'c'], true]);
});
