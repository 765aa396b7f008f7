/** What one caller keeps under way or leaves unread is bounded, and another caller does not notice. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { type Answered, askStateless, errorOf, type Json, McpSession } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';
import { basic } from '../raw.ts';

const PEOPLE = ['ann', 'ben'] as const;
const AUTH = {
  basic: { enabled: true, credentials: PEOPLE.map((username) => ({ username, password: `secret-of-${username}` })) },
};
const LARGE = 31 * 1024 * 1024;
/** Large answers take their time. */
const PATIENCE_MS = 30_000;
/** So many large ones fit into what one person may take up. */
const FIT = 4;

describe('one caller', () => {
  let server: HttpServer;
  let app: RunningApp;
  let url: string;
  /** Calls of `never`, which nobody answers. */
  const held: ServerResponse[] = [];

  before(async () => {
    server = await HttpServer.start({
      // It knows batches.
      revision: '2025-03-26',
      behave: ({ response, message, name, reply }) => {
        if (name === 'never') held.push(response);
        else if (name === 'large') reply(200, { jsonrpc: '2.0', id: message?.id, result: { text: 'x'.repeat(LARGE) } });
        else return false;
        return true;
      },
    });
    app = await startApp({
      mcpServers: { bare: { type: 'streamable-http', url: server.url.href } },
      keys: { auth: AUTH },
    });
    url = `${app.url}/bare/mcp`;
  });
  afterEach(() => {
    for (const response of held.splice(0)) response.destroy();
  });
  after(async () => {
    await app.close();
    await server.stop();
  });

  const as = (who: string): Record<string, string> => ({ authorization: basic(who, `secret-of-${who}`) });
  const openFor = (who: string): Promise<McpSession> => McpSession.open(url, { headers: as(who) });
  const call = (id: number, name: string, pad = ''): Json => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: { pad } },
  });

  function isNoRoom(answered: Answered): void {
    const { code, data } = errorOf(answered);
    assert.deepEqual([answered.status, code, data], [200, -32000, { error: 'server_unavailable', retry_after: 5 }]);
  }

  test('keeps only so much under way, in all sessions together and after its clients have left', async () => {
    const pad = 'p'.repeat(LARGE);
    const sessions = [await openFor('ann'), await openFor('ann')] as const;
    const leaving = new AbortController();
    for (let n = 0; n < FIT; n += 1) {
      const { headers } = sessions[n % 2] as McpSession;
      const body = JSON.stringify(call(100 + n, 'never', pad));
      fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal: leaving.signal,
      }).catch(() => undefined);
      await until(() => held.length === n + 1);
    }
    leaving.abort();
    isNoRoom(await sessions[0].post(call(1, 'echo', pad)));
    isNoRoom(await sessions[1].post(call(2, 'echo', pad)));
    assert.equal(held.length, FIT);
    const ben = await openFor('ben');
    assert.ok((await ben.post(call(1, 'echo', pad))).messages[0]?.result !== undefined);
    await sessions[0].notify('notifications/cancelled', { requestId: 100 });
    assert.ok((await sessions[1].post(call(3, 'echo', pad))).messages[0]?.result !== undefined);
    for (const session of [...sessions, ben]) await session.end();
  });

  test('leaves only so much unread, in answers, batches and streams', async () => {
    const session = await openFor('ann');
    const deaf: Socket[] = [];
    const ask = async (body: unknown, headers: Record<string, string>): Promise<void> => {
      deaf.push(await deafPost(url, JSON.stringify(body), headers));
    };
    await ask(call(1, 'large'), { ...session.headers, accept: 'application/json' });
    await ask([call(2, 'large'), call(3, 'large')], { ...session.headers, accept: 'application/json' });
    await ask([call(4, 'large'), call(5, 'never')], session.headers);
    await until(() => held.length === 1);
    await until(async () => errorIn(await session.post(call(9, 'large'))), PATIENCE_MS);
    isNoRoom(await session.post(call(6, 'large')));
    const ben = await openFor('ben');
    assert.equal(errorIn(await ben.post(call(1, 'large'))), false);
    for (const socket of deaf) socket.destroy();
    await until(async () => !errorIn(await session.post(call(7, 'large'))), PATIENCE_MS);
    await session.end();
    await ben.end();
  });

  test('has only so many stateless requests under way', async () => {
    const leaving = new AbortController();
    const start = server.requests('never').length;
    for (let n = 0; n < 100; n += 1) void stateless('ann', 'never', leaving.signal).catch(() => undefined);
    await until(() => server.requests('never').length === start + 100);
    const refused = await stateless('ann', 'echo');
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5']);
    assert.equal(((await refused.json()) as { error: Json }).error.code, -32000);
    const answered = await askStateless(url, 'tools/call', { name: 'echo', arguments: {} }, { headers: as('ben') });
    assert.equal(answered.status, 200);
    leaving.abort();
    await until(async () => (await stateless('ann', 'echo')).status === 200);
  });

  function stateless(who: string, name: string, signal?: AbortSignal): Promise<Response> {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
    return fetch(url, {
      method: 'POST',
      headers: { ...as(who), ...headers, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, _meta } }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
});

function errorIn({ messages }: Answered): boolean {
  return messages.some(({ error }) => error !== undefined);
}

/** A POST whose answer nobody reads. */
async function deafPost(url: string, body: string, headers: Record<string, string>): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.pause();
  const all = { ...headers, host: hostname, 'content-type': 'application/json', 'content-length': String(body.length) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  await new Promise<void>((resolve) =>
    socket.write(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`, () => resolve()),
  );
  return socket;
}
