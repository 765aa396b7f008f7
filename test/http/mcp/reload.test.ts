/** Sessions while the configuration changes under them. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ServerConfig } from '../../../src/config/model.ts';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { configuration, serverConfig, urlEndpoint } from '../../helpers/configs.ts';
import { errorOf, type Json, McpSession } from '../../helpers/mcp-session.ts';
import { type SdkServer, startStreamableServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';

describe('a reload', () => {
  let server: SdkServer;
  let app: RunningApp;
  let url: string;

  beforeEach(async () => {
    server = await startStreamableServer();
    app = await startApp({ mcpServers: { one: { type: 'streamable-http', url: server.url.href } } });
    url = `${app.url}/one/mcp`;
  });
  afterEach(async () => {
    await app.close();
    await server.close();
  });

  const entry = (more: Partial<ServerConfig> = {}): ServerConfig =>
    serverConfig({ name: 'one', endpoint: urlEndpoint('http', server.url), ...more });

  const toolsOf = async (session: McpSession): Promise<unknown[]> =>
    ((await session.result('tools/list')).tools as Json[]).map(({ name }) => name);

  test('that removes a server ends the sessions with it', async () => {
    const session = await McpSession.open(url);
    await app.gateway.apply(configuration());
    assert.equal((await session.ask('tools/list')).status, 404);
  });

  test('that changes a server tells its sessions, which find it as it is now', async () => {
    const session = await McpSession.open(url);
    const heard: Json[] = [];
    await session.listen(({ data }) => void (data !== '' && heard.push(JSON.parse(data) as Json)));
    assert.ok((await toolsOf(session)).includes('echo'));
    await app.gateway.apply(configuration(entry({ disabledTools: ['echo'] })));
    await until(() => heard.some(({ method }) => method === 'notifications/tools/list_changed'));
    assert.ok(!(await toolsOf(session)).includes('echo'));
    assert.equal(errorOf(await session.ask('tools/call', { name: 'echo', arguments: {} })).code, -32602);
    await session.end();
  });

  test('lets what is under way end', async () => {
    const session = await McpSession.open(url);
    const slow = session.result('tools/call', { name: 'slow', arguments: { ms: 300 } });
    await until(() => server.record.count('slow') > 0);
    await app.gateway.apply(configuration(entry({ disabledTools: ['add'] })));
    assert.ok((await slow).content !== undefined);
    await session.end();
  });

  test('that brings a server brings its tools to the sessions with all of them', async () => {
    const session = await McpSession.open(`${app.url}/mcp`);
    const heard: Json[] = [];
    await session.listen(({ data }) => void (data !== '' && heard.push(JSON.parse(data) as Json)));
    assert.ok((await toolsOf(session)).includes('one__echo'));
    await app.gateway.apply(configuration(entry(), { ...entry(), name: 'two' }));
    await until(() => heard.some(({ method }) => method === 'notifications/tools/list_changed'));
    const names = await toolsOf(session);
    assert.ok(names.includes('one__echo') && names.includes('two__echo'), String(names));
    await app.gateway.apply(configuration(entry()));
    await until(async () => !(await toolsOf(session)).includes('two__echo'));
    await session.end();
  });
});
