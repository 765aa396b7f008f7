/** What happens while a session is being opened at the server: a reload, the end, another initialize. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { configuration, serverConfig, urlEndpoint } from '../../helpers/configs.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { errorOf, McpSession } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';
import { ChildrenStory } from './children-story.ts';
import { SseClient } from './sse-client.ts';

const FIRST = {
  protocolVersion: '2025-11-25',
  capabilities: { roots: {} },
  clientInfo: { name: 'someone', version: '1' },
};

describe('a server that does not answer initialize', () => {
  let server: HttpServer;
  let app: RunningApp;
  let asked: number;

  beforeEach(async () => {
    asked = 0;
    server = await HttpServer.start({
      behave: ({ name, message }) => {
        const isCallers = (message?.params?.clientInfo as { name?: string } | undefined)?.name === 'someone';
        if (name === 'initialize' && isCallers) asked += 1;
        return name === 'initialize' && isCallers;
      },
    });
    app = await startApp({ mcpServers: { one: { type: 'streamable-http', url: server.url.href } } });
  });
  afterEach(async () => {
    await app.close();
    await server.stop();
  });

  test('does not keep the gateway from closing, and the caller is told', async () => {
    const opening = new McpSession(`${app.url}/one/mcp`).ask('initialize', FIRST);
    await until(() => asked > 0);
    await app.close();
    const answered = await opening;
    assert.deepEqual([answered.status, errorOf(answered).code], [200, -32000]);
  });

  test('is left where the entry names another one now', async () => {
    const other = await HttpServer.start();
    const session = new McpSession(`${app.url}/one/mcp`);
    const opening = session.ask('initialize', FIRST);
    await until(() => asked > 0);
    await app.gateway.apply(configuration(serverConfig({ name: 'one', endpoint: urlEndpoint('http', other.url) })));
    session.headers['mcp-session-id'] = (await opening).headers.get('mcp-session-id') ?? '';
    await session.notify('notifications/initialized');
    await session.result('tools/list');
    assert.ok(other.requests('tools/list').length > 0);
    assert.equal(asked, 1);
    await session.end();
    await app.close();
    await other.stop();
  });
});

describe('a client with a child of its own', () => {
  test('has one child, however often it sends initialize, and none when it has left', async (t) => {
    const story = await ChildrenStory.start(t);
    const before = story.running();
    const client = await SseClient.open(story.origin, '/child/sse');
    const first = { ...FIRST, protocolVersion: '2024-11-05' };
    for (const id of [1, 2, 3, 4, 5]) await client.post({ jsonrpc: '2.0', id, method: 'initialize', params: first });
    const answers = await Promise.all([1, 2, 3, 4, 5].map((id) => client.answer(id)));
    const codes = answers.map(({ error }) => (error as { code: number } | undefined)?.code ?? 0);
    assert.deepEqual(codes, [0, -32600, -32600, -32600, -32600]);
    assert.equal(story.running(), before + 1);
    client.leave();
    await until(() => story.running() === before);
  });

  test('that leaves before the child is there leaves no child behind', async (t) => {
    const story = await ChildrenStory.start(t);
    const before = story.running();
    const client = await SseClient.open(story.origin, '/child/sse');
    await client.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: FIRST });
    client.leave();
    await client.post({ jsonrpc: '2.0', id: 2, method: 'ping' }).catch(() => undefined);
    await until(() => story.record.pids().length > 0 && story.running() === before);
  });
});
