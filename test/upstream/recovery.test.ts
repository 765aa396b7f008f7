/** Servers that fail and come back: what is sent again, what never is, and what the caller is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandEndpoint, serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { startSseServer, startStatelessServer, startStreamableServer } from '../helpers/sdk-servers.ts';
import { until } from '../helpers/wait.ts';
import { NO_RETRY, openChild, openHttp, openLink, openSdk, QUICK } from './helper.ts';

test('a child that dies in a call: the call fails and is not run again, the child comes back by itself', async (t) => {
  const child = await openChild(t).ready();
  await assert.rejects(child.call('die', { code: 5 }), {
    code: 'connection_lost',
    status: 500,
    detail: { message: 'Connection closed' },
    privateDetail: 'the process ended with exit code 5',
  });
  await until(() => child.link.state.state === 'ready');
  assert.equal(child.events.starts(), 2);
  assert.equal(child.events.count('tools/call', 'die'), 1);
});

test('a dead child is restarted by the next call', async (t) => {
  const child = await openChild(t, {}, { timings: NO_RETRY }).ready();
  await assert.rejects(child.call('die'), { code: 'connection_lost' });
  assert.equal(child.link.state.state, 'failed');
  assert.equal(await child.call('add', { a: 1, b: 1 }), '2');
  assert.equal(child.events.starts(), 2);
});

test('all calls in flight at a child that dies end at once', async (t) => {
  const child = await openChild(t, {}, { timings: NO_RETRY }).ready();
  const slow = [1, 2, 3].map(() => child.call('slow', { ms: 60_000 }));
  const rejections = slow.map((call) => assert.rejects(call, { code: 'connection_lost' }));
  await until(() => child.events.count('tools/call', 'slow') === 3);
  await assert.rejects(child.call('die'), { code: 'connection_lost' });
  await Promise.all(rejections);
  assert.equal(child.events.count('tools/call', 'slow'), 3);
});

test('a child that dies again and again is spared: callers are told when to come back', async (t) => {
  const timings = { ...QUICK, firstRetryMs: 5_000, longestRetryMs: 60_000, minGapMs: 60_000, stableMs: 60_000 };
  const child = await openChild(t, {}, { timings }).ready();
  await assert.rejects(child.call('die'), { code: 'connection_lost' });
  const refusal = await child.call('echo', { text: 'a' }).then(assert.fail, (error: unknown) => error);
  const { code, status, headers } = refusal as { code: string; status: number; headers: Record<string, string> };
  assert.deepEqual([code, status], ['server_unavailable', 503]);
  assert.ok(Number(headers['retry-after']) >= 3 && Number(headers['retry-after']) <= 7, headers['retry-after']);
  assert.equal(child.events.starts(), 1);
});

test('reasons: a command that does not exist, a child that dies at once, in the handshake, or hangs', async (t) => {
  const missing = openLink(t, serverConfig({ endpoint: commandEndpoint('no-such-command-here', []) }), NO_RETRY);
  assert.match(await missing.failed(), /cannot start no-such-command-here: .*ENOENT/);
  const atStart = openChild(t, { atStart: 'die' }, { timings: NO_RETRY });
  assert.match(await atStart.failed(), /exit code 7; its last words: cannot read my settings/);
  const inHandshake = openChild(t, { onInitialize: 'die' }, { timings: NO_RETRY });
  assert.match(await inHandshake.failed(), /exit code 3/);
  const hanging = openChild(t, { onInitialize: 'hang' }, { timings: { ...NO_RETRY, connectMs: 800 } });
  assert.match(await hanging.failed(), /no answer in time while connecting/);
  // The caller learns that it is down, not why.
  const refusal = await missing.call('echo').then(assert.fail, (error: unknown) => error as Error);
  assert.match(refusal.message, /not available right now/);
  assert.doesNotMatch(JSON.stringify(refusal), /"detail":\{[^}]*no-such-command/);
});

test('last words without an end are told, also where a process that it left behind held the pipe', async (t) => {
  const script = 'printf "cannot read my settings" >&2; sleep 60 > /dev/null & exit 7';
  const dead = openLink(t, serverConfig({ endpoint: commandEndpoint('sh', ['-c', script]) }), NO_RETRY);
  assert.match(await dead.failed(), /exit code 7; its last words: cannot read my settings/);
});

test('a hanging and a dead server delay no other, and are tried again with pauses that grow', async (t) => {
  const timings = { ...QUICK, connectMs: 300, firstRetryMs: 40, longestRetryMs: 10_000, stableMs: 60_000 };
  const hanging = openChild(t, { onInitialize: 'hang' }, { timings });
  const dead = openLink(t, serverConfig({ endpoint: urlEndpoint('http', 'http://127.0.0.1:9/') }), timings);
  hanging.link.start();
  dead.link.start();
  const good = await openChild(t).ready();
  assert.equal(await good.call('add', { a: 1, b: 1 }), '2');
  const pauses = (): number[] =>
    dead.states.flatMap((state) => (state.state === 'failed' ? [state.retryAt - Date.now()] : []));
  await until(() => pauses().length >= 5, 8_000);
  const failures = dead.states.filter((state) => state.state === 'failed');
  assert.match(failures[0]?.reason ?? '', /ECONNREFUSED/);
  // Each pause is the double of the one before, give or take a quarter.
  const [first, last] = [failures[0], failures[4]];
  assert.ok(first && last && last.retryAt - first.retryAt > 40 * (2 + 4 + 8 + 16) * 0.74);
  await until(() => hanging.states.filter(({ state }) => state === 'failed').length >= 2, 8_000);
});

test('a call waits for a connection under way, but not for ever', async (t) => {
  const timings = { ...NO_RETRY, patienceMs: 200 };
  const hanging = openChild(t, { onInitialize: 'hang' }, { timings });
  hanging.link.start();
  await assert.rejects(hanging.call('echo', { text: 'a' }), { code: 'server_unavailable', status: 503 });
  const child = openChild(t);
  child.link.start();
  assert.equal(await child.call('add', { a: 1, b: 1 }), '2');
  assert.equal(child.events.starts(), 1);
});

test('a caller who leaves while connecting is let go; the connection goes on', async (t) => {
  const child = openChild(t, {});
  await assert.rejects(child.call('echo', { text: 'a' }, { timeoutMs: 20 }), { code: 'call_timeout' });
  await until(() => child.link.state.state === 'ready');
  assert.equal(child.events.count('tools/call'), 0);
});

test('closing while connecting to a hanging server ends at once', async (t) => {
  const child = openChild(t, { onInitialize: 'hang' }, { timings: { ...NO_RETRY, connectMs: 3_600_000 } });
  child.link.start();
  await until(() => child.events.count('initialize') === 1);
  await child.link.close();
  assert.equal(child.link.state.state, 'closed');
});

test('connection refused is 503, and the server is back by itself once it listens', async (t) => {
  const server = await HttpServer.start();
  await server.stop();
  t.after(() => server.stop());
  const link = openLink(t, serverConfig({ endpoint: urlEndpoint('http', server.url) }));
  assert.match(await link.failed(), /ECONNREFUSED/);
  const refusal = await link.call('echo', { text: 'a' }).then(assert.fail, (error: unknown) => error);
  const { code, status, headers } = refusal as { code: string; status: number; headers: Record<string, string> };
  assert.deepEqual([code, status], ['server_unavailable', 503]);
  assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/);
  await server.start();
  await until(() => link.link.state.state === 'ready');
  assert.equal(await link.call('add', { a: 1, b: 1 }), '2');
});

test('a server that has gone away is 503; the call was sent to nobody', async (t) => {
  for (const starting of [startStreamableServer, startStatelessServer]) {
    const http = await (await openSdk(t, starting(), 'http', NO_RETRY)).ready();
    await http.server.listening.stop();
    await assert.rejects(http.call('echo', { text: 'a' }), { code: 'server_unavailable', status: 503 });
    await http.server.listening.start();
    assert.equal(await http.call('add', { a: 1, b: 1 }), '2');
    assert.equal(http.server.record.count('echo'), 0);
  }
});

test('a lost session is opened anew and the call sent once more (SDK, 404)', async (t) => {
  const http = await (await openSdk(t, startStreamableServer(), 'http', NO_RETRY)).ready();
  http.server.forget();
  assert.deepEqual(await Promise.all([1, 2, 3].map((b) => http.call('add', { a: 1, b }))), ['2', '3', '4']);
  assert.equal(http.server.record.count('add'), 3);
});

test('a lost session is found right after connecting, too', async (t) => {
  const timings = { ...NO_RETRY, minGapMs: 60_000 };
  const http = await (await openHttp(t, {}, { timings })).ready();
  http.server.forget();
  assert.equal(await http.call('add', { a: 1, b: 1 }), '2');
});

for (const [what, status, body] of [
  [
    '400 with an error object',
    400,
    { jsonrpc: '2.0', error: { code: -32000, message: 'No valid session ID' }, id: null },
  ],
  ['404 as text', 404, 'not here'],
] as const) {
  test(`a lost session told by ${what}`, async (t) => {
    const http = await (await openHttp(t, {}, { timings: NO_RETRY })).ready();
    let lost = 0;
    http.server.behave = ({ name, reply }) => {
      if (name !== 'add' || lost > 0) return false;
      lost += 1;
      reply(status, body);
      return true;
    };
    assert.equal(await http.call('add', { a: 1, b: 1 }), '2');
    assert.equal(http.server.requests('initialize').length, 2);
    assert.equal(http.server.requests('add').length, 2);
    assert.equal(http.server.record.count('add'), 1);
  });
}

test('a 400 in plain words about the session is no proof: a new session, but the call is not sent again', async (t) => {
  const http = await (await openHttp(t, {}, { timings: { ...NO_RETRY, minGapMs: 0 } })).ready();
  let refused = 0;
  http.server.behave = ({ name, reply }) => {
    if (name !== 'add' || refused > 0) return false;
    refused += 1;
    reply(400, 'Invalid or missing session ID');
    return true;
  };
  await assert.rejects(http.call('add', { a: 1, b: 1 }), { code: 'bad_upstream_answer' });
  assert.equal(http.server.requests('add').length, 1);
  assert.equal(await http.call('add', { a: 1, b: 1 }), '2');
  assert.equal(http.server.requests('initialize').length, 2);
});

test('a server that never knows a session is given up after the second send', async (t) => {
  const http = await (await openHttp(t, {}, { timings: NO_RETRY })).ready();
  http.server.behave = ({ name, reply }) => {
    if (name === 'add') reply(404, 'not here');
    return name === 'add';
  };
  await assert.rejects(http.call('add', { a: 1, b: 1 }), { code: 'server_unavailable', status: 503 });
  assert.equal(http.server.requests('add').length, 2);
});

test('404 from a server without sessions is no lost session', async (t) => {
  const http = await (await openHttp(t, { sessions: false }, { timings: NO_RETRY })).ready();
  http.server.behave = ({ name, reply }) => {
    if (name === 'add') reply(404, 'not here');
    return name === 'add';
  };
  await assert.rejects(http.call('add', { a: 1, b: 1 }), { code: 'bad_upstream_answer', status: 502 });
  assert.equal(http.server.requests('add').length, 1);
});

test('a broken connection after the send is never repeated (streamable HTTP)', async (t) => {
  for (const revision of ['2025-11-25', '2026-07-28']) {
    for (const answers of ['json', 'stream'] as const) {
      const http = await (await openHttp(t, { revision, answers }, { timings: NO_RETRY })).ready();
      const call = http.call('slow', { ms: 60_000 });
      const rejected = assert.rejects(call, {
        code: 'connection_lost',
        status: 500,
        detail: { message: 'Connection closed' },
      });
      await until(() => http.server.record.count('slow') === 1);
      http.server.cut();
      await rejected;
      assert.equal(await http.call('add', { a: 1, b: 1 }), '2');
      assert.equal(http.server.requests('slow').length, 1);
      await http.link.close();
    }
  }
});

test('a connection that is closed on arrival of the call is not repeated either', async (t) => {
  const http = await (await openHttp(t, {}, { timings: NO_RETRY })).ready();
  http.server.behave = ({ name, request }) => {
    if (name === 'echo') request.socket.destroy();
    return name === 'echo';
  };
  await assert.rejects(http.call('echo', { text: 'a' }), { code: 'connection_lost' });
  assert.equal(http.server.requests('echo').length, 1);
});

test('a broken connection after the send is never repeated (SSE), and the stream comes back', async (t) => {
  const sse = await (await openSdk(t, startSseServer(), 'sse')).ready();
  const call = sse.call('slow', { ms: 60_000 });
  const rejected = assert.rejects(call, { code: 'connection_lost', status: 500 });
  await until(() => sse.server.record.count('slow') === 1);
  sse.server.listening.cut();
  await rejected;
  await until(() => sse.link.state.state === 'ready');
  assert.equal(await sse.call('add', { a: 1, b: 1 }), '2');
  assert.equal(sse.server.record.count('slow'), 1);
});

test('an SSE session that the server forgot is opened anew', async (t) => {
  const sse = await (await openSdk(t, startSseServer(), 'sse', NO_RETRY)).ready();
  sse.server.forget();
  assert.equal(await sse.call('add', { a: 1, b: 1 }), '2');
  assert.equal(sse.server.record.count('add'), 1);
});

test('an SSE server that has gone away is 503', async (t) => {
  const sse = await (await openSdk(t, startSseServer(), 'sse', NO_RETRY)).ready();
  await sse.server.listening.stop();
  await until(() => sse.link.state.state === 'failed');
  await assert.rejects(sse.call('echo', { text: 'a' }), { code: 'server_unavailable', status: 503 });
  await sse.server.listening.start();
  assert.equal(await sse.call('add', { a: 1, b: 1 }), '2');
});

test('a lost session does not cut the calls that still wait for their answers there', async (t) => {
  const http = await (await openHttp(t, { answers: 'stream' }, { timings: NO_RETRY })).ready();
  const slow = http.call('slow', { ms: 400 });
  await until(() => http.server.record.count('slow') === 1);
  http.server.forget();
  assert.equal(await http.call('add', { a: 1, b: 1 }), '2');
  assert.equal(await slow, '"slept"');
});
