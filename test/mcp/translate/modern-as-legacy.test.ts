/** What an older caller sees of a server of 2026-07-28: the handshake, calls, results, logs and the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type JsonObject, readMessage } from '../../../src/upstream/peer/message.ts';
import { ModernStdioPeer } from '../../../src/upstream/peer/modern-stdio-peer.ts';
import { Asked } from '../../helpers/asked.ts';
import { commandEndpoint, TSX } from '../../helpers/configs.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { startStatelessServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';
import { META } from '../../upstream/peer/modern-request.ts';
import {
  ALL_CAPABILITIES,
  httpSession,
  LegacySession,
  openBareSession,
  openSdkSession,
} from './modern-as-legacy-session.ts';

const SDK_CHILD = fileURLToPath(new URL('../../upstream/peer/modern-sdk-child.ts', import.meta.url));

test('initialize says what server/discover says, in the words of the older revision', async (t) => {
  const { session } = await openSdkSession(t);
  assert.deepEqual(await session.ready({ protocolVersion: '2025-06-18' }), {
    protocolVersion: '2025-06-18',
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      logging: {},
      completions: {},
    },
    serverInfo: { name: 'modern-server', version: '2.0.0', title: 'Modern' },
    instructions: 'Be kind.',
  });
});

test('an unknown revision is answered with the newest of the older ones', async (t) => {
  const { session } = await openSdkSession(t);
  for (const protocolVersion of ['2026-07-28', '1999-01-01', 7]) {
    assert.equal((await session.ready({ protocolVersion })).protocolVersion, '2025-11-25');
  }
});

test('each request says who calls, what the client can do, and keeps its own marks', async (t) => {
  const { session, server } = await openBareSession(t);
  const clientInfo = { name: 'c', version: '1', websiteUrl: 'https://example.com' };
  await session.ready({ capabilities: { ...ALL_CAPABILITIES, experimental: { x: 1 } }, clientInfo });
  await session
    .call('echo', { text: 'a' }, { progressToken: 'p', [`${META}/protocolVersion`]: 'forged', own: 1 })
    .text();
  assert.deepEqual(server.requests('echo')[0]?.message?.params?._meta, {
    progressToken: 'p',
    own: 1,
    [`${META}/protocolVersion`]: '2026-07-28',
    [`${META}/clientInfo`]: clientInfo,
    [`${META}/clientCapabilities`]: {
      elicitation: { form: {}, url: {} },
      sampling: {},
      roots: {},
      experimental: { x: 1 },
    },
  });
  assert.equal(server.requests('notifications/initialized').length, 0);
});

test('every list, prompt, resource and completion comes without what older clients do not know', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready();
  const results = await Promise.all([
    session.ask('tools/list').result(),
    session.ask('prompts/list', {}).result(),
    session.ask('prompts/get', { name: 'greet' }).result(),
    session.ask('resources/list').result(),
    session.ask('resources/read', { uri: 'test://a' }).result(),
    session
      .ask('completion/complete', { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'a', value: '' } })
      .result(),
    session.call('echo').result(),
  ]);
  for (const result of results) {
    for (const key of ['resultType', 'ttlMs', 'cacheScope', '_meta']) assert.ok(!Object.hasOwn(result, key), key);
  }
  assert.deepEqual(results[3], { resources: [{ uri: 'test://a', name: 'a' }] });
  assert.deepEqual(results[4], { contents: [{ uri: 'test://a', text: 'content' }] });
});

test('content and schemas that are no objects take a shape that older clients accept', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready();
  const { tools } = await session.ask('tools/list').result();
  const list = (tools as JsonObject[]).find(({ name }) => name === 'list');
  assert.deepEqual(Object.keys(list ?? {}).sort(), ['inputSchema', 'name']);
  assert.deepEqual(await session.call('list').result(), {
    content: [{ type: 'text', text: '[1,2]' }],
    structuredContent: { result: [1, 2] },
  });
});

test('unknown fields and large integers of a result pass', async (t) => {
  const { session } = await openBareSession(t, {
    behave: ({ name, message, reply }) => {
      if (name !== 'echo') return false;
      const result = `{"resultType":"complete","ttlMs":5,"n":12345678901234567890,"content":[{"type":"odd","x":1}],"_meta":{"${META}/serverInfo":{},"own":1}}`;
      reply(200, `{"jsonrpc":"2.0","id":${JSON.stringify(message?.id)},"result":${result}}`, {
        'content-type': 'application/json',
      });
      return true;
    },
  });
  await session.ready();
  const request = readMessage(
    '{"jsonrpc":"2.0","id":11111111111111111111,"method":"tools/call","params":{"name":"echo"}}',
  );
  assert.ok(request);
  const answer = await new Asked(session.peer, request).answered();
  assert.match(answer.text, /"id":11111111111111111111[,}]/);
  assert.ok(
    answer.text.includes('{"n":12345678901234567890,"content":[{"type":"odd","x":1}],"_meta":{"own":1}}'),
    answer.text,
  );
});

test('what a stateless server does not know is answered here', async (t) => {
  const { session, server } = await openBareSession(t);
  assert.deepEqual(await session.ask('ping').result(), {});
  await session.ready();
  for (const method of ['server/discover', 'subscriptions/listen', 'logging/setLevel', 'resources/subscribe']) {
    assert.equal((await session.ask(method, { level: 'info', uri: 'a' }).answered()).error?.code, -32601, method);
  }
  assert.equal(server.requests('ping').length, 0);
});

test('errors pass with HTTP 200 and under the id of the caller', async (t) => {
  const { session } = await openBareSession(t);
  await session.ready();
  const asked = session.ask('no/such');
  const { error, id } = await asked.answered();
  assert.equal(error?.code, -32601);
  assert.equal(id, 2);
  assert.equal(asked.status, 200);
});

test('log lines come from the start, and by the level that the caller sets', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready();
  const logged = async (): Promise<unknown[]> => {
    const asked = session.call('log', { text: 'a' });
    await asked.text();
    return asked.messages.map(({ params }) => params.data);
  };
  assert.deepEqual(await logged(), ['loud a']);
  assert.deepEqual(await session.ask('logging/setLevel', { level: 'debug' }).result(), {});
  assert.deepEqual(await logged(), ['quiet a', 'loud a']);
  await session.ask('logging/setLevel', { level: 'error' }).result();
  assert.deepEqual(await logged(), []);
  assert.equal((await session.ask('logging/setLevel', { level: 'shrill' }).answered()).error?.code, -32602);
});

test('progress comes with the token of the caller', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready();
  const asked = session.call('progress', { steps: 2 }, { progressToken: 5 });
  await asked.text();
  assert.deepEqual(
    asked.messages.map(({ params }) => params),
    [
      { progressToken: 5, progress: 1 },
      { progressToken: 5, progress: 2 },
    ],
  );
});

test('cancelling ends the call at the server', async (t) => {
  const { session, cancelled } = await openSdkSession(t);
  await session.ready();
  const slow = session.call('slow', { ms: 60_000 });
  await session.call('echo').text();
  slow.cancel();
  await until(() => cancelled() === 1);
});

test('mirrored arguments stand in headers, also where the caller never listed the tools', async (t) => {
  const server = await startStatelessServer();
  t.after(() => server.close());
  const session = httpSession(t, server.url);
  await session.ready();
  const args = { region: 'eu', count: 3, nested: { flag: true } };
  assert.equal(
    await session.ask('tools/call', { name: 'mirrored', arguments: args }, ['x-user', 'ann']).text(),
    'mirrored',
  );
  const calls = server.headers.filter((one) => one['mcp-name'] === 'mirrored');
  assert.equal(calls.length, 1);
  assert.equal(calls[0]?.['mcp-param-region'], 'eu');
  assert.equal(calls[0]?.['mcp-param-count'], '3');
  assert.equal(calls[0]?.['mcp-param-flag'], 'true');
  assert.equal(calls[0]?.['x-user'], 'ann');
  const lists = (): number => server.headers.filter((one) => one['mcp-method'] === 'tools/list').length;
  assert.equal(lists(), 1);
  await session.call('unknown-1').text();
  await session.call('unknown-2').text();
  assert.equal(lists(), 1);
});

test('a caller that lists its tools causes no other list', async (t) => {
  const { session, server } = await openBareSession(t, { pageSize: 100 });
  await session.ready();
  await session.ask('tools/list').result();
  await session.call('echo', { text: 'a' }).text();
  assert.equal(server.requests('tools/list').length, 1);
});

test('closing fails what waits, ends it at the server, and leaves the peer to others', async (t) => {
  const { session, server } = await openBareSession(t);
  await session.ready();
  const slow = session.call('slow', { ms: 60_000 });
  await until(() => server.record.count('slow') === 1);
  await session.peer.close();
  await assert.rejects(slow.answered(), { code: 'connection_lost' });
  await until(() => server.record.cancelled.includes('slow'));
  assert.deepEqual(session.closed, []);
});

test('a server that refuses to be discovered refuses initialize', async (t) => {
  const { session } = await openBareSession(t, {
    behave: ({ message, reply }) => {
      reply(400, {
        jsonrpc: '2.0',
        id: message?.id,
        error: { code: -32022, message: 'no', data: { supported: ['2099-01-01'] } },
      });
      return true;
    },
  });
  const answer = await session.ask('initialize', { protocolVersion: '2025-11-25' }).answered();
  assert.deepEqual(answer.error, { code: -32022, message: 'no', data: { supported: ['2099-01-01'] } });
});

test('what is nested too deeply fails alone, on the way there and back', async (t) => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  const { session } = await openBareSession(t, {
    behave: ({ name, message, reply }) => {
      if (name !== 'echo') return false;
      reply(200, `{"jsonrpc":"2.0","id":${JSON.stringify(message?.id)},"result":{"a":${deep}}}`);
      return true;
    },
  });
  const initialize = readMessage(
    `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{"experimental":{"a":${deep}}}}}`,
  );
  assert.ok(initialize);
  await assert.rejects(new Asked(session.peer, initialize).answered(), { code: 'invalid_arguments' });
  await session.ready();
  const request = readMessage(
    `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"add","arguments":${deep}}}`,
  );
  assert.ok(request);
  await assert.rejects(new Asked(session.peer, request).answered(), { code: 'invalid_arguments' });
  assert.equal((await session.call('echo').answered()).error?.code, -32603);
  assert.equal(await session.call('add', { a: 1, b: 2 }).text(), '3');
});

test('over stdio the same: calls, questions, changes, and the end of the child', async (t) => {
  const endpoint = commandEndpoint(process.execPath, ['--import', TSX, SDK_CHILD, 'reject']);
  let child: ModernStdioPeer | undefined;
  const session = new LegacySession(t, (events) => {
    child = new ModernStdioPeer(endpoint, events, new MemoryLog());
    return child;
  });
  t.after(() => child?.close());
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.call('ask');
  session.answer(await session.nth(asked, 0), { action: 'decline' });
  assert.match(await asked.text(), /decline/);
  assert.deepEqual(await session.ask('resources/subscribe', { uri: 'test://a' }).result(), {});
  await session.call('change', { what: 'test://a' }).text();
  await until(() => session.heard.includes('notifications/resources/updated'));
});
