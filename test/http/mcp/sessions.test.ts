/** Sessions over streamable HTTP: their life, their streams, and what is refused. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { HttpServer, startStream, writeEvent } from '../../helpers/http-server.ts';
import { type LivelyServer, startLivelyServer } from '../../helpers/lively-server.ts';
import { ACCEPT, errorOf, type Json, McpSession, type StreamEvent } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';

const SAMPLING = { capabilities: { sampling: {} } };

describe('a session', () => {
  let server: LivelyServer;
  let bare: HttpServer;
  let app: RunningApp;
  let url: string;

  before(async () => {
    server = await startLivelyServer();
    bare = await HttpServer.start();
    const lively = { type: 'streamable-http', url: server.url.href };
    app = await startApp({ mcpServers: { lively, bare: { type: 'streamable-http', url: bare.url.href } } });
    url = `${app.url}/lively/mcp`;
  });
  after(async () => {
    await app.close();
    await server.close();
    await bare.stop();
  });

  test('has an id that nobody guesses, and ends with DELETE, at the server too', async () => {
    const session = await McpSession.open(url);
    assert.match(session.id, /^[\w-]{43}$/);
    const open = server.sessions.size;
    assert.equal(await session.end(), 204);
    assert.equal((await session.ask('tools/list')).status, 404);
    await until(() => server.sessions.size === open - 1);
  });

  test('that ends answers what is under way, and ends its streams', async () => {
    const session = await McpSession.open(url);
    const stream = await fetch(url, { headers: { ...session.headers, accept: 'text/event-stream' } });
    const listening = stream.text();
    const waiting = session.ask('tools/call', { name: 'wait' });
    const asking = session.ask('tools/call', { name: 'report', arguments: { text: 'x' } });
    await asking;
    assert.equal(await session.end(), 204);
    const answered = await waiting;
    assert.deepEqual([answered.status, errorOf(answered).code], [200, -32000]);
    await listening;
  });

  test('that ends while the server is slow to begin anew leaves nobody waiting', async () => {
    const session = await McpSession.open(`${app.url}/bare/mcp`);
    bare.forget();
    let isAsked = false;
    bare.behave = ({ name }) => {
      isAsked ||= name === 'initialize';
      return name === 'initialize';
    };
    const waiting = session.ask('tools/list');
    await until(() => isAsked);
    assert.equal(await session.end(), 204);
    const answered = await waiting;
    bare.behave = () => false;
    assert.deepEqual([answered.status, errorOf(answered).code], [200, -32000]);
  });

  test('that was refused in the middle of a stream is none', async () => {
    const failing = { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'not today' } };
    bare.behave = ({ name, message, response }) => {
      if (name !== 'initialize') return false;
      startStream(response);
      writeEvent(response, { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } });
      writeEvent(response, { ...failing, id: message?.id });
      response.end();
      return true;
    };
    const session = new McpSession(`${app.url}/bare/mcp`);
    const answered = await session.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {} });
    bare.behave = () => false;
    assert.deepEqual([answered.messages.length, errorOf(answered).code], [2, -32000]);
    session.headers['mcp-session-id'] = answered.headers.get('mcp-session-id') ?? '';
    assert.equal((await session.ask('tools/list')).status, 404);
  });

  test('agrees on the revision that the caller asks for', async () => {
    for (const version of ['2025-03-26', '2025-06-18', '2025-11-25']) {
      const session = await McpSession.open(url, { version });
      assert.equal((session.welcome.result as Json).protocolVersion, version);
      await session.end();
    }
  });

  test('gets an answer that comes alone as JSON, and as events what is said before it', async () => {
    const session = await McpSession.open(url);
    const alone = await session.ask('tools/call', { name: 'echo', arguments: { text: 'a' } });
    assert.match(alone.headers.get('content-type') ?? '', /^application\/json/);
    const said = await session.ask('tools/call', {
      name: 'report',
      arguments: { text: 'b' },
      _meta: { progressToken: 'p' },
    });
    assert.match(said.headers.get('content-type') ?? '', /^text\/event-stream/);
    assert.deepEqual(
      said.messages.map(({ method, result }) => method ?? Object.keys(result as Json)),
      ['notifications/message', 'notifications/progress', ['content']],
    );
    await session.end();
  });

  test('is asked by the server in the middle of a call, and its answer goes back', async () => {
    const session = await McpSession.open(url, SAMPLING);
    const result = await session.result('tools/call', { name: 'ask', arguments: { text: 'who?' } }, (message) => {
      if (message.method !== 'sampling/createMessage') return;
      const content = { type: 'text', text: 'me' };
      void session.post({ jsonrpc: '2.0', id: message.id, result: { role: 'assistant', content, model: 'm' } });
    });
    assert.deepEqual(result.content, [{ type: 'text', text: '{"type":"text","text":"me"}' }]);
    await session.end();
  });

  test('hears what belongs to no request on its own stream, of which there is one', async () => {
    const session = await McpSession.open(url);
    const first: StreamEvent[] = [];
    const second: StreamEvent[] = [];
    await session.listen((event) => first.push(event));
    const former = await session.listen((event) => second.push(event));
    assert.equal(former.status, 200);
    await until(() => server.sessions.size > 0);
    await server.tellAll('notifications/tools/list_changed', () => ({}));
    await until(() => second.length > 0);
    assert.match(second[0]?.data ?? '', /tools\/list_changed/);
    assert.equal(first.length, 0);
    await session.end();
  });

  test('hears again what it missed, from the event that it names', async () => {
    const session = await McpSession.open(url, SAMPLING);
    const heard: StreamEvent[] = [];
    const params = { name: 'ask', arguments: { text: 'x' } };
    const stop = new AbortController();
    const body = JSON.stringify({ jsonrpc: '2.0', id: 77, method: 'tools/call', params });
    const headers = { ...session.headers, 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body, signal: stop.signal });
    const reader = response.body?.getReader();
    let text = '';
    while (!text.includes('createMessage')) text += new TextDecoder().decode((await reader?.read())?.value);
    stop.abort();
    const [, id = ''] = /^id: (\S+)\ndata: \{/m.exec(text) ?? [];
    const asked = JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? '{}') as Json;
    const content = { type: 'text', text: 'back' };
    await session.post({ jsonrpc: '2.0', id: asked.id, result: { role: 'assistant', content, model: 'm' } });
    const resumed = await session.listen((event) => heard.push(event), id);
    assert.equal(resumed.status, 200);
    await until(() => heard.length > 0);
    assert.deepEqual(JSON.parse(heard[0]?.data ?? '{}').id, 77);
    await session.end();
  });

  test('goes on when the server has lost its own: what was not looked at is sent again', async () => {
    const session = await McpSession.open(url);
    await session.result('tools/list');
    server.forget();
    const result = await session.result('tools/call', { name: 'echo', arguments: { text: 'again' } });
    assert.deepEqual(result.content, [{ type: 'text', text: 'again' }]);
    await session.end();
  });

  test('gives a request up that the caller cancels, and the server hears of it', async () => {
    const session = await McpSession.open(url);
    const waiting = session.post({ jsonrpc: '2.0', id: 'w', method: 'tools/call', params: { name: 'wait' } });
    await until(() => app.records.length > 0);
    let cancelled: Promise<unknown> | undefined;
    await until(() => {
      cancelled ??= session.notify('notifications/cancelled', { requestId: 'w', reason: 'changed my mind' });
      return cancelled !== undefined;
    });
    await cancelled;
    const { messages } = await waiting;
    assert.deepEqual(messages, []);
    await session.end();
  });

  const refused: readonly [string, () => Promise<Response>, number, string][] = [
    ['an unknown session', () => post(url, CALL, { 'mcp-session-id': 'a'.repeat(43) }), 404, 'session_unknown'],
    ['no session', () => post(url, CALL), 400, 'bad_mcp_request'],
    ['an empty body', () => post(url, ''), 400, 'invalid_json'],
    ['no JSON', () => post(url, '{'), 400, 'invalid_json'],
    ['no JSON-RPC', () => post(url, '{"id":1}'), 400, 'bad_mcp_request'],
    ['an empty batch', () => post(url, '[]'), 400, 'bad_mcp_request'],
    [
      'a revision that nobody knows',
      () => post(url, CALL, { 'mcp-protocol-version': '1999-01-01' }),
      400,
      'bad_mcp_request',
    ],
    [
      'a stream without a session',
      () => fetch(url, { headers: { accept: 'text/event-stream' } }),
      405,
      'method_not_allowed',
    ],
    ['PUT', () => fetch(url, { method: 'PUT' }), 405, 'method_not_allowed'],
    ['DELETE without a session', () => fetch(url, { method: 'DELETE' }), 405, 'method_not_allowed'],
    ['DELETE elsewhere', () => fetch(`${app.url}/lively/x`, { method: 'DELETE' }), 404, 'not_found'],
  ];
  for (const [what, send, status, code] of refused) {
    test(`${what} is refused with ${status} ${code}`, async () => {
      const response = await send();
      assert.equal(response.status, status);
      assert.equal(response.headers.get('x-latchkey-error'), code);
      await response.arrayBuffer();
    });
  }

  test('takes a batch only where its revision has them', async () => {
    const batch = [
      { jsonrpc: '2.0', id: 'a', method: 'ping' },
      { jsonrpc: '2.0', id: 'b', method: 'tools/list' },
    ];
    const old = await McpSession.open(url, { version: '2025-03-26' });
    const answered = await old.post(batch);
    assert.deepEqual(answered.messages.map(({ id }) => id).sort(), ['a', 'b']);
    const newer = await McpSession.open(url, { version: '2025-06-18' });
    assert.equal((await newer.post(batch)).status, 400);
    await old.end();
    await newer.end();
  });

  test('refuses an id that is in use, a second initialize, and an event that it never had', async () => {
    const session = await McpSession.open(url);
    const answers: Json[] = [];
    const wait = { jsonrpc: '2.0', id: 'w', method: 'tools/call', params: { name: 'wait' } };
    // Whichever comes first waits.
    const both = [1, 2].map(async () => answers.push(...(await session.post(wait)).messages));
    await until(() => answers.length > 0);
    await session.notify('notifications/cancelled', { requestId: 'w' });
    await Promise.all(both);
    assert.deepEqual(
      answers.map(({ error }) => (error as Json | undefined)?.code),
      [-32600],
    );
    assert.equal((await session.ask('initialize', {})).status, 400);
    for (const id of ['9-9', 'x', '0-1-1', '']) {
      const { status } = await session.listen(() => undefined, id);
      assert.equal(status, id === '' ? 200 : 400, id);
    }
    await session.end();
  });

  test('carries messages of ten megabytes both ways, and refuses what is larger than 32', async () => {
    const session = await McpSession.open(`${app.url}/bare/mcp`);
    const text = 'x'.repeat(10 * 1024 * 1024);
    const result = await session.result('tools/call', { name: 'echo', arguments: { text } });
    assert.equal((result.content as Json[])[0]?.text, text);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { text: text.repeat(4) } });
    assert.equal((await session.post(body)).status, 413);
    await session.end();
  });
});

const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { ...ACCEPT, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
