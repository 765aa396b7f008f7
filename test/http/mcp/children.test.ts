/** Processes behind sessions: one for all where nobody could be asked anything, else one for each session. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRunning } from '../../helpers/configs.ts';
import { errorOf, McpSession } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';
import { ChildrenStory, pidIn } from './children-story.ts';

const ROOTS = { capabilities: { roots: {} } };

describe('sessions with a child', () => {
  const pidOf = async (session: McpSession): Promise<number> =>
    pidIn(await session.result('tools/call', { name: 'pid', arguments: {} }));

  test('share one where the client can be asked nothing', async (t) => {
    const { url } = await ChildrenStory.start(t);
    const [one, other] = [await McpSession.open(url), await McpSession.open(url)];
    assert.equal(await pidOf(one), await pidOf(other));
    await one.end();
    assert.ok(isRunning(await pidOf(other)));
    await other.end();
  });

  test('have one each where the client can be asked, and it ends with the session', async (t) => {
    const { url } = await ChildrenStory.start(t);
    const [one, other] = [await McpSession.open(url, ROOTS), await McpSession.open(url, ROOTS)];
    const [pid, otherPid] = [await pidOf(one), await pidOf(other)];
    assert.notEqual(pid, otherPid);
    await one.end();
    await until(() => !isRunning(pid));
    assert.ok(isRunning(otherPid));
    await other.end();
  });

  test('have one each where the entry says so', async (t) => {
    const { url } = await ChildrenStory.start(t, { isolation: 'session' });
    const [one, other] = [await McpSession.open(url), await McpSession.open(url)];
    assert.notEqual(await pidOf(one), await pidOf(other));
    await one.end();
    await other.end();
  });

  test('go on with a new one when theirs has died; what was under way has failed once', async (t) => {
    const { url, record } = await ChildrenStory.start(t);
    const session = await McpSession.open(url, ROOTS);
    const pid = await pidOf(session);
    const answered = await session.ask('tools/call', { name: 'die', arguments: {} });
    assert.equal(errorOf(answered).code, -32000);
    assert.equal(record.count('tools/call', 'die'), 1);
    let next = pid;
    await until(async () => {
      next = await pidOf(session).catch(() => pid);
      return next !== pid;
    });
    await session.end();
  });

  test('leave none behind when the gateway ends', async (t) => {
    const story = await ChildrenStory.start(t);
    const session = await McpSession.open(story.url, ROOTS);
    await pidOf(session);
    await story.close();
    await until(() => story.running() === 0);
  });
});
