/** Stateless subscriptions never end by themselves: they end with what they are about, and with the gateway. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startApp } from '../../helpers/app.ts';
import { childEndpoint, configuration, serverConfig, urlEndpoint } from '../../helpers/configs.ts';
import { type Answered, askStateless, type Json, resultOf } from '../../helpers/mcp-session.ts';
import { emptyHome, startLatchkey } from '../../helpers/process.ts';
import { startStatelessServer, startStreamableServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';

interface Listening {
  readonly heard: Json[];
  readonly answered: Promise<Answered>;
}

/** Open, and acknowledged. */
async function listen(url: string): Promise<Listening> {
  const heard: Json[] = [];
  const notifications = { toolsListChanged: true };
  const onMessage = (message: Json): void => void heard.push(message);
  const answered = askStateless(url, 'subscriptions/listen', { notifications }, { onMessage });
  answered.catch(() => undefined);
  await until(() => heard.length > 0, 15_000);
  assert.equal(heard[0]?.method, 'notifications/subscriptions/acknowledged');
  return { heard, answered };
}

test('the process ends soon though somebody listens, and each of them is told', async () => {
  const place = await emptyHome();
  const { command, args } = childEndpoint({ listChanged: true });
  const file = join(place.cwd, 'config.json');
  await writeFile(file, JSON.stringify({ mcpServers: { child: { command, args } } }));
  const running = startLatchkey(['--config', file, '--port', '0', '--store', 'memory'], place);
  const url = await running.url;
  const open = [await listen(`${url}/mcp`), await listen(`${url}/child/mcp`)];
  running.child.kill('SIGTERM');
  await until(() => running.child.exitCode !== null, 6_000).catch(() => running.child.kill('SIGKILL'));
  assert.equal((await running.done).code, 0, running.stderr());
  for (const { answered } of open) assert.equal(resultOf(await answered).resultType, 'complete');
  await place.remove();
});

describe('a reload', () => {
  for (const era of ['legacy', 'modern'] as const) {
    test(`that removes a server ends who listens there, and lets a call end (${era})`, async (t) => {
      const server = era === 'modern' ? await startStatelessServer() : await startStreamableServer();
      t.after(() => server.close());
      const app = await startApp({ mcpServers: { s: { type: 'streamable-http', url: server.url.href } } });
      t.after(() => app.close());
      const { answered } = await listen(`${app.url}/s/mcp`);
      const slow = askStateless(`${app.url}/s/mcp`, 'tools/call', { name: 'slow', arguments: { ms: 500 } });
      await until(() => server.record.count('slow') > 0);
      await app.gateway.apply(configuration());
      assert.equal(resultOf(await answered).resultType, 'complete');
      assert.ok(resultOf(await slow).content);
    });
  }

  test('that changes a server lets who listens at all of them hear the new one', async (t) => {
    const [old, next] = [await startStatelessServer(), await startStatelessServer()];
    const app = await startApp({ mcpServers: { s: { type: 'streamable-http', url: old.url.href } } });
    t.after(async () => {
      await app.close();
      for (const server of [old, next]) await server.close();
    });
    const { heard } = await listen(`${app.url}/mcp`);
    await app.gateway.apply(configuration(serverConfig({ name: 's', endpoint: urlEndpoint('http', next.url) })));
    const listens = (): number =>
      next.headers.filter((headers) => headers['mcp-method'] === 'subscriptions/listen').length;
    // The gateway itself is one.
    await until(() => listens() === 2, 10_000);
    await until(() => heard.some(({ method }) => method === 'notifications/tools/list_changed'));
  });
});
