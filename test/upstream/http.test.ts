/** Streamable HTTP: servers of every revision, and what of their answers is believed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { type Exchange, HttpServer, startStream } from '../helpers/http-server.ts';
import { startStatelessServer, startStreamableServer } from '../helpers/sdk-servers.ts';
import { NO_RETRY, openHttp, openLink, openSdk } from './helper.ts';

for (const json of [false, true]) {
  test(`SDK v1 with sessions, answers as ${json ? 'JSON' : 'event stream'}`, async (t) => {
    const http = await (await openSdk(t, startStreamableServer({ json }))).ready();
    assert.equal(http.records[0]?.info.name, 'sdk-server');
    assert.equal(await http.call('add', { a: 1, b: 2 }), '3');
    const answers = await Promise.all(Array.from({ length: 50 }, (_, b) => http.call('add', { a: 0, b })));
    assert.deepEqual(
      answers,
      Array.from({ length: 50 }, (_, b) => String(b)),
    );
  });
}

test('SDK v2, stateless only', async (t) => {
  const http = await (await openSdk(t, startStatelessServer())).ready();
  assert.equal(http.records[0]?.info.name, 'sdk-server');
  assert.equal(await http.call('add', { a: 1, b: 2 }), '3');
});

test('SDK v2 of both eras is spoken to with initialize, unless the revision is pinned', async (t) => {
  const http = await (await openSdk(t, startStatelessServer({ legacy: true }))).ready();
  assert.equal(await http.call('add', { a: 1, b: 2 }), '3');
  assert.equal(http.server.headers.at(-1)?.['mcp-protocol-version'], '2025-11-25');
  const config = serverConfig({ endpoint: urlEndpoint('http', http.server.url), protocolVersion: '2026-07-28' });
  const before = http.server.headers.length;
  const pinned = await openLink(t, config).ready();
  assert.equal(await pinned.call('add', { a: 1, b: 2 }), '3');
  const versions = http.server.headers.slice(before).map((headers) => headers['mcp-protocol-version']);
  assert.ok(versions.length >= 3);
  assert.deepEqual(new Set(versions), new Set(['2026-07-28']));
});

test('arguments and names are mirrored in headers for a stateless server', async (t) => {
  const http = await (await openSdk(t, startStatelessServer())).ready();
  // The SDK refuses a call whose headers do not agree with its body.
  assert.equal(await http.call('mirrored', { region: 'Zürich', count: 7, nested: { flag: true } }), '"mirrored"');
  const headers = http.server.headers.find((one) => one['mcp-name'] === 'mirrored');
  assert.equal(headers?.['mcp-method'], 'tools/call');
  assert.equal(headers?.['mcp-param-region'], `=?base64?${Buffer.from('Zürich').toString('base64')}?=`);
  assert.equal(headers?.['mcp-param-count'], '7');
  assert.equal(headers?.['mcp-param-flag'], 'true');
  assert.equal(await http.call('mirrored', { region: 'eu' }), '"mirrored"');
  assert.equal(await http.call('extra näme', {}), '"extra näme"');
});

for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
  for (const answers of ['json', 'stream'] as const) {
    test(`a server that answers ${revision} (${answers})`, async (t) => {
      const http = await (await openHttp(t, { revision, answers })).ready();
      assert.equal(await http.call('add', { a: 1, b: 2 }), '3');
      const [call] = http.server.requests('add');
      assert.equal(call?.headers['mcp-protocol-version'], revision);
      assert.ok(call?.headers['mcp-session-id']);
      assert.equal(call?.headers['mcp-method'], undefined);
      const [initialize] = http.server.requests('initialize');
      assert.equal(initialize?.headers['mcp-protocol-version'], undefined);
      assert.equal(initialize?.message?.params?.protocolVersion, '2025-11-25');
    });
  }
}

test('a pinned revision of the old era is what initialize asks for', async (t) => {
  const http = await openHttp(t, { revision: '2025-03-26' }, { protocolVersion: '2025-03-26' });
  await http.ready();
  assert.equal(http.server.requests('initialize')[0]?.message?.params?.protocolVersion, '2025-03-26');
});

for (const answers of ['json', 'stream'] as const) {
  test(`a stateless server (${answers}) without session, stream or DELETE`, async (t) => {
    const http = await openHttp(t, { revision: '2026-07-28', answers, listChanged: false });
    await http.ready();
    assert.equal(await http.call('add', { a: 1, b: 2 }), '3');
    await http.link.close();
    assert.deepEqual(new Set(http.server.seen.map((request) => request.http)), new Set(['POST']));
    const [call] = http.server.requests('add');
    assert.equal(call?.headers['mcp-session-id'], undefined);
    assert.equal(call?.headers['mcp-name'], 'add');
    const meta = call?.message?.params?._meta as Record<string, unknown>;
    assert.equal(meta['io.modelcontextprotocol/protocolVersion'], '2026-07-28');
    assert.deepEqual(meta['io.modelcontextprotocol/clientCapabilities'], {});
    assert.equal(http.server.requests('notifications/initialized').length, 0);
  });
}

test('a stateless call in two rounds is answered; one that asks the person is not', async (t) => {
  const http = await (await openHttp(t, { revision: '2026-07-28' })).ready();
  assert.equal(await http.call('rounds', { a: 1 }), '"done"');
  const rounds = http.server.requests('rounds').map(({ message }) => message);
  assert.deepEqual(
    rounds.map((message) => message?.params?.requestState),
    [undefined, 'half way'],
  );
  assert.notEqual(rounds[0]?.id, rounds[1]?.id);
  await assert.rejects(http.call('rounds', { ask: true }), { code: 'tool_error', message: /asks the person/ });
  await assert.rejects(http.call('rounds', { empty: true }), { code: 'bad_upstream_answer' });
  assert.equal(http.server.requests('rounds').length, 4);
  await assert.rejects(http.call('rounds', { endless: true }), { code: 'bad_upstream_answer' });
});

test('a session ends with a DELETE', async (t) => {
  const http = await (await openHttp(t)).ready();
  assert.equal(http.server.sessions, 1);
  await http.link.close();
  assert.equal(http.server.sessions, 0);
});

test('a session is ended even where the handshake fails', async (t) => {
  const http = await openHttp(t, { revision: '1999-01-01' }, { timings: NO_RETRY });
  assert.match(await http.failed(), /revision "1999-01-01"/);
  assert.equal(http.server.requests('DELETE').length, 1);
  assert.equal(http.server.sessions, 0);
});

test('configured and forwarded headers are sent', async (t) => {
  const server = await HttpServer.start();
  t.after(() => server.stop());
  const endpoint = urlEndpoint('http', server.url, { 'X-Team': 'blue' });
  const link = await openLink(t, serverConfig({ endpoint })).ready();
  await link.call('echo', { text: 'a' }, { headers: ['x-user', 'ann'] });
  const [call] = server.requests('echo');
  assert.equal(call?.headers['x-team'], 'blue');
  assert.equal(call?.headers['x-user'], 'ann');
  assert.equal(server.requests('initialize')[0]?.headers['x-user'], undefined);
});

test('all pages of the tool list', async (t) => {
  const http = await (await openHttp(t, { extraTools: 120, pageSize: 25 })).ready();
  assert.equal(http.toolNames.length, 133);
  assert.equal(http.server.requests('tools/list').length, 6);
});

test('a cursor that comes back is an error instead of an endless list', async (t) => {
  const behave = ({ name, message, reply }: Exchange): boolean => {
    if (name !== 'tools/list') return false;
    reply(200, { jsonrpc: '2.0', id: message?.id, result: { tools: [], nextCursor: 'again' } });
    return true;
  };
  const http = await openHttp(t, { behave }, { timings: NO_RETRY });
  assert.match(await http.failed(), /repeats a cursor/);
  assert.equal(http.server.requests('tools/list').length, 2);
});

test('a list that goes on and on with what nobody should read is given up at its first page', async (t) => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);
  const behave = ({ name, message, response }: Exchange): boolean => {
    if (name !== 'tools/list') return false;
    const page = `{"tools":[{"name":"t${message?.id}","inputSchema":${deep}}],"nextCursor":"${message?.id}"}`;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`{"jsonrpc":"2.0","id":${message?.id},"result":${page}}`);
    return true;
  };
  const http = await openHttp(t, { behave }, { timings: NO_RETRY });
  assert.match(await http.failed(), /more than 512 levels deep/);
  assert.equal(http.server.requests('tools/list').length, 1);
});

test('a server that knows no tools/list has no tools', async (t) => {
  const behave = ({ name, message, reply }: Exchange): boolean => {
    if (name !== 'tools/list') return false;
    reply(200, { jsonrpc: '2.0', id: message?.id, error: { code: -32601, message: 'Method not found' } });
    return true;
  };
  const http = await (await openHttp(t, { behave })).ready();
  assert.deepEqual(http.toolNames, []);
});

test('a redirect to another path of the same origin is followed', async (t) => {
  const behave = ({ request, reply }: Exchange): boolean => {
    if (request.url !== '/mcp') return false;
    reply(307, undefined, { location: '/mcp/' });
    return true;
  };
  const http = await (await openHttp(t, { behave })).ready();
  assert.equal(await http.call('add', { a: 1, b: 2 }), '3');
  assert.equal(http.server.seen.filter(({ http: method }) => method === 'POST').length, 5);
});

test('a redirect to another origin is an error that names the address', async (t) => {
  const other = await HttpServer.start();
  t.after(() => other.stop());
  const behave = ({ reply }: Exchange): boolean => {
    reply(307, undefined, { location: other.url.href });
    return true;
  };
  const http = await openHttp(t, { behave }, { timings: NO_RETRY });
  assert.match(await http.failed(), new RegExp(`redirects.*${other.url.href}`));
  assert.equal(other.seen.length, 0);
});

test('redirects without end are given up', async (t) => {
  const behave = ({ reply }: Exchange): boolean => {
    reply(307, undefined, { location: '/mcp' });
    return true;
  };
  const http = await openHttp(t, { behave }, { timings: NO_RETRY });
  assert.match(await http.failed(), /redirects/);
  assert.equal(http.server.seen.length, 4);
});

test('a notification whose answer never ends does not hold the connection up', async (t) => {
  const behave = ({ name, message, response, reply }: Exchange): boolean => {
    if (name === 'tools/list') reply(200, { jsonrpc: '2.0', id: message?.id, result: { tools: [] } });
    if (name === 'notifications/initialized') startStream(response);
    return name === 'tools/list' || name === 'notifications/initialized';
  };
  await (await openHttp(t, { behave })).ready();
});

test('an SSE server behind the wrong type is told apart', async (t) => {
  const behave = ({ reply }: Exchange): boolean => {
    reply(405, 'Method Not Allowed');
    return true;
  };
  const http = await openHttp(t, { behave }, { timings: NO_RETRY });
  assert.match(await http.failed(), /set "type": "sse"/);
});
