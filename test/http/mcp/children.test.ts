/** Processes behind sessions: one for all where nobody could be asked anything, else one for each session; and never too many. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ChildSlots } from '../../../src/mcp/lines/children.ts';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { ChildRecord, childEndpoint, isRunning } from '../../helpers/configs.ts';
import { errorOf, type Json, McpSession } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';

const ROOTS = { capabilities: { roots: {} } };

describe('sessions with a child', () => {
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

  const pidOf = async (session: McpSession): Promise<number> => {
    const { content } = await session.result('tools/call', { name: 'pid', arguments: {} });
    return Number((content as Json[])[0]?.text);
  };

  test('share one where the client can be asked nothing', async () => {
    const url = await start();
    const [one, other] = [await McpSession.open(url), await McpSession.open(url)];
    assert.equal(await pidOf(one), await pidOf(other));
    await one.end();
    assert.ok(isRunning(await pidOf(other)));
    await other.end();
  });

  test('have one each where the client can be asked, and it ends with the session', async () => {
    const url = await start();
    const [one, other] = [await McpSession.open(url, ROOTS), await McpSession.open(url, ROOTS)];
    const [pid, otherPid] = [await pidOf(one), await pidOf(other)];
    assert.notEqual(pid, otherPid);
    await one.end();
    await until(() => !isRunning(pid));
    assert.ok(isRunning(otherPid));
    await other.end();
  });

  test('have one each where the entry says so', async () => {
    const url = await start({ isolation: 'session' });
    const [one, other] = [await McpSession.open(url), await McpSession.open(url)];
    assert.notEqual(await pidOf(one), await pidOf(other));
    await one.end();
    await other.end();
  });

  test('go on with a new one when theirs has died; what was under way has failed once', async () => {
    const url = await start();
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

  test('leave none behind when the gateway ends', async () => {
    const url = await start();
    const session = await McpSession.open(url, ROOTS);
    await pidOf(session);
    await apps.pop()?.close();
    await until(() => record.pids().every((pid) => !isRunning(pid)));
  });
});

test('a caller who keeps too many processes gives up an idle one, or is refused', () => {
  const slots = new ChildSlots({ most: 4, mostPerPerson: 2 });
  const refuse = (): boolean => false;
  const held = [slots.take('ann', true, refuse), slots.take('ann', true, refuse)];
  assert.throws(() => slots.take('ann', true, refuse), /Too many/);
  const third = slots.take('ann', true, () => held.pop()?.release() === true);
  assert.equal(slots.size, 2);
  slots.take('many', false, refuse);
  slots.take('many', false, refuse);
  assert.throws(() => slots.take('ben', true, refuse), /Too many/);
  assert.equal(third.release(), true);
  assert.equal(third.release(), false);
  slots.take('ben', true, refuse);
});
