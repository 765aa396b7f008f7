/** Which shared sessions are kept, and for how long. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SharedPeers } from '../../../src/mcp/sharing/registry.ts';
import { SharedPeer } from '../../../src/mcp/sharing/shared-peer.ts';
import type { Peer } from '../../../src/upstream/peer/peer.ts';
import { Heard } from '../../helpers/asked.ts';
import { until } from '../../helpers/wait.ts';

/** Nobody connects in these tests. */
function unconnected(): SharedPeer {
  return new SharedPeer(() => assert.fail('connected'), { capabilities: {} });
}

function registry(t: TestContext, limits: { most?: number; idleMs?: number }): SharedPeers {
  const peers = new SharedPeers(limits);
  t.after(() => peers.close());
  return peers;
}

test('one key, one session', (t) => {
  const peers = registry(t, {});
  const first = peers.get('a', unconnected);
  assert.equal(peers.get('a', unconnected), first);
  assert.notEqual(peers.get('b', unconnected), first);
});

test('a session without callers is ended after a while, one with callers is not', async (t) => {
  const peers = registry(t, { idleMs: 30 });
  const heard = new Heard();
  const caller: Peer = peers.get('used', unconnected).caller(heard);
  peers.get('idle', unconnected);
  await until(() => peers.size === 1);
  assert.deepEqual(heard.closed, []);
  await caller.close();
  await until(() => peers.size === 0);
});

test('where there are too many the one that was idle for longest goes, and none that is used', async (t) => {
  const peers = registry(t, { most: 3 });
  const used = peers.get('used', unconnected);
  used.caller(new Heard());
  const [old, young] = [peers.get('old', unconnected), peers.get('young', unconnected)];
  await old.caller(new Heard()).close();
  await until(() => Date.now() > (old.idleSince ?? 0));
  await young.caller(new Heard()).close();
  const next = peers.get('next', unconnected);
  assert.equal(peers.size, 3);
  assert.equal(peers.get('used', unconnected), used);
  assert.equal(peers.get('young', unconnected), young);
  for (const peer of [young, next]) peer.caller(new Heard());
  assert.throws(() => peers.get('one more', unconnected), { code: 'server_unavailable' });
});

test('retiring ends the sessions whose keys begin so, and tells their callers', async (t) => {
  const peers = registry(t, {});
  const [a, b] = [new Heard(), new Heard()];
  peers.get('server-1\nann', unconnected).caller(a);
  peers.get('server-2\nann', unconnected).caller(b);
  await peers.retire('server-1');
  assert.deepEqual([a.closed.length, b.closed.length, peers.size], [1, 0, 1]);
});

test('of a family so many have room, idle ones giving way; none where all are used', (t) => {
  const peers = registry(t, {});
  for (const key of ['a\n1', 'a\n2', 'b\n1']) peers.get(key, unconnected);
  assert.equal(peers.hasRoom('a\n', 3), true);
  assert.equal(peers.size, 3);
  assert.equal(peers.hasRoom('a\n', 2), true);
  assert.equal(peers.size, 2);
  assert.notEqual(peers.find('b\n1'), undefined);
  for (const key of ['a\n1', 'a\n2']) peers.get(key, unconnected).caller(new Heard());
  assert.equal(peers.hasRoom('a\n', 2), false);
  assert.equal(peers.size, 3);
});

test('a session gives back what it holds when it ends, and only an idle one is given up for that', async (t) => {
  const peers = registry(t, {});
  const released: string[] = [];
  const held = (holder: string) => (): SharedPeer => {
    const lease = { holder, release: () => void released.push(holder) };
    return new SharedPeer(() => assert.fail('connected'), { capabilities: {} }, undefined, lease);
  };
  const caller = peers.get('a', held('ann')).caller(new Heard());
  peers.get('b', held('ben'));
  const isAnns = (lease: { holder: string } | undefined): boolean => lease?.holder === 'ann';
  assert.equal(peers.giveUpIdle(isAnns), false);
  await caller.close();
  assert.equal(peers.giveUpIdle(isAnns), true);
  assert.deepEqual(released, ['ann']);
  await peers.close();
  assert.deepEqual(released, ['ann', 'ben']);
  assert.throws(() => peers.get('c', unconnected), { code: 'connection_lost' });
});
