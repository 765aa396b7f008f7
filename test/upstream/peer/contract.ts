/** What a peer keeps to with a server of the SDK that has sessions, whichever way over HTTP they are made. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { urlEndpoint } from '../../helpers/configs.ts';
import type { SdkServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';
import { OpenPeer } from './peer-test.ts';

const CALLS = 200;

/** Calls many times at once; each answer must be that of its own call. */
export async function callsAtOnce(open: OpenPeer): Promise<void> {
  const calls = Array.from({ length: CALLS }, (_, b) => open.call('add', { a: 0, b }));
  assert.deepEqual(
    await Promise.all(calls.map((call) => call.text())),
    Array.from({ length: CALLS }, (_, b) => String(b)),
  );
}

/** Registers the tests; `start` makes a server for each, and `progress` says whether its answers can have any before them. */
export function describePeer(
  name: string,
  kind: 'http' | 'sse',
  { start, progress }: { readonly start: () => Promise<SdkServer>; readonly progress: boolean },
): void {
  async function begin(t: TestContext): Promise<{ readonly server: SdkServer; readonly open: OpenPeer }> {
    const server = await start();
    t.after(() => server.close());
    const open = new OpenPeer(t, urlEndpoint(kind, server.url));
    await open.ready();
    return { server, open };
  }

  describe(name, () => {
    test(`${CALLS} calls at once, and progress of one`, async (t) => {
      const { open } = await begin(t);
      await callsAtOnce(open);
      const call = open.call('progress', { steps: 2, ms: 1 }, { progressToken: 'a' });
      assert.equal(await call.text(), 'arrived');
      assert.equal(call.messages.length, progress ? 2 : 0);
    });

    test('who gives up tells the server', async (t) => {
      const { server, open } = await begin(t);
      const slow = open.call('slow', { ms: 60_000 });
      await until(() => server.record.count('slow') === 1);
      slow.cancel();
      await until(() => server.record.cancelled.includes('slow'));
    });

    test('closing fails what waits', async (t) => {
      const { server, open } = await begin(t);
      const slow = open.call('slow', { ms: 60_000 });
      await until(() => server.record.count('slow') === 1);
      await Promise.all([open.peer.close(), assert.rejects(slow.answered(), { code: 'connection_lost' })]);
      assert.deepEqual(open.closed, []);
    });
  });
}
