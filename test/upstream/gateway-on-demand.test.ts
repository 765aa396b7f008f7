/** Servers that start on demand, in a gateway: what starts them, what does not, and what outlives a restart or a reload. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ServerConfig } from '../../src/config/model.ts';
import type { Gateway } from '../../src/gateway.ts';
import { openStore } from '../../src/storage/store.ts';
import { CallScope } from '../../src/upstream/call-scope.ts';
import { answerText } from '../../src/upstream/result.ts';
import type { ChildOptions } from '../helpers/child-server.ts';
import { type ChildRecord, childEndpoint, configuration, isRunning, serverConfig } from '../helpers/configs.ts';
import { until } from '../helpers/wait.ts';
import { openGateway, recordOf, toolOf } from './helper.ts';

type Entry = ServerConfig & { readonly events: ChildRecord };

function entry(t: TestContext, parts: Partial<ServerConfig> = {}, options: ChildOptions = {}): Entry {
  const events = recordOf(t);
  const endpoint = childEndpoint({ record: events.file, ...options });
  return { ...serverConfig({ name: 'one', start: 'on-demand', endpoint, ...parts }), events };
}

async function call(gateway: Gateway, tool: string, args: Record<string, unknown>, sessionId = ''): Promise<string> {
  const server = gateway.servers.get('one');
  assert.ok(server);
  const scope = new CallScope(15_000);
  try {
    const caller = { principalId: 'basic:alice', isOnePerson: true, sessionId };
    return answerText(await server.call(toolOf({ name: tool }), args, caller, scope, []));
  } finally {
    scope.end();
  }
}

test('a configuration starts nothing, and asking for all tools starts everything', async (t) => {
  const gateway = openGateway(t);
  const entries = ['one', 'two'].map((name) => entry(t, { name }));
  const always = entry(t, { name: 'three', start: 'always' });
  await gateway.apply(configuration(...entries, always));
  await until(() => gateway.servers.get('three')?.state.state === 'ready', 15_000);
  const states = (): unknown[] => [...gateway.servers.values()].map(({ state }) => state.state);
  assert.deepEqual(
    [states(), entries.map(({ events }) => events.starts())],
    [
      ['idle', 'idle', 'ready'],
      [0, 0],
    ],
  );
  await gateway.firstCatalogs(15_000);
  assert.deepEqual(states(), ['ready', 'ready', 'ready']);
  assert.ok([...gateway.servers.values()].every(({ catalog }) => catalog?.byPath.has('echo') === true));
});

test('a call of a session starts a process for that session alone, and none for the tools', async (t) => {
  const gateway = openGateway(t);
  const one = entry(t, { isolation: 'session' });
  await gateway.apply(configuration(one));
  assert.notEqual(await call(gateway, 'pid', {}, 'a'), await call(gateway, 'pid', {}, 'b'));
  assert.equal(await call(gateway, 'pid', {}, 'a'), await call(gateway, 'pid', {}, 'a'));
  assert.deepEqual([one.events.starts(), gateway.servers.get('one')?.state.state], [2, 'idle']);
});

test('a session whose process cannot start is not tried by itself', async (t) => {
  const gateway = openGateway(t);
  const one = entry(t, { isolation: 'session' }, { atStart: 'die' });
  const always = entry(t, { name: 'always', start: 'always' }, { atStart: 'die' });
  await gateway.apply(configuration(one));
  await assert.rejects(call(gateway, 'echo', {}), { code: 'server_unavailable' });
  await gateway.apply(configuration(one, always));
  await until(() => always.events.starts() >= 3, 15_000);
  assert.equal(one.events.starts(), 1);
});

test('a tool list of an earlier run serves at once, and is read anew once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'on-demand-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const uri = `sqlite:${join(folder, 'store.db')}`;
  const before = entry(t, { hash: 'same' });
  const firstStore = openStore(uri);
  const first = openGateway(t, firstStore);
  await first.apply(configuration(before));
  await first.firstCatalogs(15_000);
  await first.close();
  await firstStore.close();

  const store = openStore(uri);
  t.after(() => store.close());
  const gateway = openGateway(t, store);
  // The program behind the same entry is another version now.
  const after = entry(t, { hash: 'same' }, { extraTools: 1 });
  await gateway.apply(configuration(after));
  const server = gateway.servers.get('one');
  const known = server?.catalog;
  assert.deepEqual([known?.byPath.has('echo'), after.events.starts()], [true, 0]);
  const fresh = await server?.firstCatalog(15_000);
  assert.equal(fresh?.tools.length, (known?.tools.length ?? 0) + 1);
  await server?.firstCatalog(15_000);
  assert.equal(after.events.starts(), 1);
});

test('a changed entry ends the process of the one before, and starts only when somebody asks', async (t) => {
  const gateway = openGateway(t);
  const [before, after] = [entry(t), entry(t)];
  await gateway.apply(configuration(before));
  await gateway.firstCatalogs(15_000);
  await gateway.apply(configuration(after));
  assert.deepEqual([gateway.servers.get('one')?.state.state, after.events.starts()], ['idle', 0]);
  assert.equal((await gateway.servers.get('one')?.firstCatalog(15_000))?.byPath.has('echo'), true);
  await until(() => before.events.pids().every((pid) => !isRunning(pid)), 15_000);
  await gateway.close();
  assert.ok(after.events.pids().every((pid) => !isRunning(pid)));
});
