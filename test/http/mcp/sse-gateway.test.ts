/** HTTP+SSE of 2024-11-05 through the whole gateway: its addresses, its callers, and an SDK's own client of that transport. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { type LivelyServer, startLivelyServer } from '../../helpers/lively-server.ts';
import { until } from '../../helpers/wait.ts';
import { SseClient } from './sse-client.ts';

const basic = (name: string): Record<string, string> => ({ authorization: `Basic ${btoa(`${name}:${name}-pw`)}` });
const ANN = basic('ann');
const CREDENTIALS = ['ann', 'ben'].map((username) => ({ username, password: `${username}-pw` }));
const CALL = { name: 'ask', arguments: { text: 'well?' } };

describe('HTTP+SSE through the gateway', () => {
  let server: LivelyServer;
  let app: RunningApp;
  /** Sessions that the gateway has for REST. */
  let own: number;
  before(async () => {
    server = await startLivelyServer();
    const entry = { type: 'streamable-http', url: server.url.href };
    app = await startApp({
      mcpServers: { one: entry, 'team/two': entry },
      keys: { auth: { basic: { enabled: true, credentials: CREDENTIALS } } },
      argv: ['--root-path', '/door', '--path-prefix', '/mine'],
    });
    own = server.sessions.size;
  });
  after(async () => {
    await app.close();
    await server.close();
  });

  it('is at the address of the server and below it, and says where to post as a client needs it', async () => {
    for (const path of ['/mine/one', '/mine/one/sse', '/door/mine/one/sse', '/mine/team/two', '/mine/team/two/sse']) {
      const client = await SseClient.open(app.url, path, ANN);
      const name = path.includes('two') ? 'team/two' : 'one';
      assert.match(await client.endpoint(), new RegExp(`^/door/mine/${name}\\?sessionId=[0-9a-f-]{36}$`), path);
      const { result } = (await client.begin()) as { result: { serverInfo: { name: string } } };
      assert.equal(result.serverInfo.name, 'lively');
      client.leave();
    }
  });

  it('is for those who ask for an event stream', async () => {
    const summary = await app.get('/mine/one', { ...ANN, accept: 'application/json' });
    assert.match(summary.headers.get('content-type') ?? '', /^application\/json/);
    const page = await app.get('/mine/one', { ...ANN, accept: 'text/html, text/event-stream' });
    assert.equal(page.headers.get('content-type')?.startsWith('text/event-stream') ?? false, false);
    assert.equal((await app.get('/mine/none/sse', ANN)).status, 404);
  });

  it('begins nothing for callers without a credential', async () => {
    await until(() => server.sessions.size === own);
    assert.equal((await app.get('/mine/one/sse')).status, 401);
    assert.equal(server.sessions.size, own);
  });

  it('ends the session at the server when the client leaves', async () => {
    await until(() => server.sessions.size === own);
    const client = await SseClient.open(app.url, '/mine/one/sse', ANN);
    await client.begin();
    assert.equal(server.sessions.size, own + 1);
    client.leave();
    await until(() => server.sessions.size === own);
  });

  it('is its own caller’s, and no session of the other transport', async () => {
    const client = await SseClient.open(app.url, '/mine/one/sse', ANN);
    await client.begin();
    const path = await client.endpoint();
    const id = path.slice(path.indexOf('=') + 1);
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    for (const [url, headers] of [
      [path, basic('ben')],
      [path.replace('/one', '/team/two'), ANN],
      ['/mine/one/mcp', { ...ANN, 'mcp-session-id': id }],
    ] as const) {
      const refused = await app.post(url, list, headers);
      assert.equal(refused.status, 404, url);
      assert.equal(refused.headers.get('x-latchkey-error'), 'session_unknown');
    }
    client.leave();
  });

  it('refuses before it reads a body', async () => {
    const headers = { ...ANN, 'content-type': 'application/json', 'content-length': '1000000' };
    const path = '/mine/one?sessionId=00000000-0000-4000-8000-000000000000';
    const signal = AbortSignal.timeout(5_000);
    const sent = request(app.url + path, { method: 'POST', headers, agent: false, signal });
    sent.flushHeaders();
    const status = await new Promise((resolve, reject) =>
      sent.on('response', (response) => resolve(response.statusCode)).on('error', reject),
    );
    assert.equal(status, 404);
    sent.destroy();
  });

  it('leaves the session out of the log', async () => {
    const client = await SseClient.open(app.url, '/mine/one/sse', ANN);
    await client.begin();
    const path = await client.endpoint();
    await client.ask(5, 'tools/list');
    client.leave();
    await until(() => app.records.some(({ mcp }) => mcp === 'tools/list'));
    assert.ok(!JSON.stringify(app.records).includes(path.slice(path.indexOf('=') + 1)));
  });

  it('serves the SDK’s client, which the server asks something in the middle of a call', async () => {
    const client = new Client({ name: 'old', version: '1' }, { capabilities: { sampling: {} } });
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      role: 'assistant',
      model: 'none',
      content: { type: 'text', text: 'indeed' },
    }));
    const url = new URL('/door/mine/one/sse', app.url);
    const transport = new SSEClientTransport(url, { requestInit: { headers: ANN } });
    await client.connect(transport as unknown as Parameters<Client['connect']>[0]);
    const { tools } = await client.listTools();
    assert.ok(tools.some(({ name }) => name === 'ask'));
    const { content } = await client.callTool(CALL);
    assert.match(JSON.stringify(content), /indeed/);
    await client.close();
  });

  it('lets the gateway close while streams are open', async () => {
    const single = await startApp({ argv: ['--type', 'streamable-http', '--', server.url.href] });
    const client = await SseClient.open(single.url, '/sse');
    assert.match(await client.endpoint(), /^\/default\?sessionId=/);
    await client.begin();
    await single.close();
    await until(() => client.isOver);
  });
});
