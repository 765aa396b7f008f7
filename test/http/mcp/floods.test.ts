/** Servers that say too much, and clients that do not listen: what is kept for either is bounded. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { HttpServer, startStream } from '../../helpers/http-server.ts';
import { McpSession, type StreamEvent } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';

describe('a flood', () => {
  let server: HttpServer;
  let app: RunningApp;
  /** The streams that the gateway has opened: for the session, and for its own look at the tools. */
  const streams: ServerResponse[] = [];

  before(async () => {
    server = await HttpServer.start({
      behave: ({ request, response }) => {
        if (request.method !== 'GET') return false;
        startStream(response);
        streams.push(response);
        response.on('close', () => streams.splice(streams.indexOf(response), 1));
        return true;
      },
    });
    app = await startApp({ mcpServers: { bare: { type: 'streamable-http', url: server.url.href } } });
  });
  after(async () => {
    for (const stream of streams) stream.end();
    await app.close();
    await server.stop();
  });

  async function open(path: string): Promise<McpSession> {
    const session = await McpSession.open(app.url + path);
    await session.result('tools/list');
    await until(() => streams.length === 2);
    return session;
  }

  async function flood(count: number, text: (n: number) => string): Promise<void> {
    for (const stream of streams) {
      for (let n = 0; n < count && stream.writable; n += 1) {
        if (!stream.write(`data: ${text(n)}\n\n`)) await once(stream, 'drain');
      }
    }
  }

  const unknown = (n: number): string =>
    JSON.stringify({ jsonrpc: '2.0', method: 'notifications/vendor', params: { n, more: 'x'.repeat(500) } });

  for (const path of ['/bare/mcp', '/mcp']) {
    test(`of unknown notifications at ${path} leaves the last thousand, and what is gone is not passed over`, async () => {
      const session = await open(path);
      await flood(20_000, unknown);
      const heard: StreamEvent[] = [];
      await session.listen((event) => heard.push(event));
      await until(() => heard.some(({ data }) => data.includes('"n":19999')));
      // The last ones may have come while we listened already.
      const first = JSON.parse(heard.find(({ data }) => data !== '')?.data ?? '{}') as { params: { n: number } };
      assert.ok(first.params.n > 0, 'the first ones are gone');
      const last = Number(heard.at(-1)?.id?.split('-')[1]);
      const again: StreamEvent[] = [];
      assert.equal((await session.listen((event) => again.push(event), `0-${last - 1_000}`)).status, 200);
      await until(() => again.at(-1)?.id === `0-${last}`);
      assert.equal(again.filter(({ data }) => data !== '').length, 1_000);
      for (const gone of [0, 1, last - 1_001, last + 1]) {
        assert.equal((await session.listen(() => undefined, `0-${gone}`)).status, 400, String(gone));
      }
      await session.end();
    });
  }

  test('towards a client that never reads ends its connection, and the session goes on', async () => {
    const session = await open('/bare/mcp');
    const socket = await deafStream(session);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    const large = JSON.stringify({
      jsonrpc: '2.0',
      method: 'notifications/vendor',
      params: { more: 'x'.repeat(1024 * 1024) },
    });
    for (let n = 0; n < 200 && !isClosed; n += 1) await flood(1, () => large);
    // A socket that is paused does not see its end until it reads.
    socket.resume();
    await closed;
    assert.equal((await session.ask('tools/list')).status, 200);
    await session.end();
  });
});

/** A stream whose bytes nobody takes. */
async function deafStream(session: McpSession): Promise<Socket> {
  const { hostname, port, pathname } = new URL(session.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${session.id}\r\n\r\n`,
  );
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.pause();
  return socket;
}
