/** Servers that want to end the gateway, or to stop it: their own callers are told, and everybody else goes on. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { errorOf, McpSession, resultOf } from '../../helpers/mcp-session.ts';

/** A server in a child; its first argument says what it does, its second whether it is of 2026-07-28. */
const HOSTILE = `
import { createInterface } from 'node:readline';
const [mode, era] = process.argv.slice(2);
const write = (text) => process.stdout.write(text + '\\n');
const deep = (levels) => '['.repeat(levels) + ']'.repeat(levels);
const TYPE = mode === 'odd-type' ? { toString: 1, valueOf: 1 } : 'string';
const TOOL = { name: 'go', inputSchema: { type: 'object', properties: { a: { 'x-mcp-header': 'A', type: TYPE } } } };
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answer = (text) => write('{"jsonrpc":"2.0","id":' + JSON.stringify(id) + ',' + text + '}');
  const ok = (result) => answer('"result":' + JSON.stringify(era === 'modern' ? { resultType: 'complete', ...result } : result));
  const unknown = () => answer('"error":{"code":-32601,"message":"unknown"}');
  if (method === 'initialize' && era !== 'modern') {
    const info = mode === 'deep-info' ? deep(50000) : '{"name":"hostile","version":"1"}';
    answer('"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":' + info + '}');
  } else if (method === 'server/discover' && era === 'modern') {
    ok({ supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ttlMs: 0, cacheScope: 'public' });
  } else if (method === 'tools/list') ok({ tools: [TOOL] });
  else if (method !== 'tools/call') unknown();
  else if (params.arguments?.as === 'deep') answer('"result":{"content":[],"x":' + deep(5000) + '}');
  else if (params.arguments?.as === 'wide') answer('"result":{"content":[],"x":[' + '{},'.repeat(2000000) + '1]}');
  else ok({ content: [{ type: 'text', text: 'fine' }] });
});
`;

describe('a hostile server', () => {
  let folder: string;
  let app: RunningApp;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostile-'));
    const file = join(folder, 'server.mjs');
    await writeFile(file, HOSTILE);
    const child = (...args: string[]) => ({ command: process.execPath, args: [file, ...args] });
    app = await startApp({
      mcpServers: { plain: child('plain'), odd: child('odd-type', 'modern'), deep: child('deep-info') },
    });
  });
  after(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  async function works(): Promise<void> {
    const session = await McpSession.open(`${app.url}/plain/mcp`);
    assert.deepEqual((await session.result('tools/call', { name: 'go' })).content, [{ type: 'text', text: 'fine' }]);
    await session.end();
  }

  test('whose tool has a type that is no text is called all the same', async () => {
    const session = await McpSession.open(`${app.url}/odd/mcp`);
    const { content } = await session.result('tools/call', { name: 'go', arguments: { a: 'x' } });
    assert.deepEqual(content, [{ type: 'text', text: 'fine' }]);
    await session.end();
    await works();
  });

  for (const as of ['deep', 'wide']) {
    test(`that answers something too ${as} fails the call with the limit, and goes on`, async () => {
      const session = await McpSession.open(`${app.url}/plain/mcp`);
      const error = errorOf(await session.ask('tools/call', { name: 'go', arguments: { as } }));
      assert.equal((error.data as { error?: unknown } | undefined)?.error, 'bad_upstream_answer');
      assert.match(String(error.message), /512 levels/);
      assert.ok(resultOf(await session.ask('tools/call', { name: 'go' })).content !== undefined);
      await session.end();
    });
  }

  test('has its like among callers, who are told the limit before anything is read', async () => {
    const session = await McpSession.open(`${app.url}/plain/mcp`);
    const body = `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":${'['.repeat(2_000)}${']'.repeat(2_000)}}`;
    const headers = { ...session.headers, 'content-type': 'application/json' };
    const answer = await fetch(session.url, { method: 'POST', headers, body });
    assert.equal(answer.status, 413);
    assert.equal(answer.headers.get('x-latchkey-error'), 'body_too_large');
    assert.match(await answer.text(), /512 levels/);
    await session.end();
  });

  test('that nests what it says of itself thousands deep has no session, and nobody else loses theirs', async () => {
    const session = new McpSession(`${app.url}/deep/mcp`);
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const error = errorOf(await session.ask('initialize', params));
    assert.notEqual(error.code, undefined);
    await works();
  });
});
