/** A shared session that ends, and what comes after it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedPeer } from '../../../src/mcp/sharing/shared-peer.ts';
import { openLegacyPeer } from '../../../src/upstream/peer/open.ts';
import { CLIENT_INFO, LATEST_LEGACY } from '../../../src/upstream/protocol.ts';
import { ask, call } from '../../helpers/asked.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { until } from '../../helpers/wait.ts';
import { askingChild } from '../asking-server.ts';
import { type Caller, callers, http, pair, QUICK, share } from './story.ts';

test('when the server dies, calls under way fail, another starts, and all are told', async (t) => {
  const shared = share(t, askingChild());
  const [ann, bob] = pair(shared);
  await ask(ann.peer, 1, 'logging/setLevel', { level: 'info' }).result();
  await ask(ann.peer, 2, 'resources/subscribe', { uri: 'test://a' }).result();
  const bobs = call(bob.peer, 3, 'slow', { ms: 60_000 });
  await assert.rejects(call(ann.peer, 3, 'die').answered(), { code: 'connection_lost' });
  await assert.rejects(bobs.answered(), { code: 'connection_lost' });
  // Without any request.
  for (const { heard } of [ann, bob]) await until(() => heard.count('notifications/tools/list_changed') === 1, 20_000);
  await until(async () => JSON.parse(await call(bob.peer, 4, 'record').text()).subscribed.length === 1);
  const record = JSON.parse(await call(bob.peer, 5, 'record').text());
  assert.deepEqual([record.levels, record.subscribed], [['info'], ['test://a']]);
  assert.deepEqual([ann.heard.closed, bob.heard.closed], [[], []]);
});

test('requests that meet a forgotten session are sent once more in one new one', async (t) => {
  const { server, shared } = await http(t);
  const all = callers(shared, 10);
  await ask((all[0] as Caller).peer, 1, 'tools/list').result();
  server.forget();
  const asked = all.map(({ peer }, index) => call(peer, 2, 'echo', { text: `t${index}` }));
  for (const [index, one] of asked.entries()) assert.equal(await one.text(), `t${index}`);
  assert.equal(server.started(), 2);
});

test('a server that does not start is spared, and says so at once', async (t) => {
  let starts = 0;
  const endpoint = { ...askingChild(), command: 'no-such-command-anywhere' };
  const params = { protocolVersion: LATEST_LEGACY, capabilities: {}, clientInfo: CLIENT_INFO };
  const timings = { ...QUICK, firstRetryMs: 3_600_000, longestRetryMs: 3_600_000 };
  const shared = new SharedPeer(
    (events) => {
      starts += 1;
      return openLegacyPeer(endpoint, events, new MemoryLog());
    },
    params,
    timings,
  );
  t.after(() => shared.close());
  const [ann, bob] = pair(shared);
  await Promise.all([
    assert.rejects(call(ann.peer, 1, 'echo').answered()),
    assert.rejects(call(bob.peer, 1, 'echo').answered()),
  ]);
  await assert.rejects(call(bob.peer, 2, 'echo').answered(), { code: 'server_unavailable' });
  assert.equal(starts, 1);
});

test('closing ends what waits and tells the callers', async (t) => {
  const { shared } = await http(t);
  const [ann, bob] = pair(shared);
  const anns = call(ann.peer, 1, 'slow', { ms: 60_000 });
  await ask(bob.peer, 1, 'tools/list').result();
  await shared.close('removed');
  await assert.rejects(anns.answered(), { code: 'connection_lost' });
  assert.deepEqual([ann.heard.closed, bob.heard.closed], [['removed'], ['removed']]);
});
