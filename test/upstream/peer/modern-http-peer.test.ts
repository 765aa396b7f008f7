/** Stateless requests over HTTP: what passes as it is, what the headers say, and servers that misbehave. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Credential, Refusal } from '../../../src/oauth/credential.ts';
import { authorizationRequired, LoginNeeded } from '../../../src/oauth/errors.ts';
import type { HttpEndpoint } from '../../../src/upstream/origin-client.ts';
import { readMessage } from '../../../src/upstream/peer/message.ts';
import { StatusError } from '../../../src/upstream/peer/modern-answer.ts';
import { ModernHttpPeer } from '../../../src/upstream/peer/modern-http-peer.ts';
import { NotSentError } from '../../../src/upstream/wire.ts';
import { Asked } from '../../helpers/asked.ts';
import { urlEndpoint } from '../../helpers/configs.ts';
import { type Behave, HttpServer, type HttpServerOptions, startStream, writeEvent } from '../../helpers/http-server.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { startStatelessServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';
import { call, META, modernRequest } from './modern-request.ts';

const EVENTS = { onMessage: () => assert.fail('unasked'), onClosed: () => assert.fail('closed') };

function peerOf(t: TestContext, url: URL, credential?: Credential): ModernHttpPeer {
  const endpoint = urlEndpoint('http', url, { 'x-team': 'blue' }) as HttpEndpoint;
  const peer = new ModernHttpPeer(endpoint, EVENTS, new MemoryLog(), credential);
  t.after(() => peer.close());
  return peer;
}

async function open(
  t: TestContext,
  options: HttpServerOptions = {},
  credential?: Credential,
): Promise<{ readonly server: HttpServer; readonly peer: ModernHttpPeer }> {
  const server = await HttpServer.start({ revision: '2026-07-28', ...options });
  t.after(() => server.stop());
  return { server, peer: peerOf(t, server.url, credential) };
}

/** A server whose every answer is made here. */
function misbehaving(t: TestContext, behave: Behave): ReturnType<typeof open> {
  return open(t, { behave });
}

test('a server of the SDK answers calls, with progress on the same stream', async (t) => {
  const server = await startStatelessServer();
  t.after(() => server.close());
  const peer = peerOf(t, server.url);
  assert.equal(await new Asked(peer, call('add', { a: 1, b: 2 })).text(), '3');
  const asked = new Asked(peer, call('progress', { steps: 3, ms: 1 }, { progressToken: 'same' }));
  assert.equal(await asked.text(), 'arrived');
  assert.deepEqual(
    asked.messages.map(({ params }) => [params.progressToken, params.progress]),
    [1, 2, 3].map((step) => ['same', step]),
  );
});

test('the body passes byte for byte, and the headers repeat what it says', async (t) => {
  const bodies: string[] = [];
  const answer = '{ "jsonrpc":"2.0", "id":"ä-1", "result":{"big":12345678901234567890,"unknown":{"a":[]}} }';
  const { server, peer } = await misbehaving(t, ({ message, reply }) => {
    bodies.push(JSON.stringify(message));
    reply(200, answer, { 'content-type': 'application/json' });
    return true;
  });
  const text = `{"jsonrpc":"2.0","id":"ä-1","method":"tools/call","params":{"name":"naïve","arguments":{"n":98765432109876543210},"_meta":{"${META}/protocolVersion":"2026-07-28"}}}`;
  const message = readMessage(text);
  assert.ok(message);
  const asked = new Asked(peer, message, ['mcp-param-region', 'eu', 'x-user', 'ann']);
  assert.equal((await asked.answered()).text, answer);
  assert.equal(asked.status, 200);
  const [seen] = server.seen;
  assert.equal(seen?.headers['content-length'], String(Buffer.byteLength(text)));
  assert.equal(seen?.headers['mcp-protocol-version'], '2026-07-28');
  assert.equal(seen?.headers['mcp-method'], 'tools/call');
  assert.equal(seen?.headers['mcp-name'], `=?base64?${Buffer.from('naïve').toString('base64')}?=`);
  assert.equal(seen?.headers['mcp-param-region'], 'eu');
  assert.equal(seen?.headers['x-user'], 'ann');
  assert.equal(seen?.headers['x-team'], 'blue');
});

test('the name in the headers is that of the method: an address, a task, or none', async (t) => {
  const { server, peer } = await open(t);
  for (const message of [
    modernRequest('resources/read', { uri: 'test://a', name: 'b' }),
    modernRequest('tasks/get', { taskId: 't-1' }),
    modernRequest('completion/complete', { name: 'c' }),
    modernRequest('line\r\nx-evil: 1', {}),
  ]) {
    await new Asked(peer, message).answered();
  }
  assert.deepEqual(
    server.seen.map(({ headers }) => headers['mcp-name']),
    ['test://a', 't-1', undefined, undefined],
  );
  assert.match(String(server.seen[3]?.headers['mcp-method']), /^=\?base64\?/);
  assert.equal(server.seen[3]?.headers['x-evil'], undefined);
});

test('errors of the protocol come with their own HTTP status', async (t) => {
  const { peer } = await open(t);
  const unknown = new Asked(peer, modernRequest('no/such'));
  assert.equal((await unknown.answered()).error?.code, -32601);
  assert.equal(unknown.status, 404);
  const old = new Asked(peer, modernRequest('tools/list', {}, { [`${META}/protocolVersion`]: '1999-01-01' }));
  assert.deepEqual((await old.answered()).error?.data, { supported: ['2026-07-28'] });
  assert.equal(old.status, 400);
});

test('an error without an id is the answer, under the id of the request', async (t) => {
  const { peer } = await misbehaving(t, ({ reply }) => {
    reply(400, { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error', data: { at: 1 } } });
    return true;
  });
  const asked = new Asked(peer, modernRequest('tools/list', {}, {}, 'mine'));
  const { id, error } = await asked.answered();
  assert.equal(id, 'mine');
  assert.deepEqual(error, { code: -32700, message: 'Parse error', data: { at: 1 } });
  assert.equal(asked.status, 400);
});

test('an answer to somebody else, another status, and no JSON at all are failures', async (t) => {
  const answers: Parameters<Parameters<Behave>[0]['reply']>[] = [
    [200, { jsonrpc: '2.0', id: 'other', result: {} }],
    [404, 'no such page'],
    [405],
    [500, 'broken'],
    [200, '<html>'],
  ];
  const { peer } = await misbehaving(t, ({ reply }) => {
    reply(...(answers.shift() ?? [200]));
    return true;
  });
  for (const status of [200, 404, 405, 500, 200]) {
    await assert.rejects(new Asked(peer, modernRequest('tools/list')).answered(), (error) => {
      assert.ok(error instanceof StatusError);
      assert.equal(error.answered, status);
      assert.equal(error.code, 'bad_upstream_answer');
      return true;
    });
  }
});

test('a stream that ends without the answer is a lost connection', async (t) => {
  const { peer } = await misbehaving(t, ({ response }) => {
    startStream(response);
    response.end('event: message\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n');
    return true;
  });
  const asked = new Asked(peer, call('echo'));
  await assert.rejects(asked.answered(), { code: 'connection_lost' });
  assert.equal(asked.messages.length, 1);
});

test('what a stateless server may not say, and what comes after the answer, is dropped', async (t) => {
  const { peer } = await misbehaving(t, ({ response, message }) => {
    startStream(response);
    writeEvent(response, { jsonrpc: '2.0', id: 1, method: 'sampling/createMessage', params: {} });
    writeEvent(response, { jsonrpc: '2.0', id: 'other', result: {} });
    response.write('data: no json\n\n');
    writeEvent(response, { jsonrpc: '2.0', method: 'notifications/odd', params: { a: 1 } });
    writeEvent(response, { jsonrpc: '2.0', id: message?.id, result: { n: 1 } });
    writeEvent(response, { jsonrpc: '2.0', id: message?.id, result: { n: 2 } });
    writeEvent(response, { jsonrpc: '2.0', method: 'notifications/late' });
    response.end();
    return true;
  });
  const asked = new Asked(peer, call('echo'));
  assert.deepEqual(await asked.result(), { n: 1 });
  assert.deepEqual(
    asked.messages.map(({ method }) => method),
    ['notifications/odd'],
  );
});

test('an error that is nested too deeply to be written again still has an answer', async (t) => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  const { peer } = await misbehaving(t, ({ reply }) => {
    reply(400, `{"jsonrpc":"2.0","error":{"code":1,"message":"x","data":${deep}}}`, {
      'content-type': 'application/json',
    });
    return true;
  });
  assert.equal((await new Asked(peer, call('echo')).answered()).error?.code, -32603);
});

test('cancelling closes the stream, and nothing more is heard', async (t) => {
  const { server, peer } = await open(t, { answers: 'stream' });
  const asked = new Asked(peer, call('slow', { ms: 60_000 }));
  await until(() => server.record.count('slow') === 1);
  asked.cancel();
  await until(() => server.record.cancelled.includes('slow'));
  assert.equal(await new Asked(peer, call('echo', { text: 'on' })).text(), 'on');
});

test('closing fails what waits, and what comes after it was never sent', async (t) => {
  const { server, peer } = await open(t);
  const asked = new Asked(peer, call('slow', { ms: 60_000 }));
  await until(() => server.record.count('slow') === 1);
  await peer.close();
  await assert.rejects(asked.answered(), { code: 'connection_lost' });
  await assert.rejects(new Asked(peer, call('echo')).answered(), NotSentError);
});

test('a server that is not there was not reached', async (t) => {
  const { server, peer } = await open(t);
  await server.stop();
  await assert.rejects(new Asked(peer, call('echo')).answered(), NotSentError);
});

test('a redirect within the origin is followed, another is told', async (t) => {
  const { server, peer } = await misbehaving(t, ({ request, reply }) => {
    if (request.url !== '/mcp') return false;
    reply(307, undefined, { location: '/moved' });
    return true;
  });
  assert.equal(await new Asked(peer, call('echo', { text: 'a' })).text(), 'a');
  assert.equal(await new Asked(peer, call('echo', { text: 'b' })).text(), 'b');
  assert.equal(server.seen.length, 3);
  server.behave = ({ reply }) => {
    reply(307, undefined, { location: 'http://127.0.0.2:1/?token=secret' });
    return true;
  };
  await assert.rejects(new Asked(peer, call('echo')).answered(), /redirects to another address/);
  assert.equal(server.seen.length, 4);
  server.behave = ({ reply }) => {
    reply(307, undefined, { location: '/moved' });
    return true;
  };
  await assert.rejects(new Asked(peer, call('echo')).answered(), /redirects to another address/);
});

test('a token that the server refuses is renewed, and its owner hears of a login that is missing', async (t) => {
  const refusals: Refusal[] = [];
  const tokens = ['old', 'new'];
  const credential: Credential = {
    token: () => tokens[0] ?? Promise.reject(authorizationRequired('test', 'No.')),
    refused: async (refusal) => {
      refusals.push(refusal);
      tokens.shift();
    },
  };
  const behave: Behave = ({ request, reply }) => {
    if (request.headers.authorization === 'Bearer new') return false;
    reply(401, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'no' } });
    return true;
  };
  const { server, peer } = await open(t, { behave }, credential);
  assert.equal(await new Asked(peer, call('echo', { text: 'a' })).text(), 'a');
  assert.deepEqual(
    refusals.map(({ status, operation }) => [status, operation]),
    [[401, 'echo']],
  );
  assert.equal(server.record.count('echo'), 1);
  tokens.length = 0;
  await assert.rejects(new Asked(peer, call('echo')).answered(), LoginNeeded);
});

test('a hundred requests at once come back to those who asked', async (t) => {
  const { peer } = await open(t);
  const texts = Array.from({ length: 100 }, (_, n) => `text ${n}`);
  const asked = texts.map((text) => new Asked(peer, call('echo', { text })));
  assert.deepEqual(await Promise.all(asked.map((one) => one.text())), texts);
});
