/** Processes behind stateless requests: they are counted as those of sessions are, and one that only asks is not kept. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRunning } from '../../helpers/configs.ts';
import { type Answered, askStateless, type Json, McpSession, resultOf } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';
import { ChildrenStory, pidIn } from './children-story.ts';

const SETS: readonly Json[] = [
  { roots: {} },
  { sampling: {} },
  { elicitation: { form: {} } },
  { elicitation: { url: {} } },
  { elicitation: { url: {} }, roots: {} },
  { sampling: { tools: {} }, roots: {} },
];

describe('children of stateless callers', () => {
  const call = (url: string, name: string, capabilities: Json, args: Json = {}): Promise<Answered> =>
    askStateless(url, 'tools/call', { name, arguments: args }, { capabilities });

  const pidOf = async (url: string, capabilities: Json): Promise<number> =>
    pidIn(resultOf(await call(url, 'pid', capabilities)));

  test('are few, whatever one caller declares: of idle ones the oldest gives way', async (t) => {
    const { url } = await ChildrenStory.start(t);
    const pids: number[] = [];
    for (const capabilities of SETS) pids.push(await pidOf(url, capabilities));
    assert.equal(new Set(pids).size, SETS.length);
    await until(() => pids.filter(isRunning).length === 4);
    assert.deepEqual(pids.map(isRunning), [false, false, true, true, true, true]);
    assert.equal(await pidOf(url, SETS.at(-1) ?? {}), pids.at(-1));
  });

  test('are the common one where all of a caller’s own are in use', async (t) => {
    const story = await ChildrenStory.start(t);
    const { url, record } = story;
    const common = await pidOf(url, {});
    const slow = SETS.slice(0, 4).map((capabilities) => call(url, 'slow', capabilities, { ms: 60_000 }));
    await until(() => record.count('tools/call', 'slow') === 4, 15_000);
    assert.equal(await pidOf(url, SETS[4] ?? {}), common);
    await story.close();
    await Promise.allSettled(slow);
  });
});

test('a process that only told whether sessions may share it is ended, and is not started again', async (t) => {
  const story = await ChildrenStory.start(t, {}, { logging: true });
  const { url, record } = story;
  const atRest = story.running();
  const [one, other] = [await McpSession.open(url), await McpSession.open(url)];
  await until(() => story.running() === atRest + 2);
  // The gateway's own, one that was asked, and one for each session.
  assert.equal(record.count('initialize'), atRest + 3);
  for (const session of [one, other]) await session.end();
});
