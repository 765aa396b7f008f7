/** The gateway: what a change of the configuration touches, what it leaves alone, and what outlives a restart. */
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
import {
  type ChildRecord,
  childEndpoint,
  configuration,
  isRunning,
  serverConfig,
  urlEndpoint,
} from '../helpers/configs.ts';
import { until } from '../helpers/wait.ts';
import { openGateway, recordOf } from './helper.ts';

/** A server entry; `version` stands for everything in it. */
function entry(
  t: TestContext,
  name: string,
  version = '1',
  options: ChildOptions = {},
): ServerConfig & { events: ChildRecord } {
  const events = recordOf(t);
  const endpoint = childEndpoint({ record: events.file, ...options });
  return { ...serverConfig({ name, endpoint, hash: `${name}-${version}` }), events };
}

async function call(gateway: Gateway, name: string, tool: string, args: Record<string, unknown> = {}): Promise<string> {
  const server = gateway.servers.get(name);
  const found = (await server?.firstCatalog(15_000))?.byPath.get(tool);
  assert.ok(server && found, `${name}/${tool}`);
  const scope = new CallScope(15_000);
  try {
    return answerText(await server.call(found, args, { principalId: 'p', isOnePerson: true }, scope, []));
  } finally {
    scope.end();
  }
}

test('servers are in the order of the configuration and connect in the background', async (t) => {
  const gateway = openGateway(t);
  const [b, a] = [entry(t, 'b', '1', { onInitialize: 'hang' }), entry(t, 'a')];
  const changes = await gateway.apply(configuration(b, a));
  assert.deepEqual(changes.added, ['b', 'a']);
  assert.deepEqual([...gateway.servers.keys()], ['b', 'a']);
  assert.equal(await call(gateway, 'a', 'add', { a: 1, b: 1 }), '2');
  assert.equal(gateway.servers.get('b')?.state.state, 'connecting');
  await gateway.firstCatalogs(50);
});

test('add, change and remove: calls in flight end well, and what did not change keeps its process', async (t) => {
  const gateway = openGateway(t);
  const [keep, change, remove] = [entry(t, 'keep'), entry(t, 'change'), entry(t, 'remove')];
  await gateway.apply(configuration(keep, change, remove));
  const pid = await call(gateway, 'keep', 'pid');
  const slow = ['keep', 'change', 'remove'].map((name) => call(gateway, name, 'slow', { ms: 700 }));
  await until(() => [keep, change, remove].every(({ events }) => events.count('tools/call', 'slow') === 1));
  const [changed, added] = [entry(t, 'change', '2'), entry(t, 'added')];
  const before = gateway.revision;
  const changes = await gateway.apply(configuration(added, changed, keep));
  assert.deepEqual(
    { ...changes },
    {
      added: ['added'],
      changed: ['change'],
      removed: ['remove'],
      ...('unchanged' in changes ? { unchanged: ['keep'] } : {}),
    },
  );
  assert.ok(gateway.revision > before);
  assert.deepEqual([...gateway.servers.keys()], ['added', 'change', 'keep']);
  // The new ones answer while the old ones still work off what they had.
  assert.equal(await call(gateway, 'added', 'add', { a: 1, b: 1 }), '2');
  assert.equal(await call(gateway, 'change', 'add', { a: 1, b: 1 }), '2');
  assert.equal(changed.events.count('tools/call', 'add'), 1);
  assert.deepEqual(await Promise.all(slow), ['"slept"', '"slept"', '"slept"']);
  assert.equal(await call(gateway, 'keep', 'pid'), pid);
  assert.equal(keep.events.starts(), 1);
  await until(() => [change, remove].every(({ events }) => events.pids().every((one) => !isRunning(one))));
});

test('changes under load: no call fails while its server is configured', async (t) => {
  const gateway = openGateway(t);
  const steady = entry(t, 'steady');
  await gateway.apply(configuration(steady, entry(t, 'moving', '0')));
  await call(gateway, 'moving', 'echo', { text: 'a' });
  let isLoading = true;
  const answered = { steady: 0, moving: 0 };
  const load = async (name: 'steady' | 'moving'): Promise<void> => {
    while (isLoading) {
      assert.equal(await call(gateway, name, 'add', { a: 1, b: 1 }), '2');
      answered[name] += 1;
    }
  };
  const callers = [load('steady'), load('steady'), load('moving'), load('moving')];
  const failed = Promise.all(callers);
  failed.catch(() => {
    isLoading = false;
  });
  for (const version of ['1', '2', '3']) {
    const seen = { ...answered };
    await gateway.apply(configuration(steady, entry(t, 'moving', version), entry(t, `extra-${version}`)));
    await until(() => (answered.steady > seen.steady + 5 && answered.moving > seen.moving + 5) || !isLoading, 10_000);
  }
  isLoading = false;
  await failed;
  assert.equal(steady.events.starts(), 1);
});

test('an unchanged configuration changes nothing', async (t) => {
  const gateway = openGateway(t);
  const one = entry(t, 'one');
  await gateway.apply(configuration(one));
  const server = gateway.servers.get('one');
  const changes = await gateway.apply(configuration({ ...one }));
  assert.deepEqual([changes.added, changes.changed, changes.removed], [[], [], []]);
  assert.equal(gateway.servers.get('one'), server);
});

test('tool lists survive a restart, and serve before the server does', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const uri = `sqlite:${join(folder, 'store.db')}`;
  const config = entry(t, 'one', '1', { instructions: 'be kind' });

  const firstStore = openStore(uri);
  const first = openGateway(t, firstStore);
  await first.apply(configuration(config));
  const learned = await first.servers.get('one')?.firstCatalog(15_000);
  assert.equal(learned?.info.instructions, 'be kind');
  await first.close();
  await firstStore.close();

  const store = openStore(uri);
  t.after(() => store.close());
  const second = openGateway(t, store);
  // Equal hash, hence the same entry; that it is out of reach now is the point.
  const away = serverConfig({ name: 'one', hash: config.hash, endpoint: urlEndpoint('http', 'http://127.0.0.1:9/') });
  await second.apply(configuration(away));
  const known = second.servers.get('one')?.catalog;
  assert.equal(known?.fingerprint, learned?.fingerprint);
  assert.equal(known?.byPath.get('echo')?.description, 'The tool echo');

  const other = openGateway(t, store);
  await other.apply(configuration({ ...away, hash: 'another entry' }));
  assert.equal(other.servers.get('one')?.catalog, undefined);
});

test('closing ends every process, calls in flight included', async (t) => {
  const gateway = openGateway(t);
  const [one, hanging] = [entry(t, 'one'), entry(t, 'hanging', '1', { onInitialize: 'hang' })];
  await gateway.apply(configuration(one, hanging));
  const slow = assert.rejects(call(gateway, 'one', 'slow', { ms: 60_000 }), { code: 'connection_lost' });
  await until(() => one.events.count('tools/call', 'slow') === 1 && hanging.events.count('initialize') === 1);
  await gateway.close();
  await slow;
  assert.ok([...one.events.pids(), ...hanging.events.pids()].every((pid) => !isRunning(pid)));
});

test('an unchanged server learns at its next start what other entries want withheld by then', async (t) => {
  const gateway = openGateway(t);
  const one = entry(t, 'one');
  await gateway.apply(configuration(one));
  await gateway.servers.get('one')?.firstCatalog(15_000);
  const withheld = { ...one, endpoint: { ...one.endpoint, withheldEnv: ['OTHER_TOKEN'] } } as ServerConfig;
  const changes = await gateway.apply(configuration(withheld));
  assert.deepEqual(changes.changed, []);
  const { endpoint } = gateway.servers.get('one')?.config ?? {};
  assert.deepEqual(endpoint?.kind === 'stdio' && endpoint.withheldEnv, ['OTHER_TOKEN']);
});

test('closing does not wait for a server that was removed a moment ago', async (t) => {
  const gateway = openGateway(t);
  const one = entry(t, 'one');
  await gateway.apply(configuration(one));
  const slow = call(gateway, 'one', 'slow', { ms: 60_000 });
  slow.catch(() => undefined);
  await until(() => one.events.count('tools/call', 'slow') === 1, 10_000);
  await gateway.apply(configuration());
  await gateway.close();
  await assert.rejects(slow);
});
