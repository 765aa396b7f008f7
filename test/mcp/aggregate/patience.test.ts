/** Servers that do not answer are waited for once, not by each list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from '../../../src/mcp/aggregate/directory.ts';
import { LATE_MS, LIST_MS, Patience } from '../../../src/mcp/aggregate/patience.ts';
import { until } from '../../helpers/wait.ts';
import { LegacyCaller, ModernCaller } from './callers.ts';
import { type Handler, ScriptedServer, withTools } from './scripted-server.ts';

const MODERN = { era: 'modern' } as const;
const SILENT: Handler = () => undefined;
const SECOND = 1_000;

test('a server that keeps a list waiting is given less time, for longer each time', () => {
  const patience = new Patience();
  let now = 0;
  assert.equal(patience.msFor('s', 'tools', now), LIST_MS);
  for (const seconds of [30, 60, 120, 240, 300, 300]) {
    patience.waitedInVain('s', 'tools', now);
    // Others who have waited as long make no difference.
    patience.waitedInVain('s', 'tools', now + SECOND);
    assert.equal(patience.msFor('s', 'tools', now + seconds * SECOND - 1), LATE_MS);
    now += seconds * SECOND;
    assert.equal(patience.msFor('s', 'tools', now), LIST_MS);
  }
  assert.equal(patience.msFor('other', 'tools', 0), LIST_MS);
  patience.answered('s', 'tools');
  patience.waitedInVain('s', 'tools', now);
  assert.equal(patience.msFor('s', 'tools', now + 30 * SECOND), LIST_MS, 'it starts anew');
});

test('who is silent on one list has less time for all, until another is answered', () => {
  const patience = new Patience();
  patience.waitedInVain('s', 'prompts', 0);
  assert.equal(patience.msFor('s', 'tools', 1), LATE_MS);
  patience.answered('s', 'tools');
  assert.equal(patience.msFor('s', 'tools', 1), LIST_MS);
  assert.equal(patience.msFor('s', 'prompts', 1), LATE_MS);
  patience.answered('s', 'prompts');
  assert.equal(patience.msFor('s', 'prompts', 1), LIST_MS);
});

test('nothing is kept of servers that have left the configuration', () => {
  const directory = new Directory();
  directory.serve(['a', 'b']);
  for (const server of ['a', 'b']) directory.patience.waitedInVain(server, 'tools', 0);
  directory.serve(['b']);
  assert.equal(directory.patience.msFor('a', 'tools', 1), LIST_MS);
  assert.equal(directory.patience.msFor('b', 'tools', 1), LATE_MS);
});

test('stateless requests of one caller wait once for a server that hangs, then hardly', async (t) => {
  const fine = await ScriptedServer.start(t, 'fine', withTools('one'), MODERN);
  const hangs = await ScriptedServer.start(t, 'hangs', { 'tools/list': SILENT }, { ...MODERN, timeoutMs: 2_000 });
  const directory = new Directory();
  const list = (known = directory) => new ModernCaller(t, [hangs, fine], known).ask('tools/list');
  await list().answered();
  const [first, ...others] = [list(new Directory()), list(), list()];
  await Promise.all(others.map((asked) => asked.answered()));
  assert.equal(first?.isOver, false, 'who has not met the server still waits');
  first?.cancel();
});

test('a server that is slow, but not too slow, is forgiven', async (t) => {
  let isSilent = true;
  let release = (): void => undefined;
  const slow = await ScriptedServer.start(
    t,
    'slow',
    {
      ...withTools('one'),
      'tools/list': () => {
        if (isSilent) return undefined;
        return new Promise((resolve) => {
          release = () => resolve({ tools: [{ name: 'one' }] });
        });
      },
    },
    { ...MODERN, timeoutMs: 1_200 },
  );
  const directory = new Directory();
  const list = (): Promise<unknown[]> => new ModernCaller(t, [slow], directory).listed('tools/list');
  assert.deepEqual(await list(), []);
  const patienceNow = (): number => directory.patience.msFor('slow', 'tools', performance.now());
  assert.equal(patienceNow(), LATE_MS);
  isSilent = false;
  assert.deepEqual(await list(), [], 'it comes too late for this one');
  release();
  await until(() => patienceNow() === LIST_MS);
  const again = list();
  await until(() => slow.asked('tools/list').length === 3);
  release();
  assert.deepEqual(await again, ['slow__one']);
});

test('a session that has waited for tools does not wait as long for prompts', async (t) => {
  const hangs = await ScriptedServer.start(t, 'hangs', { initialize: SILENT }, { timeoutMs: 2_000 });
  const caller = await LegacyCaller.ready(t, [hangs]);
  assert.deepEqual(await caller.listed('tools/list'), []);
  const other = await LegacyCaller.ready(t, [hangs]);
  const [tools, prompts] = [other.ask('tools/list'), caller.ask('prompts/list')];
  await prompts.answered();
  assert.equal(tools.isOver, false);
  tools.cancel();
});

test('a server that refuses at once may take its time when it is back', async (t) => {
  const dead = await ScriptedServer.start(t, 'dead', withTools('one'), MODERN);
  await dead.server.stop();
  const directory = new Directory();
  assert.deepEqual(await new ModernCaller(t, [dead], directory).listed('tools/list'), []);
  assert.equal(directory.patience.msFor('dead', 'tools', performance.now()), LIST_MS);
});

test('a call is for one server, so that it waits as before', async (t) => {
  let release = (): void => undefined;
  const slow = await ScriptedServer.start(
    t,
    'slow',
    {
      ...withTools('one'),
      'tools/list': () =>
        new Promise((resolve) => {
          release = () => resolve({ tools: [{ name: 'one' }] });
        }),
    },
    MODERN,
  );
  const directory = new Directory();
  directory.serve(['slow']);
  directory.patience.waitedInVain('slow', 'tools', performance.now());
  const list = new ModernCaller(t, [slow], directory).ask('tools/list');
  const call = new ModernCaller(t, [slow], directory).ask('tools/call', { name: 'slow__one' });
  await list.answered();
  assert.equal(call.isOver, false);
  await until(() => slow.asked('tools/list').length === 2);
  release();
  assert.equal(await call.text(), 'one');
});
