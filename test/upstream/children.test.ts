/** Child processes: their stderr, their environment, and that none of them outlives us. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { childEnv } from '../../src/upstream/child.ts';
import { Link } from '../../src/upstream/link.ts';
import { type ChildRecord, childEndpoint, commandEndpoint, isRunning, serverConfig, TSX } from '../helpers/configs.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';
import { NO_RETRY, openChild, recordOf } from './helper.ts';

function stderrLines(log: MemoryLog): string[] {
  return log.lines.filter(({ fields }) => fields.stream === 'stderr').map(({ message }) => message);
}

test("stderr goes to the log, line by line, with the server's fields", async (t) => {
  const log = new MemoryLog();
  const config = serverConfig({ endpoint: childEndpoint({ atStart: 'die' }) });
  const link = new Link({
    config: () => config,
    log: log.child({ server: 'time' }),
    life: 'always',
    timings: NO_RETRY,
  });
  t.after(() => link.close());
  link.start();
  await until(() => link.state.state === 'failed');
  const [line] = log.matching(/cannot read my settings/);
  assert.deepEqual(line?.fields, { server: 'time', stream: 'stderr' });
});

test('a flood on stderr is cut, counted, and delays nothing', async (t) => {
  const child = await openChild(t).ready();
  assert.equal(await child.call('stderr', { text: 'flood', lines: 5_000 }), '"written"');
  assert.equal(await child.call('add', { a: 1, b: 1 }), '2');
  await until(() => child.log.matching(/lines dropped/).length > 0);
  await child.link.close();
  const kept = stderrLines(child.log).filter((line) => line === 'flood').length;
  const dropped = child.log.matching(/lines dropped/).reduce((sum, { fields }) => sum + Number(fields.dropped), 0);
  assert.equal(kept + dropped, 5_000);
  assert.ok(kept >= 100 && kept <= 1_000, `${kept} lines kept`);
});

test('a line without end on stderr is not kept', async (t) => {
  const child = await openChild(t).ready();
  await child.call('stderr', { text: 'x'.repeat(1024 * 1024) });
  await until(() => stderrLines(child.log).includes('(a line of 1048576 bytes)'));
});

test('garbage on stdout is told at debug level', async (t) => {
  const child = await openChild(t, { noise: true }).ready();
  assert.ok(child.log.matching(/no JSON was ignored/).some(({ fields }) => fields.line === 'not json'));
});

/** The environment that a child really has. */
async function environmentOf(t: TestContext, more: Parameters<typeof openChild>[2]): Promise<Record<string, string>> {
  const child = await openChild(t, {}, more).ready();
  return JSON.parse(await child.call('env')) as Record<string, string>;
}

test('a child inherits the environment without our secrets and those of other entries', async (t) => {
  const ours = {
    LATCHKEY_SECRET: 'a',
    LATCHKEY_API_KEY: 'b',
    WEBUI_SECRET_KEY: 'c',
    OTHER_ENTRYS_TOKEN: 'd',
    PLAIN_SETTING: 'e',
    SHADOWED: 'f',
  };
  Object.assign(process.env, ours);
  t.after(() => {
    for (const name of Object.keys(ours)) delete process.env[name];
  });
  const inherited = await environmentOf(t, {
    withheldEnv: ['OTHER_ENTRYS_TOKEN'],
    env: { SHADOWED: 'own', MINE: 'g' },
  });
  assert.doesNotMatch(Object.keys(inherited).join(), /LATCHKEY|WEBUI|OTHER_ENTRYS/);
  assert.deepEqual([inherited.PLAIN_SETTING, inherited.SHADOWED, inherited.MINE], ['e', 'own', 'g']);
  const minimal = await environmentOf(t, { inheritEnv: false, env: { MINE: 'g' } });
  assert.equal(minimal.PLAIN_SETTING, undefined);
  assert.deepEqual([minimal.MINE, minimal.PATH, minimal.HOME], ['g', process.env.PATH, process.env.HOME]);
});

test('what an entry sets itself reaches its child, whatever its name', () => {
  const endpoint = commandEndpoint('x', [], {
    env: { TOKEN: 'mine', WEBUI_SECRET_KEY: 'own' },
    withheldEnv: ['TOKEN'],
  });
  assert.deepEqual(childEnv(endpoint, { TOKEN: 'theirs', WEBUI_SECRET_KEY: 'ours', A: '1' }), {
    A: '1',
    TOKEN: 'mine',
    WEBUI_SECRET_KEY: 'own',
  });
});

test('the working folder of an entry', async (t) => {
  const child = await openChild(t, {}, { cwd: '/' }).ready();
  assert.equal(await child.call('cwd'), '"/"');
});

/** Waits until no process of the record is left; fails if one never goes. */
async function allGone(record: ChildRecord): Promise<void> {
  assert.ok(record.pids().length > 0);
  await until(() => record.pids().every((pid) => !isRunning(pid)), 8_000, `the end of ${record.pids().join()}`);
}

const OWNER = fileURLToPath(new URL('./link-owner.ts', import.meta.url));

/** A node process that owns a link; `how` is what it does once it is connected. */
async function ownerEnds(t: TestContext, how: string, options: object): Promise<ChildRecord> {
  const record = recordOf(t);
  const settings = JSON.stringify({ record: record.file, ...options });
  const owner = spawn(process.execPath, ['--import', TSX, OWNER, how, settings], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => owner.kill('SIGKILL'));
  const ended = once(owner, 'exit');
  await once(owner.stdout, 'data');
  if (how.startsWith('SIG')) owner.kill(how as NodeJS.Signals);
  await ended;
  return record;
}

// Most of these wait for a child that does not want to go.
describe('no process is left', { concurrency: 4 }, () => {
  test('closing leaves no child and no grandchild', async (t) => {
    const child = await openChild(t, { grandchild: true }).ready();
    assert.equal(child.events.pids().filter(isRunning).length, 2);
    await child.link.close();
    await allGone(child.events);
  });

  test('a child that ignores the end of stdin and SIGTERM is ended all the same', async (t) => {
    const child = await openChild(t, { ignoreSigterm: true, ignoreStdinEnd: true, grandchild: true }).ready();
    await child.link.close();
    await allGone(child.events);
  });

  test('a child that crashes leaves no grandchild, though it holds the pipes open', async (t) => {
    const child = await openChild(t, { grandchild: true }, { timings: NO_RETRY }).ready();
    await assert.rejects(child.call('die'), { code: 'connection_lost' });
    await allGone(child.events);
  });

  test('a hanging child is gone once the attempt is given up', async (t) => {
    const timings = { ...NO_RETRY, connectMs: 800 };
    const child = openChild(t, { onInitialize: 'hang', ignoreStdinEnd: true }, { timings });
    await child.failed();
    await allGone(child.events);
  });

  for (const how of ['exception', 'rejection', 'exit', 'SIGTERM', 'SIGINT']) {
    test(`no child outlives a process that ends by ${how}`, async (t) => {
      await allGone(await ownerEnds(t, how, { grandchild: true, ignoreSigterm: true, ignoreStdinEnd: true }));
    });
  }

  test('a child that heeds the end of stdin does not even outlive SIGKILL', async (t) => {
    await allGone(await ownerEnds(t, 'SIGKILL', {}));
  });
});
