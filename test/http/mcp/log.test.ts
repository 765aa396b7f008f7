/** What operators see of MCP: one line a request, and each tool call counted once, wherever it came in. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { askStateless, McpSession } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';
import { SseClient } from './sse-client.ts';

const ECHO = { name: 'echo', arguments: { text: 'what nobody should read in a log' } };

describe('the gateway', () => {
  let server: HttpServer;
  let app: RunningApp;

  before(async () => {
    server = await HttpServer.start();
    app = await startApp({ mcpServers: { bare: { type: 'streamable-http', url: server.url.href } } });
  });
  after(async () => {
    await app.close();
    await server.stop();
  });

  async function counted(name: string, tool: string): Promise<number> {
    const text = await (await app.get('/metrics')).text();
    const found = new RegExp(`^${name}\\{server="bare",tool="${tool}"[^}]*\\} (\\d+)`, 'm').exec(text);
    return Number(found?.[1] ?? 0);
  }

  test('counts each call at an endpoint of one server, of all, of no session, and over HTTP+SSE', async () => {
    const one = await McpSession.open(`${app.url}/bare/mcp`);
    const all = await McpSession.open(`${app.url}/mcp`);
    await one.result('tools/call', ECHO);
    assert.equal(await counted('latchkey_tool_calls_total', 'echo'), 1);
    await all.result('tools/call', { ...ECHO, name: 'bare__echo' });
    assert.equal(await counted('latchkey_tool_calls_total', 'echo'), 2);
    await askStateless(`${app.url}/bare/mcp`, 'tools/call', ECHO);
    assert.equal(await counted('latchkey_tool_calls_total', 'echo'), 3);
    const old = await SseClient.open(app.url, '/bare');
    await old.begin();
    await old.ask('c', 'tools/call', ECHO);
    await until(async () => (await counted('latchkey_tool_calls_total', 'echo')) === 4);
    old.leave();
    await one.end();
    await all.end();
  });

  test('counts what fails, by a code of its own and never in the words of a server', async () => {
    const session = await McpSession.open(`${app.url}/bare/mcp`);
    await session.ask('tools/call', {
      name: 'rpc-error',
      arguments: { code: -5, message: 'm', data: { error: 'words_of_a_server' } },
    });
    await session.ask('tools/call', { name: 'no such tool of mine', arguments: {} });
    const text = await (await app.get('/metrics')).text();
    for (const [, code] of text.matchAll(/^latchkey_tool_errors_total\{[^}]*code="([^"]*)"/gm)) {
      assert.ok(['rpc_error', 'tool_error'].includes(code ?? ''), code);
    }
    assert.ok(!text.includes('no such tool of mine'));
    await session.end();
  });

  test('counts and logs a call that its tool says has failed as a failed one, at every endpoint', async () => {
    const one = await McpSession.open(`${app.url}/bare/mcp`);
    const all = await McpSession.open(`${app.url}/mcp`);
    const fail = { name: 'fail', arguments: { text: 'what nobody should read in a log' } };
    const failed = (): Promise<number> => counted('latchkey_tool_errors_total', 'fail');
    const calls = [
      () => one.result('tools/call', fail),
      () => all.result('tools/call', { ...fail, name: 'bare__fail' }),
      () => askStateless(`${app.url}/bare/mcp`, 'tools/call', fail),
      () => askStateless(`${app.url}/mcp`, 'tools/call', { ...fail, name: 'bare__fail' }),
    ];
    for (const [index, call] of calls.entries()) {
      const from = app.records.length;
      await call();
      assert.equal(await failed(), index + 1);
      const line = await until(() => app.records.slice(from).find(({ msg }) => msg === 'mcp'));
      assert.deepEqual([line.status, line.tool, line.code], [200, 'fail', 'tool_error']);
    }
    const old = await SseClient.open(app.url, '/bare');
    await old.begin();
    await old.ask('c', 'tools/call', fail);
    await until(async () => (await failed()) === calls.length + 1);
    assert.equal(await counted('latchkey_tool_calls_total', 'fail'), calls.length + 1);
    const text = await (await app.get('/metrics')).text();
    assert.match(text, /^latchkey_tool_errors_total\{server="bare",tool="fail",code="tool_error"\} 5$/m);
    old.leave();
    await one.end();
    await all.end();
  });

  test('writes one line for each request, with the method and the tool, and nothing that was said', async () => {
    const session = await McpSession.open(`${app.url}/bare/mcp`);
    const from = app.records.length;
    await session.result('tools/call', ECHO);
    await session.ask('vendor/secret-method', {});
    await until(() => app.records.slice(from).filter(({ msg }) => msg === 'mcp').length === 2);
    const [call, vendor] = app.records.slice(from).filter(({ msg }) => msg === 'mcp');
    assert.deepEqual(
      [call?.route, call?.server, call?.mcp, call?.tool, call?.status],
      ['/:server/mcp', 'bare', 'tools/call', 'echo', 200],
    );
    assert.equal(vendor?.mcp, undefined);
    const log = JSON.stringify(app.records.slice(from));
    assert.ok(!log.includes('nobody should read') && !log.includes(session.id) && !log.includes('secret-method'));
    await session.end();
  });

  test('names server and tool for a call among all servers, too', async () => {
    const session = await McpSession.open(`${app.url}/mcp`);
    const from = app.records.length;
    await session.result('tools/call', { ...ECHO, name: 'bare__echo' });
    const line = await until(() => app.records.slice(from).find(({ msg }) => msg === 'mcp'));
    assert.deepEqual([line.route, line.server, line.tool], ['/mcp', 'bare', 'echo']);
    await session.end();
  });

  test('takes the end of a stream for no mishap', async () => {
    const session = await McpSession.open(`${app.url}/bare/mcp`);
    const from = app.records.length;
    await session.listen(() => undefined);
    session.leave();
    const line = await until(() =>
      app.records.slice(from).find(({ msg, method }) => msg === 'mcp' && method === 'GET'),
    );
    assert.deepEqual([line.status, line.code], [200, undefined]);
    await session.end();
  });
});
