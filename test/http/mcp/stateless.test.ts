/** Stateless MCP (2026-07-28) at the endpoints: what a request must say of itself, and how it is answered. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { childEndpoint } from '../../helpers/configs.ts';
import { ACCEPT, askStateless, errorOf, type Json, resultOf } from '../../helpers/mcp-session.ts';
import { type SdkServer, startStatelessServer, startStreamableServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const HEADERS = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
const ECHO = { name: 'echo', arguments: { text: 'hi' } };

describe('a stateless request', () => {
  let modern: SdkServer & { readonly headers: readonly Record<string, unknown>[] };
  let legacy: SdkServer;
  let app: RunningApp;

  before(async () => {
    modern = await startStatelessServer();
    legacy = await startStreamableServer();
    const { command, args } = childEndpoint();
    app = await startApp({
      mcpServers: {
        modern: { type: 'streamable-http', url: modern.url.href },
        legacy: { type: 'streamable-http', url: legacy.url.href },
        child: { command, args },
      },
    });
  });
  after(async () => {
    await app.close();
    await modern.close();
    await legacy.close();
  });

  for (const name of ['modern', 'legacy', 'child']) {
    test(`is answered at a server that is ${name}, without any session`, async () => {
      const url = `${app.url}/${name}/mcp`;
      const discovered = await askStateless(url, 'server/discover');
      assert.equal(discovered.status, 200, discovered.text);
      const { supportedVersions } = resultOf(discovered);
      assert.equal((supportedVersions as string[])[0], '2026-07-28');
      const called = await askStateless(url, 'tools/call', ECHO);
      const result = resultOf(called);
      assert.deepEqual(result.content, [{ type: 'text', text: 'hi' }]);
      assert.equal(result.resultType, 'complete');
      assert.equal(called.headers.get('mcp-session-id'), null);
    });

    test(`for a method that nobody knows is answered 404 at a server that is ${name}`, async () => {
      const answered = await askStateless(`${app.url}/${name}/mcp`, 'vendor/unknown');
      assert.deepEqual([answered.status, errorOf(answered).code], [404, -32601]);
    });
  }

  test('hears the progress of its call before the answer', async () => {
    for (const name of ['modern', 'legacy']) {
      const params = { name: 'progress', arguments: { steps: 2 }, _meta: { progressToken: 'mine' } };
      const { messages } = await askStateless(`${app.url}/${name}/mcp`, 'tools/call', params);
      const tokens = messages.slice(0, -1).map(({ params: said }) => (said as Json).progressToken);
      assert.deepEqual([...new Set(tokens)], ['mine'], name);
    }
  });

  test('carries the arguments that a tool wants in headers', async () => {
    const headers = { 'mcp-param-region': 'eu' };
    const params = { name: 'mirrored', arguments: { region: 'eu' } };
    const { status } = await askStateless(`${app.url}/modern/mcp`, 'tools/call', params, { headers });
    assert.equal(status, 200);
    assert.equal(modern.headers.at(-1)?.['mcp-param-region'], 'eu');
  });

  const refused: readonly [string, Record<string, string>, Json, number][] = [
    ['no envelope', HEADERS, ECHO, -32602],
    [
      'an envelope without capabilities',
      HEADERS,
      { ...ECHO, _meta: { ...META, 'io.modelcontextprotocol/clientCapabilities': 1 } },
      -32602,
    ],
    ['no version header', { ...HEADERS, 'mcp-protocol-version': '' }, { ...ECHO, _meta: META }, -32020],
    [
      'another version in the header',
      { ...HEADERS, 'mcp-protocol-version': '2025-11-25' },
      { ...ECHO, _meta: META },
      -32020,
    ],
    ['no method header', { ...HEADERS, 'mcp-method': '' }, { ...ECHO, _meta: META }, -32020],
    ['another method in the header', { ...HEADERS, 'mcp-method': 'tools/list' }, { ...ECHO, _meta: META }, -32020],
    ['no name header', { ...HEADERS, 'mcp-name': '' }, { ...ECHO, _meta: META }, -32020],
    ['another name in the header', { ...HEADERS, 'mcp-name': 'add' }, { ...ECHO, _meta: META }, -32020],
    [
      'a name header whose encoding is broken',
      { ...HEADERS, 'mcp-name': '=?base64?*?=' },
      { ...ECHO, _meta: META },
      -32020,
    ],
    [
      'a revision of the future',
      { ...HEADERS, 'mcp-protocol-version': '2099-01-01' },
      { ...ECHO, _meta: { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } },
      -32022,
    ],
  ];
  for (const [what, headers, params, code] of refused) {
    test(`with ${what} is refused with ${code} and never reaches the server`, async () => {
      const before = modern.headers.length;
      const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
      const response = await app.post(
        '/modern/mcp',
        { jsonrpc: '2.0', id: 5, method: 'tools/call', params },
        { ...ACCEPT, ...sent },
      );
      const { id, error } = (await response.json()) as { id: unknown; error: Json };
      assert.deepEqual([response.status, id, error.code], [400, 5, code]);
      assert.equal(modern.headers.length, before);
    });
  }

  test('may name a tool beyond ASCII in its header', async () => {
    const name = 'größe';
    const headers = { 'mcp-name': `=?base64?${Buffer.from(name).toString('base64')}?=` };
    const answered = await askStateless(`${app.url}/modern/mcp`, 'tools/call', { name }, { headers });
    assert.notEqual(errorOf(answered).code, -32020);
    assert.equal(answered.status, 200);
  });

  test('never comes in a batch, and never is an answer', async () => {
    const headers = { ...ACCEPT, ...HEADERS };
    const request = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...ECHO, _meta: META } };
    assert.equal((await app.post('/modern/mcp', [request], headers)).status, 400);
    assert.equal((await app.post('/modern/mcp', { jsonrpc: '2.0', id: 1, result: {} }, headers)).status, 400);
    assert.equal((await app.post('/modern/mcp', { jsonrpc: '2.0', method: 'notifications/x' }, headers)).status, 202);
  });

  test('may hide tools that the entry does not offer', async () => {
    const hidden = await startApp({
      mcpServers: { modern: { type: 'streamable-http', url: modern.url.href, enabledTools: ['add'] } },
    });
    const listed = await askStateless(`${hidden.url}/modern/mcp`, 'tools/list');
    const names = (resultOf(listed).tools as Json[]).map(({ name }) => name);
    assert.deepEqual(names, ['add']);
    const called = await askStateless(`${hidden.url}/modern/mcp`, 'tools/call', ECHO);
    assert.equal(errorOf(called).code, -32602);
    await hidden.close();
  });

  test('that its client closes is given up at the server', async () => {
    const stop = new AbortController();
    const body = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'slow', arguments: { ms: 60_000 }, _meta: META },
    };
    const sent = fetch(`${app.url}/modern/mcp`, {
      method: 'POST',
      headers: { ...ACCEPT, ...HEADERS, 'mcp-name': 'slow', 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: stop.signal,
    }).catch(() => undefined);
    await until(() => modern.record.count('slow') > 0);
    stop.abort();
    await sent;
    await until(() => modern.record.cancelled.includes('slow'));
  });
});
