/** How the event streams of a servers file end, and their processes with them. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MOST_UNREAD_BYTES } from '../../../src/mcp/session/message-stream.ts';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { commandEndpoint, configuration, isRunning, serverConfig } from '../../helpers/configs.ts';
import { until } from '../../helpers/wait.ts';
import { SseClient } from '../mcp/sse-client.ts';
import { call, type Entry, Pids, script, strict } from './sse-servers.ts';

/** Never stops talking, whatever happens to its pipes; it says which process it is. */
const CHATTER = script(`process.stdout.on('error', () => undefined);
process.on('SIGTERM', () => setTimeout(() => process.exit(0), 200));
const params = { pid: process.pid, text: 'x'.repeat(65536) };
const line = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/vendor', params });
setInterval(() => process.stdout.write(line + '\\n'), 1);`);

describe('an event stream of a servers file', () => {
  let app: RunningApp;
  let pids: Pids;
  let entry: Entry;

  beforeEach(async () => {
    pids = new Pids();
    entry = strict(pids.flag);
    const servers = { one: entry, chatter: CHATTER, dead: script('process.exit(3)') };
    app = await startApp({ servers, keys: { port: 8000 } });
  });
  afterEach(async () => {
    await app.close();
    pids.remove();
  });

  async function begun(): Promise<SseClient> {
    const client = await SseClient.open(app.url, '/one');
    await client.begin();
    return client;
  }

  const configured = (disabledTools: readonly string[]) =>
    configuration(
      serverConfig({ name: 'one', endpoint: commandEndpoint(entry.command, entry.args), disabledTools, hash: 'new' }),
    );

  async function isRefused(path: string): Promise<void> {
    assert.equal((await app.post(path, { jsonrpc: '2.0', id: 1, method: 'ping' })).status, 400);
  }

  it('has a process from the start until its client leaves', async () => {
    const client = await SseClient.open(app.url, '/one');
    await until(() => pids.running().length === 1);
    client.leave();
    await until(() => pids.running().length === 0);
  });

  it('leaves no process behind where its client is gone before there was one', async () => {
    const { hostname, port } = new URL(app.url);
    for (let time = 0; time < 10; time += 1) {
      const socket = connect(Number(port), hostname);
      socket.write(`GET /one HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`, () => socket.destroy());
    }
    const client = await begun();
    const pid = await call(client, 1, 'pid');
    await until(() => pids.running().every((one) => String(one) === pid));
    client.leave();
    await until(() => pids.running().length === 0);
  });

  it('may have a process that goes on writing when its client has left', async () => {
    const client = await SseClient.open(app.url, '/chatter');
    await until(() => client.messages.length > 5);
    const [first] = client.messages as { params: { pid: number } }[];
    const pid = first?.params.pid ?? assert.fail('a message says which process it is');
    assert.ok(isRunning(pid));
    client.leave();
    await until(() => !isRunning(pid));
    const other = await begun();
    assert.equal(await call(other, 1, 'count'), '1');
    other.leave();
  });

  it('ends with the process, which leaves nobody waiting', async () => {
    const client = await begun();
    const path = await client.endpoint();
    await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hold', arguments: { key: 1 } } });
    const { error } = (await client.ask(2, 'tools/call', { name: 'die' })) as { error: { code: number } };
    assert.equal(error.code, -32000);
    assert.ok((await client.answer(1)).error);
    await until(() => client.isOver);
    assert.ok(client.response.complete, 'all was said');
    await isRefused(path);
  });

  it('ends with the process, where nobody asks anything', async () => {
    const client = await begun();
    const path = await client.endpoint();
    process.kill(Number(await call(client, 1, 'pid')), 'SIGKILL');
    await until(() => client.isOver);
    await isRefused(path);
  });

  it('ends at once with a process that ends at once', async () => {
    const client = await SseClient.open(app.url, '/dead');
    assert.match(await client.endpoint(), /^\/dead\?sessionId=/);
    await until(() => client.isOver);
    assert.ok(client.response.complete);
  });

  it('is cut where its client does not read', async () => {
    const client = await SseClient.open(app.url, '/chatter', {}, false);
    const closed = (): boolean => app.records.some(({ msg }) => msg === 'an event stream was closed');
    await until(closed, 20_000, `more than ${MOST_UNREAD_BYTES} bytes`);
    client.leave();
  });

  it('ends when its entry is another, so that its client finds that', async () => {
    const client = await begun();
    await app.gateway.apply(configured(['count']));
    await until(() => client.isOver);
    const next = await begun();
    const { error } = (await next.ask(1, 'tools/call', { name: 'count' })) as { error: { message: string } };
    assert.match(error.message, /Unknown tool: count/);
    next.leave();
  });

  it('lets a call end when its entry is another', async () => {
    const client = await begun();
    const params = { name: 'slow', arguments: { ms: 300 } };
    await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    await app.gateway.apply(configured(['count']));
    assert.match(JSON.stringify(await client.answer(1)), /at last/);
    await until(() => client.isOver);
  });

  it('ends when its entry is gone', async () => {
    const client = await begun();
    await app.gateway.apply(configuration());
    await until(() => client.isOver);
    await until(() => pids.running().length === 0);
  });

  it('ends when the gateway does, and what waits is answered', async () => {
    const client = await begun();
    await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hold' } });
    const closing = app.close();
    const { error } = (await client.answer(1)) as { error: { code: number } };
    assert.equal(error.code, -32000);
    await closing;
    assert.deepEqual(pids.running(), []);
    await until(() => client.isOver);
  });
});
