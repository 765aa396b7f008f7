/** How the processes of a servers file are told to end: by the signal that they know, with time to tidy up. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { DEFAULT_TIMINGS } from '../../../src/upstream/timings.ts';
import { startGateway } from '../../acehoss/gateway.ts';
import { RestSession } from '../../acehoss/rest-client.ts';
import { type AppSetup, type RunningApp, startApp } from '../../helpers/app.ts';
import { McpSession } from '../../helpers/mcp-session.ts';
import { Mortal } from '../../helpers/mortal.ts';
import { until } from '../../helpers/wait.ts';
import { SseClient } from '../mcp/sse-client.ts';

function mortalOf(t: TestContext, atSigterm: number | 'deaf'): Mortal {
  const mortal = new Mortal(atSigterm);
  t.after(() => mortal.remove());
  return mortal;
}

const entryOf = ({ command, args }: Mortal): object => ({ command, args });

async function start(t: TestContext, mortal: Mortal, keys = {}, more: AppSetup = {}): Promise<RunningApp> {
  const app = await startApp({ servers: { one: entryOf(mortal) }, keys: { port: 8000, ...keys }, ...more });
  t.after(() => app.close());
  return app;
}

async function isTidy(mortal: Mortal): Promise<void> {
  await until(() => mortal.pids().length > 0 && mortal.running().length === 0, 10_000);
  assert.deepEqual(mortal.told(), ['SIGTERM', 'tidy']);
}

describe('a process of a servers file gets SIGTERM', () => {
  it('when the client of its stream leaves', async (t) => {
    const mortal = mortalOf(t, 500);
    const { url } = await start(t, mortal);
    const client = await SseClient.open(url, '/one');
    await client.begin();
    client.leave();
    await isTidy(mortal);
  });

  it('when its session has rested too long', async (t) => {
    const mortal = mortalOf(t, 500);
    const { url } = await start(t, mortal, { sessions: { idle_minutes: 0.001 } });
    assert.equal((await new RestSession(url).post('one/x')).status, 200);
    await isTidy(mortal);
  });

  it('when it was started for the list of tools, and nobody needs that any more', async (t) => {
    const mortal = mortalOf(t, 500);
    const app = await start(t, mortal, {}, { timings: { ...DEFAULT_TIMINGS, idleMs: 30 } });
    await app.gateway.servers.get('one')?.firstCatalog(10_000);
    await isTidy(mortal);
  });

  it('when the gateway ends', async (t) => {
    const mortal = mortalOf(t, 500);
    const gateway = await startGateway(t, { servers: { one: entryOf(mortal) } });
    assert.equal((await new RestSession(gateway.url).post('one/x')).status, 200);
    assert.equal((await gateway.stop()).code, 0);
    await isTidy(mortal);
  });
});

it('a process below mcpServers sees the end of its input, whichever address it serves', async (t) => {
  const mortal = mortalOf(t, 500);
  const app = await startApp({ mcpServers: { one: entryOf(mortal) } });
  t.after(() => app.close());
  assert.equal((await new RestSession(app.url).post('one/x')).status, 200);
  await app.close();
  assert.deepEqual(mortal.told(), ['end of input', 'end of input']);
});

it('processes that do not want to end, in the middle of calls, do not keep the gateway from ending in good order', async (t) => {
  const mortal = mortalOf(t, 'deaf');
  const entry = { ...entryOf(mortal), start: 'always', isolation: 'shared' };
  const gateway = await startGateway(t, { servers: { one: entry } });
  const stream = await SseClient.open(gateway.url, '/one');
  await stream.begin();
  const held = new RestSession(gateway.url).post('one/hold').catch(() => undefined);
  await McpSession.open(`${gateway.url}/one/mcp`);
  // One for all calls of REST, one for all clients of MCP.
  await until(() => mortal.running().length === 4, 10_000);
  const { code, stderr } = await gateway.stop();
  await held;
  assert.equal(code, 0, stderr);
  assert.deepEqual(mortal.running(), []);
  stream.leave();
});

it('a process has its place until it is gone', async (t) => {
  const mortal = mortalOf(t, 'deaf');
  const { url } = await start(t, mortal, { sessions: { per_principal: 1 } });
  const client = await SseClient.open(url, '/one');
  await client.begin();
  client.leave();
  await until(() => mortal.told().includes('SIGTERM'));
  assert.equal((await new RestSession(url).post('one/x')).status, 429);
  assert.equal(mortal.running().length, 1);
  await until(() => mortal.running().length === 0, 10_000);
  await until(async () => (await new RestSession(url).post('one/x')).status === 200);
});
