/** Which stateless connections are kept, and which give way. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ModernServer, ModernWays } from '../../../src/mcp/lines/modern-ways.ts';
import { SHARED_OWNER } from '../../../src/oauth/model.ts';
import type { Peer } from '../../../src/upstream/peer/peer.ts';
import { Asked } from '../../helpers/asked.ts';
import { childEndpoint, serverConfig, urlEndpoint } from '../../helpers/configs.ts';
import { type Behave, HttpServer } from '../../helpers/http-server.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { until } from '../../helpers/wait.ts';
import { recordOf } from '../../upstream/helper.ts';
import { call } from '../../upstream/peer/modern-request.ts';

const serverAt = (endpoint: ModernServer['config']['endpoint']): ModernServer => ({
  config: serverConfig({ endpoint }),
  log: new MemoryLog(),
  credentialOf: () => undefined,
});

async function story(
  t: TestContext,
  limits: { most?: number } = {},
  behave?: Behave,
): Promise<{ ways: ModernWays; server: HttpServer; find: (key: string) => Promise<Peer | undefined> }> {
  const server = await HttpServer.start({ revision: '2026-07-28', ...(behave === undefined ? {} : { behave }) });
  const ways = new ModernWays(undefined, limits);
  t.after(async () => {
    await ways.close();
    await server.stop();
  });
  const at = serverAt(urlEndpoint('http', server.url));
  return { ways, server, find: (key) => ways.find(at, key, () => ({ owner: SHARED_OWNER })) };
}

const texts = async (peer: Peer | undefined): Promise<unknown> => {
  assert.ok(peer);
  return await new Asked(peer, call('echo', { text: 'a' })).text();
};

test('where there are too many the one that was idle for longest gives way, and it alone', async (t) => {
  const { ways, find } = await story(t, { most: 3 });
  const [old, busy, young] = [await find('old'), await find('busy'), await find('young')];
  assert.ok(busy);
  const slow = new Asked(busy, call('slow', { ms: 60_000 }));
  const oldUsedAt = Date.now();
  await texts(old);
  await until(() => Date.now() > oldUsedAt + 2);
  await texts(young);
  const next = await find('next');
  assert.equal(ways.size, 3);
  assert.equal(await find('young'), young);
  assert.equal(await find('busy'), busy);
  await assert.rejects(texts(old), { name: 'NotSentError' });
  for (const peer of [young, next]) assert.ok(peer && new Asked(peer, call('slow', { ms: 60_000 })));
  await assert.rejects(find('one more'), { code: 'server_unavailable' });
  slow.cancel();
  assert.ok(await find('one more'));
  assert.equal(ways.size, 3);
});

test('many who come at once for one key get one', async (t) => {
  const { server, find } = await story(t, { most: 1 });
  const found = await Promise.all(Array.from({ length: 5 }, () => find('a')));
  assert.equal(new Set(found).size, 1);
  assert.equal(server.requests('server/discover').length, 1);
});

test('closing does not wait for a server that does not say what it speaks', async (t) => {
  const { ways, server, find } = await story(t, {}, () => true);
  const asked = find('a');
  asked.catch(() => undefined);
  await until(() => server.requests('server/discover').length === 1);
  await ways.close();
  await assert.rejects(asked);
  await assert.rejects(find('b'), { code: 'connection_lost' });
});

test('what a way holds is given back once: when it ends, and where the server has none', async (t) => {
  const released: string[] = [];
  const lease = (holder: string) => ({ holder, release: () => void released.push(holder) });
  const ways = new ModernWays();
  t.after(() => ways.close());
  const record = recordOf(t);
  const legacy = serverAt(childEndpoint({ record: record.file }));
  assert.equal(await ways.find(legacy, 'l', () => ({ owner: SHARED_OWNER, lease: lease('ann') })), undefined);
  await until(() => released.includes('ann'));
  const modern = serverAt(childEndpoint({ revision: '2026-07-28', record: record.file }));
  assert.ok(await ways.find(modern, 'm', () => ({ owner: SHARED_OWNER, lease: lease('ben') })));
  assert.equal(
    ways.giveUpIdle((held) => held?.holder === 'ann'),
    false,
  );
  assert.equal(
    ways.giveUpIdle((held) => held?.holder === 'ben'),
    true,
  );
  assert.ok(released.includes('ben'));
  assert.equal(ways.size, 0);
});
