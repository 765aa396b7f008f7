/** Processes behind stateless requests: they are counted as those of sessions are, and one that only asks is not kept. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { ChildRecord, childEndpoint, isRunning } from '../../helpers/configs.ts';
import { type Answered, askStateless, type Json, McpSession, resultOf } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';

const SETS: readonly Json[] = [
  { roots: {} },
  { sampling: {} },
  { elicitation: { form: {} } },
  { elicitation: { url: {} } },
  { elicitation: { url: {} }, roots: {} },
  { sampling: { tools: {} }, roots: {} },
];

describe('children of stateless callers', () => {
  const apps: RunningApp[] = [];
  let record: ChildRecord;

  beforeEach(() => {
    record = new ChildRecord();
  });
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
    record.remove();
  });

  async function start(more: Json = {}): Promise<string> {
    const { command, args } = childEndpoint({ record: record.file });
    const app = await startApp({ mcpServers: { child: { command, args, ...more } } });
    apps.push(app);
    return `${app.url}/child/mcp`;
  }

  const call = (url: string, name: string, capabilities: Json, args: Json = {}): Promise<Answered> =>
    askStateless(url, 'tools/call', { name, arguments: args }, { capabilities });

  const pidOf = async (url: string, capabilities: Json): Promise<number> =>
    Number((resultOf(await call(url, 'pid', capabilities)).content as Json[])[0]?.text);

  test('are few, whatever one caller declares: of idle ones the oldest gives way', async () => {
    const url = await start();
    const pids: number[] = [];
    for (const capabilities of SETS) pids.push(await pidOf(url, capabilities));
    assert.equal(new Set(pids).size, SETS.length);
    await until(() => pids.filter(isRunning).length === 4);
    assert.deepEqual(pids.map(isRunning), [false, false, true, true, true, true]);
    assert.equal(await pidOf(url, SETS.at(-1) ?? {}), pids.at(-1));
  });

  test('are the common one where all of a caller’s own are in use', async () => {
    const url = await start();
    const common = await pidOf(url, {});
    const slow = SETS.slice(0, 4).map((capabilities) => call(url, 'slow', capabilities, { ms: 60_000 }));
    await until(() => record.count('tools/call', 'slow') === 4, 15_000);
    assert.equal(await pidOf(url, SETS[4] ?? {}), common);
    await apps.pop()?.close();
    await Promise.allSettled(slow);
  });
});

test('a process that only told whether sessions may share it is ended, and is not started again', async () => {
  const record = new ChildRecord();
  const { command, args } = childEndpoint({ record: record.file, logging: true });
  const app = await startApp({ mcpServers: { child: { command, args } } });
  const running = (): number => record.pids().filter(isRunning).length;
  const atRest = running();
  const [one, other] = [await McpSession.open(`${app.url}/child/mcp`), await McpSession.open(`${app.url}/child/mcp`)];
  await until(() => running() === atRest + 2);
  // The gateway's own, one that was asked, and one for each session.
  assert.equal(record.count('initialize'), atRest + 3);
  for (const session of [one, other]) await session.end();
  await app.close();
  record.remove();
});
