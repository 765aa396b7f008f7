/** The life of a call: time-out, progress, cancellation, on every transport. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CallScope } from '../../src/upstream/call-scope.ts';
import { type SdkServer, startSseServer, startStatelessServer, startStreamableServer } from '../helpers/sdk-servers.ts';
import { until } from '../helpers/wait.ts';
import { type OpenLink, openChild, openHttp, openSdk } from './helper.ts';

interface Case {
  readonly link: OpenLink;
  /** How often the server was told to stop a call. */
  cancelled(): number | Promise<number>;
  /** How often the server ran the tool. */
  count(tool: string): number;
}

type Open = (t: TestContext) => Promise<Case>;

function child(revision: string): Open {
  return async (t) => {
    const link = openChild(t, { revision });
    const cancelled = async () => (JSON.parse(await link.call('cancelled')) as string[]).length;
    return { link, cancelled, count: (tool) => link.events.count('tools/call', tool) };
  };
}

function sdk(start: () => Promise<SdkServer>, kind: 'http' | 'sse' = 'http'): Open {
  return async (t) => {
    const link = await openSdk(t, start(), kind);
    const { record } = link.server;
    return { link, cancelled: () => record.cancelled.length, count: (tool) => record.count(tool) };
  };
}

const CASES: Readonly<Record<string, Open>> = {
  stdio: child('2025-11-25'),
  'stdio, stateless': child('2026-07-28'),
  'streamable HTTP': sdk(startStreamableServer),
  'streamable HTTP, stateless': sdk(startStatelessServer),
  SSE: sdk(startSseServer, 'sse'),
};

for (const [name, open] of Object.entries(CASES)) {
  test(`${name}: a call without an answer ends with 504 and is cancelled at the server`, async (t) => {
    const { link, cancelled, count } = await open(t);
    await link.ready();
    await assert.rejects(link.call('slow', { ms: 60_000 }, { timeoutMs: 300 }), { code: 'call_timeout', status: 504 });
    await until(async () => (await cancelled()) === 1);
    assert.equal(count('slow'), 1);
    assert.equal(await link.call('add', { a: 1, b: 1 }), '2');
  });

  test(`${name}: progress starts the deadline anew`, async (t) => {
    const { link } = await open(t);
    await link.ready();
    const started = Date.now();
    assert.equal(await link.call('progress', { steps: 8, ms: 100 }, { timeoutMs: 600 }), '"arrived"');
    // The call took longer than its time-out, or this proved nothing.
    assert.ok(Date.now() - started > 700);
  });

  test(`${name}: a caller who leaves cancels the call at the server`, async (t) => {
    const { link, cancelled, count } = await open(t);
    await link.ready();
    const scope = new CallScope(60_000);
    const call = link.call('slow', { ms: 60_000 }, { scope });
    await until(() => count('slow') === 1);
    scope.abandon();
    await assert.rejects(call, { code: 'cancelled', status: 499 });
    await until(async () => (await cancelled()) === 1);
  });

  test(`${name}: a caller who has left before the send costs the server nothing`, async (t) => {
    const { link, count } = await open(t);
    await link.ready();
    const scope = new CallScope(60_000);
    scope.abandon();
    await assert.rejects(link.call('echo', { text: 'a' }, { scope }), { code: 'cancelled' });
    assert.equal(await link.call('add', { a: 1, b: 1 }), '2');
    assert.equal(count('echo'), 0);
  });

  test(`${name}: a slow call delays no other`, async (t) => {
    const { link, count } = await open(t);
    await link.ready();
    const scope = new CallScope(60_000);
    const slow = link.call('slow', { ms: 60_000 }, { scope });
    await until(() => count('slow') === 1);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, b) => link.call('add', { a: 0, b })));
    assert.deepEqual(
      answers,
      Array.from({ length: 20 }, (_, b) => String(b)),
    );
    scope.abandon();
    await assert.rejects(slow);
  });
}

test('a tool error and an error object arrive as what they are', async (t) => {
  for (const open of Object.values(CASES)) {
    const { link } = await open(t);
    await link.ready();
    await assert.rejects(link.call('fail', { text: "it's over" }), {
      code: 'tool_error',
      detail: { message: "it's over" },
    });
    const thrown = { code: -32001, message: 'no such row', data: { row: 7 } };
    const error = await link.call('rpc-error', thrown).then(assert.fail, (reason: unknown) => reason as Error);
    assert.equal(error.name, 'RpcError');
    assert.match(error.message, /no such row/);
    await link.link.close();
  }
});

test('cancelling over streamable HTTP is a notification before 2026-07-28, and a closed stream since', async (t) => {
  for (const revision of ['2025-11-25', '2026-07-28']) {
    const http = await (await openHttp(t, { revision })).ready();
    await assert.rejects(http.call('slow', { ms: 60_000 }, { timeoutMs: 100 }), { code: 'call_timeout' });
    await until(() => http.server.record.cancelled.length === 1);
    const notes = http.server.requests('notifications/cancelled');
    assert.equal(notes.length, revision === '2026-07-28' ? 0 : 1);
    const [call] = http.server.requests('slow');
    if (notes[0] !== undefined) assert.equal(notes[0].message?.params?.requestId, call?.message?.id);
  }
});

test('progress that comes on the GET stream counts, too', async (t) => {
  const http = await (await openHttp(t)).ready();
  await until(() => http.server.streams === 1);
  const ticks = setInterval(() => {
    const [call] = http.server.requests('slow');
    const { progressToken } = (call?.message?.params?._meta ?? {}) as { progressToken?: unknown };
    http.server.announce({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } });
  }, 50);
  t.after(() => clearInterval(ticks));
  assert.equal(await http.call('slow', { ms: 900 }, { timeoutMs: 500 }), '"slept"');
});

test('a thousand calls at once leave no listeners and no warnings', async (t) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const { link } = await sdk(() => startStreamableServer({ json: true }))(t);
  await link.ready();
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, b) => link.call('add', { a: 0, b })));
  assert.equal(answers[999], '999');
  assert.deepEqual(warnings, []);
});
