/** The reference servers of the MCP project, over every transport that they have. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandEndpoint, serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { freePort } from '../helpers/free-port.ts';
import { until } from '../helpers/wait.ts';
import { type OpenLink, openLink } from './helper.ts';

function script(name: string): string {
  return fileURLToPath(new URL(`../../node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url));
}

function openReal(
  t: TestContext,
  name: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<OpenLink> {
  const endpoint = commandEndpoint(process.execPath, [script(name), ...args], { env });
  return openLink(t, serverConfig({ endpoint })).ready();
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'real-servers-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `server-everything` in one of its own HTTP modes; resolves once it listens. */
async function startEverything(t: TestContext, mode: 'streamableHttp' | 'sse', port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script('server-everything'), mode], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => end(child));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await until(() => /(listening|running) on port/.test(said), 10_000, mode);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** What `server-everything` must do whatever the transport. */
async function checkEverything(link: OpenLink): Promise<void> {
  assert.ok(link.toolNames.length >= 10, link.toolNames.join());
  assert.equal(await link.call('echo', { message: 'hi' }), '"Echo: hi"');
  assert.match(await link.call('get-sum', { a: 2, b: 3 }), /is 5/);
  assert.match(await link.call('get-tiny-image'), /data:image\/png;base64,/);
  const progress = { duration: 1, steps: 5 };
  assert.match(await link.call('trigger-long-running-operation', progress, { timeoutMs: 800 }), /completed/);
}

describe('reference servers', { concurrency: 2 }, () => {
  test('everything over stdio', async (t) => {
    const link = await openReal(t, 'server-everything');
    await checkEverything(link);
    const weather = JSON.parse(await link.call('get-structured-content', { location: 'Chicago' })) as object;
    assert.ok('temperature' in weather, JSON.stringify(weather));
  });

  test('filesystem over stdio', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'a.txt'), 'grüße');
    const link = await openReal(t, 'server-filesystem', [folder]);
    assert.ok(link.toolNames.includes('read_text_file'));
    assert.equal(await link.call('read_text_file', { path: join(folder, 'a.txt') }), '"grüße"');
    await assert.rejects(link.call('read_text_file', { path: '/etc/passwd' }), { code: 'tool_error', status: 500 });
  });

  test('memory over stdio', async (t) => {
    const file = join(temporaryFolder(t), 'memory.jsonl');
    const link = await openReal(t, 'server-memory', [], { MEMORY_FILE_PATH: file });
    await link.call('create_entities', { entities: [{ name: 'latch', entityType: 'part', observations: ['small'] }] });
    assert.match(await link.call('read_graph'), /"latch"/);
  });

  test('everything over streamable HTTP, also after it was restarted', async (t) => {
    const port = await freePort();
    const child = await startEverything(t, 'streamableHttp', port);
    const endpoint = urlEndpoint('http', `http://127.0.0.1:${port}/mcp`);
    const link = await openLink(t, serverConfig({ endpoint })).ready();
    await checkEverything(link);
    await end(child);
    await assert.rejects(link.call('echo', { message: 'hi' }), { code: 'server_unavailable', status: 503 });
    await startEverything(t, 'streamableHttp', port);
    assert.equal(await link.call('echo', { message: 'hi' }), '"Echo: hi"');
  });

  test('everything over SSE, also after it was restarted', async (t) => {
    const port = await freePort();
    const child = await startEverything(t, 'sse', port);
    const link = await openLink(
      t,
      serverConfig({ endpoint: urlEndpoint('sse', `http://127.0.0.1:${port}/sse`) }),
    ).ready();
    await checkEverything(link);
    await end(child);
    await until(() => link.link.state.state !== 'ready');
    await startEverything(t, 'sse', port);
    assert.equal(await link.call('echo', { message: 'hi' }), '"Echo: hi"');
  });
});
