/** HTTP+SSE as clients of acehoss/mcp-gateway know it: one process for each stream, and messages that pass unchanged. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRunning } from '../helpers/configs.ts';
import { until } from '../helpers/wait.ts';
import { raw } from '../http/raw.ts';
import { type Case, tell } from './cases.ts';
import { childrenOf, ours, published, sharedGateway, strict } from './gateway.ts';
import { textOf } from './rest-client.ts';
import { call, openStream } from './stream.ts';

const gateway = sharedGateway({
  debug: { level: 'info' },
  servers: {
    everything: published('everything'),
    filesystem: published('filesystem', '.'),
    small: strict(),
    twin: strict(),
    banner: strict('--banner'),
    absent: { command: 'no-such-program' },
  },
});
const url = (): string => gateway().url;
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

describe('a stream', () => {
  test('begins with the relative address for messages, and nothing else', async (t) => {
    const stream = await openStream(t, url(), '/small');
    const { statusCode, headers } = stream.response;
    assert.equal(statusCode, 200);
    assert.match(String(headers['content-type']), /^text\/event-stream(;|$)/);
    assert.equal(headers['cache-control'], 'no-cache');
    assert.equal(headers.connection, 'keep-alive');
    await stream.endpoint();
    assert.match(stream.text, new RegExp(`^event: endpoint\ndata: /small\\?sessionId=${UUID}\n\n$`));
  });

  for (const headers of [{ accept: '*/*' }, { accept: 'application/json' }, { 'last-event-id': '7' }]) {
    test(`is opened whatever is accepted and where a client has been: ${JSON.stringify(headers)}`, async (t) => {
      const stream = await openStream(t, url(), '/small', headers);
      assert.match(await stream.endpoint(), /^\/small\?sessionId=/);
    });
  }

  test('brings each message as one event with JSON in one line, and no ids', async (t) => {
    const stream = await openStream(t, url(), '/small');
    await stream.begin();
    assert.equal(textOf(await call(stream, 'echo', { text: 'Grüße 😀' })), '{"text":"Grüße 😀"}');
    const [, ...later] = stream.text.split('\n\n').slice(0, -1);
    assert.equal(later.length, 2);
    for (const event of later) assert.match(event, /^event: message\ndata: \{.*\}$/);
  });

  test('has a process of its own, which remembers', async (t) => {
    const [one, other] = [await openStream(t, url(), '/small'), await openStream(t, url(), '/small')];
    for (const stream of [one, other]) await stream.begin();
    assert.equal(textOf(await call(one, 'count')), '1');
    assert.equal(textOf(await call(one, 'count')), '2');
    assert.equal(textOf(await call(other, 'count')), '1');
    assert.notEqual(textOf(await call(one, 'pid')), textOf(await call(other, 'pid')));
  });

  test('ends its process when its client leaves, and messages are refused then', async (t) => {
    const stream = await openStream(t, url(), '/small');
    await stream.begin();
    const pid = Number(textOf(await call(stream, 'pid')));
    const endpoint = await stream.endpoint();
    stream.leave();
    await until(() => !isRunning(pid));
    const { status, body } = await raw(url(), { method: 'POST', path: endpoint, body: '{}' });
    assert.deepEqual([status, body], [400, `No active transport for session ${endpoint}`]);
  });

  test('passes several calls at once', async (t) => {
    const stream = await openStream(t, url(), '/small');
    await stream.begin();
    const held = ['a', 'b'].map((key) => call(stream, 'hold', { key }));
    await until(async () => textOf(await call(stream, 'holding')) === '2');
    await call(stream, 'release');
    assert.deepEqual((await Promise.all(held)).map(textOf), ['a', 'b']);
  });

  test('drops what a server writes that is no JSON', async (t) => {
    const stream = await openStream(t, url(), '/banner');
    await stream.begin();
    assert.equal(textOf(await call(stream, 'noise')), 'after the noise');
    assert.equal(stream.messages.length, 2);
  });
});

describe('nothing is added and nothing is changed', () => {
  test('the client makes the handshake, with its own id and version', async (t) => {
    const stream = await openStream(t, url(), '/everything');
    const answer = await stream.begin();
    assert.equal(answer.id, 'begin');
    const result = answer.result as { protocolVersion: string; serverInfo: { name: string } };
    assert.equal(result.protocolVersion, '2024-11-05');
    assert.match(result.serverInfo.name, /everything/);
    assert.equal(textOf(await call(stream, 'echo', { message: 'hallo' })), 'Echo: hallo');
  });

  ours('a server that insists on the handshake refuses what comes before', async (t) => {
    const stream = await openStream(t, url(), '/small');
    const { error } = await stream.ask(1, 'tools/list');
    assert.deepEqual(error, { code: -32602, message: 'Invalid request parameters', data: '' });
    await stream.begin();
    assert.ok((await stream.ask(2, 'tools/list')).result);
  });

  test('an error is passed as it is', async (t) => {
    const stream = await openStream(t, url(), '/small');
    await stream.begin();
    const { error } = await stream.ask('x', 'tools/call', { name: 'fail' });
    assert.deepEqual(error, { code: -32602, message: 'failed', data: { why: 'asked to' } });
  });

  test('notifications of the server come before the result', async (t) => {
    const stream = await openStream(t, url(), '/small');
    await stream.begin();
    await call(stream, 'notify');
    const [notification] = stream.messages.slice(-2);
    assert.deepEqual(notification, {
      jsonrpc: '2.0',
      method: 'notifications/message',
      params: { level: 'info', data: 'on the way' },
    });
  });

  for (const method of ['ping', 'roots/list', 'sampling/createMessage', 'elicitation/create']) {
    test(`the client answers when the server asks for ${method}`, async (t) => {
      const stream = await openStream(t, url(), '/small');
      await stream.begin({ roots: {}, sampling: {}, elicitation: {} });
      const asking = call(stream, 'ask', { method, params: { some: 'thing' } });
      const question = await until(() => stream.messages.find((message) => message.method === method));
      assert.deepEqual(question.params, { some: 'thing' });
      await stream.post({ jsonrpc: '2.0', id: question.id, result: { said: 'this' } });
      assert.equal(textOf(await asking), '{"said":"this"}');
    });
  }

  test('server-filesystem may be used', async (t) => {
    const stream = await openStream(t, url(), '/filesystem');
    await stream.begin();
    assert.match(textOf(await call(stream, 'list_directory', { path: '.' })), /config\.yaml/);
  });
});

function post(path: string, body: unknown = { jsonrpc: '2.0', id: 1, method: 'ping' }): Case['request'] {
  return { method: 'POST', path, body };
}

function noTransport(path: string): Pick<Case, 'status' | 'body'> {
  return { status: 400, body: `No active transport for session ${path}` };
}

describe('a message', () => {
  test('is accepted with 202 and no body', async (t) => {
    const stream = await openStream(t, url(), '/small');
    const path = await stream.endpoint();
    const { status, body } = await raw(url(), {
      method: 'POST',
      path,
      body: '{"jsonrpc":"2.0","method":"notifications/x"}',
    });
    assert.deepEqual([status, body], [202, '']);
  });

  tell(
    [
      { name: 'without a session is refused', request: post('/small'), ...noTransport('/small') },
      {
        name: 'for an unknown session is refused',
        request: post('/small?sessionId=unknown'),
        ...noTransport('/small?sessionId=unknown'),
      },
      {
        name: 'for a session of an unknown server finds nothing',
        request: post('/nowhere?sessionId=unknown'),
        status: 404,
        body: '',
      },
    ],
    url,
  );

  test("is refused at another server's address", async (t) => {
    const stream = await openStream(t, url(), '/small');
    const path = (await stream.endpoint()).replace('/small', '/twin');
    const { status, body } = await raw(url(), { method: 'POST', path, body: '{}' });
    assert.deepEqual([status, body], [400, `No active transport for session ${path}`]);
  });

  for (const body of ['', '{"half":', 'text']) {
    test(`that is no JSON is refused: ${JSON.stringify(body)}`, async (t) => {
      const stream = await openStream(t, url(), '/small');
      const answer = await raw(url(), { method: 'POST', path: await stream.endpoint(), body });
      assert.equal(answer.status, 500);
      assert.match(answer.body, /^SyntaxError: ./);
    });
  }

  test('may have any content type', async (t) => {
    const stream = await openStream(t, url(), '/small');
    const posted = await stream.post({ jsonrpc: '2.0', id: 5, method: 'ping' }, { 'content-type': 'text/plain' });
    assert.equal(posted.status, 202);
    assert.deepEqual((await stream.answer(5)).result, {});
  });
});

describe('there is nothing', () => {
  tell(
    [
      ...['GET', 'POST', 'PUT', 'DELETE'].map((method) => ({
        name: `at ${method} of an unknown server`,
        request: { method, path: '/nowhere' },
        status: 404,
        body: '',
      })),
      ...['PUT', 'DELETE', 'OPTIONS', 'HEAD'].map((method) => ({
        name: `at ${method} of a known server`,
        request: { method, path: '/small' },
        status: 404,
        body: '',
      })),
      ...['constructor', '__proto__', 'toString'].map((name) => ({
        name: `at GET of what every object has: ${name}`,
        request: { path: `/${name}` },
        status: 404,
        body: '',
        isOurs: true,
      })),
    ],
    url,
  );
});

test('a program that cannot be started is told instead of a stream', async () => {
  const { status, headers, body } = await raw(url(), { path: '/absent' });
  assert.deepEqual([status, body], [500, 'Error: spawn no-such-program ENOENT']);
  assert.doesNotMatch(String(headers['content-type']), /event-stream/);
});

test('no process is left when all clients have left', async () => {
  await until(() => childrenOf(gateway(), 'strict-server').length === 0);
  await until(() => childrenOf(gateway(), 'modelcontextprotocol').length === 0);
});
