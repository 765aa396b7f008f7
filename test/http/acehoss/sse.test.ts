/** HTTP+SSE under a servers file: what passes between a client and the process that its stream is. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { childEndpoint } from '../../helpers/configs.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { until } from '../../helpers/wait.ts';
import { SseClient } from '../mcp/sse-client.ts';
import { call, MIRROR, script, strict } from './sse-servers.ts';

/**
 * Breaks a character between two writes, and says other things than JSON before and between. The first write holds a message
 * as well: who has seen that has read the half of the character; the other half follows when something more is said.
 */
const NOISY = `process.stdout.write('Noisy server 1.0\\n\\nlistening on stdio\\n');
const line = Buffer.from('{"jsonrpc":"2.0","method":"n","params":"Zürich 😀"}\\nnot json\\n{"half":\\n42\\n{"id":1}\\n');
const middle = line.indexOf('😀') + 2;
const first = Buffer.concat([Buffer.from('{"jsonrpc":"2.0","method":"half"}\\n'), line.subarray(0, middle)]);
process.stdin.once('data', () => {
  process.stdout.write(first);
  process.stdin.once('data', () => process.stdout.write(line.subarray(middle)));
});`;

const { command, args } = childEndpoint({ revision: '2026-07-28' });
/** Knows no handshake. */
const MODERN = { command, args, protocol_version: '2026-07-28' };

describe('an event stream of a servers file', () => {
  let remote: HttpServer;
  let app: RunningApp;
  before(async () => {
    remote = await HttpServer.start();
    app = await startApp({
      servers: {
        mirror: MIRROR,
        strict: strict(),
        few: { ...strict(), disabledTools: ['count'] },
        hasty: { ...MIRROR, timeout: 0.1 },
        noisy: script(NOISY),
        modern: MODERN,
        remote: { type: 'streamable-http', url: remote.url.href },
        'two words': MIRROR,
      },
      keys: { port: 8000 },
    });
  });
  after(async () => {
    await app.close();
    await remote.stop();
  });

  async function opened(path: string, headers: Record<string, string> = {}): Promise<SseClient> {
    const client = await SseClient.open(app.url, path, headers);
    await client.endpoint();
    return client;
  }

  it('begins with the address for messages, whatever is accepted', async () => {
    for (const accept of ['text/event-stream', '*/*', 'application/json', '']) {
      const client = await opened('/mirror', { accept });
      assert.equal(client.response.headers['content-type'], 'text/event-stream');
      assert.match(client.text, /^event: endpoint\ndata: \/mirror\?sessionId=[0-9a-f-]{36}\n\n$/);
      client.leave();
    }
  });

  it('is a page for people', async () => {
    const page = await app.get('/mirror', { accept: 'text/html, text/event-stream' });
    assert.deepEqual([page.status, page.headers.get('location')], [302, '/mirror/docs']);
  });

  it('passes messages word for word before there was any handshake, and a second one, too', async () => {
    const client = await opened('/mirror');
    const lines = [
      '{"jsonrpc":"2.0", "id":1,"method":"tools/call","params":{"n":12345678901234567890,"e":1.0,"s":"\\u017d 😀"}}',
      '{"jsonrpc":"2.0","id":"a","method":"initialize"}',
      '{"jsonrpc":"2.0","id":"b","method":"initialize","params":{"protocolVersion":"1999-01-01"}}',
      '{"jsonrpc":"2.0","method":"notifications/vendor"}',
    ];
    for (const line of lines) assert.equal((await client.post(line)).status, 202);
    await until(() => client.events.length > lines.length);
    assert.deepEqual(
      client.events.slice(1).map(({ data }) => data),
      lines,
    );
    client.leave();
  });

  it('takes a second handshake from who has had one', async () => {
    const client = await opened('/strict');
    await client.begin();
    const { result } = (await client.ask(2, 'initialize', { protocolVersion: '2024-11-05' })) as { result: object };
    assert.deepEqual(Object.keys(result), ['protocolVersion', 'capabilities', 'serverInfo']);
    client.leave();
  });

  it('drops what is no message, and keeps characters whole that come in two writes', async () => {
    const client = await opened('/noisy');
    await client.post({ jsonrpc: '2.0', method: 'go' });
    await until(() => client.messages.length > 0);
    assert.deepEqual(client.messages, [{ jsonrpc: '2.0', method: 'half' }]);
    await client.post({ jsonrpc: '2.0', method: 'go on' });
    await until(() => client.messages.length > 1);
    assert.deepEqual(client.messages.slice(1), [{ jsonrpc: '2.0', method: 'n', params: 'Zürich 😀' }]);
    client.leave();
  });

  it('is a process of its own, for each of two streams of one client', async () => {
    const [one, other] = [await opened('/strict'), await opened('/strict/sse')];
    for (const client of [one, other]) await client.begin();
    assert.notEqual(await call(one, 1, 'pid'), await call(other, 1, 'pid'));
    await call(one, 2, 'count');
    assert.equal(await call(other, 2, 'count'), '1');
    assert.equal(await call(one, 3, 'count'), '2');
    for (const client of [one, other]) client.leave();
  });

  it('works where it was opened with a query, and where more is added to the address for messages', async () => {
    const client = await opened('/mirror?x=1');
    const endpoint = await client.endpoint();
    assert.match(endpoint, /^\/mirror\?sessionId=[0-9a-f-]{36}$/);
    assert.equal((await app.post(`${endpoint}&x=1`, { jsonrpc: '2.0', method: 'more' })).status, 202);
    await until(() => client.messages.length === 1);
    client.leave();
  });

  it('names a server by an address that clients can use', async () => {
    const client = await opened('/two%20words');
    assert.match(await client.endpoint(), /^\/two%20words\?sessionId=/);
    assert.equal((await client.post({ jsonrpc: '2.0', method: 'n' })).status, 202);
    await until(() => client.messages.length === 1);
    client.leave();
  });

  it('hides what the entry does not offer', async () => {
    const client = await opened('/few');
    await client.begin();
    const { result } = (await client.ask(1, 'tools/list')) as { result: { tools: { name: string }[] } };
    assert.ok(!result.tools.some(({ name }) => name === 'count'));
    const { error } = (await client.ask(2, 'tools/call', { name: 'count' })) as { error: { code: number } };
    assert.equal(error.code, -32602);
    client.leave();
  });

  it('answers in time where the server does not, and tells the server', async () => {
    const client = await opened('/hasty');
    await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    await until(() => client.messages.length === 3);
    const asked = client.messages.find(({ method }) => method === 'tools/list');
    const told = client.messages.find(({ method }) => method === 'notifications/cancelled') as { params: object };
    const { error } = (await client.answer(1)) as { error: { code: number } };
    assert.deepEqual(asked, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
    assert.equal((told.params as { requestId: number }).requestId, 1);
    assert.equal(error.code, -32001);
    client.leave();
  });

  it('is translated for a server without sessions', async () => {
    const client = await opened('/modern');
    const { result } = (await client.begin()) as { result: { protocolVersion: string } };
    assert.equal(result.protocolVersion, '2024-11-05');
    client.leave();
  });

  it('reaches servers elsewhere as well', async () => {
    const client = await opened('/remote');
    const { result } = (await client.begin()) as { result: { serverInfo: object } };
    assert.ok(result.serverInfo);
    client.leave();
  });

  for (const method of ['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    it(`is no answer to ${method}`, async () => {
      const answer = await fetch(`${app.url}/mirror`, { method, headers: { accept: 'text/event-stream' } });
      assert.deepEqual([answer.status, await answer.text()], [404, '']);
    });
  }

  it('leaves what latchkey has below a server as it is', async () => {
    const welcome = await app.post(
      '/strict/mcp',
      { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } },
      { accept: 'application/json, text/event-stream' },
    );
    assert.equal(welcome.status, 200);
    assert.equal((await app.post('/strict/count', {})).status, 200);
    assert.equal((await app.get('/strict/openapi.json')).status, 200);
  });
});
