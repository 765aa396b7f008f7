/** What a child process is told when it is to end, and in which order. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ChildChannel } from '../../src/upstream/child-channel.ts';
import { commandEndpoint, isRunning, type StdioEndpoint } from '../helpers/configs.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { Mortal } from '../helpers/mortal.ts';
import { until } from '../helpers/wait.ts';

/** A process that has written down that it is there. */
async function started(
  t: TestContext,
  endsBy: StdioEndpoint['endsBy'],
  mortal: Mortal,
  { command, args }: Pick<StdioEndpoint, 'command' | 'args'> = mortal,
): Promise<ChildChannel> {
  const events = { onMessage: () => undefined, onOverflow: () => undefined, onEnd: () => undefined };
  const channel = new ChildChannel(commandEndpoint(command, args, { endsBy }), events, new MemoryLog());
  t.after(async () => {
    await channel.close();
    mortal.remove();
  });
  await until(() => mortal.running().length === 1, 10_000);
  return channel;
}

test('the end of input comes first, as in MCP', async (t) => {
  const mortal = new Mortal();
  const channel = await started(t, 'stdin', mortal);
  await channel.close();
  assert.deepEqual(mortal.told(), ['end of input']);
});

test('the end of input is followed by SIGTERM and, in the end, SIGKILL', async (t) => {
  const mortal = new Mortal('deaf');
  const channel = await started(t, 'stdin', mortal);
  await channel.close();
  assert.deepEqual([mortal.told(), mortal.running()], [['end of input', 'SIGTERM'], []]);
});

test('SIGTERM comes alone, so that a server which ends by the end of input too can tidy up for seconds', async (t) => {
  const mortal = new Mortal(2_500);
  const channel = await started(t, 'SIGTERM', mortal);
  await channel.close();
  assert.deepEqual(mortal.told(), ['SIGTERM', 'tidy']);
});

test('SIGTERM is followed by the end of input and, in the end, SIGKILL', async (t) => {
  const mortal = new Mortal('deaf');
  const channel = await started(t, 'SIGTERM', mortal);
  await channel.close();
  assert.deepEqual([mortal.told(), mortal.running()], [['SIGTERM', 'end of input'], []]);
});

test('a program that passes SIGTERM on is not forestalled, and what it leaves behind is ended', async (t) => {
  const mortal = new Mortal('deaf');
  // As npx does: the server is a process of its own, in the same group.
  const text = `const { spawn } = require('node:child_process');
    const child = spawn(process.argv[1], process.argv.slice(2), { stdio: 'inherit' });
    process.on('SIGTERM', () => {
      child.kill('SIGTERM');
      setTimeout(() => process.exit(0), 300);
    });`;
  const wrapper = { command: process.execPath, args: ['-e', text, mortal.command, ...mortal.args] };
  const channel = await started(t, 'SIGTERM', mortal, wrapper);
  await channel.close();
  assert.equal(mortal.told().filter((word) => word === 'SIGTERM').length, 1);
  await until(() => mortal.pids().every((pid) => !isRunning(pid)));
});
