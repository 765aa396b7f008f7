/** Stdio: children that speak well, badly, or not at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../helpers/wait.ts';
import { NO_RETRY, openChild } from './helper.ts';

test('initialises, lists and calls', async (t) => {
  const child = await openChild(t, { instructions: 'be kind' }).ready();
  assert.deepEqual(child.records[0]?.info, { name: 'test-server', version: '1.2.3', instructions: 'be kind' });
  assert.equal(await child.call('add', { a: 1, b: 2 }), '3');
  assert.equal(await child.call('echo', { text: 'grüß dich' }), '"grüß dich"');
});

for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28']) {
  test(`a server that speaks ${revision}`, async (t) => {
    const child = await openChild(t, { revision }).ready();
    assert.equal(await child.call('add', { a: 1, b: 2 }), '3');
    assert.equal(child.records[0]?.info.name, 'test-server');
  });
}

test('an unknown revision is a reason of its own', async (t) => {
  const child = openChild(t, { revision: '1999-01-01' }, { timings: NO_RETRY });
  assert.match(await child.failed(), /revision "1999-01-01"/);
});

test('garbage, empty lines, half messages and strange ids on stdout are ignored', async (t) => {
  const child = await openChild(t, { noise: true }).ready();
  const answers = await Promise.all([1, 2, 3].map((b) => child.call('add', { a: 1, b })));
  assert.deepEqual(answers, ['2', '3', '4']);
});

test('characters that arrive byte by byte stay whole', async (t) => {
  const child = await openChild(t, { splitWrites: true }).ready();
  assert.equal(await child.call('echo', { text: 'жук 😀 Ω' }), '"жук 😀 Ω"');
});

test('a result of 10 MiB', async (t) => {
  const child = await openChild(t).ready();
  const text = await child.call('big', { bytes: 10 * 1024 * 1024 });
  assert.equal(text.length, 10 * 1024 * 1024 + 2);
});

test('a result over 32 MiB fails alone; the connection goes on', async (t) => {
  const child = await openChild(t).ready();
  await assert.rejects(child.call('big', { bytes: 33 * 1024 * 1024 }), { code: 'bad_upstream_answer', status: 502 });
  assert.equal(await child.call('add', { a: 1, b: 1 }), '2');
  assert.equal(child.events.starts(), 1);
});

test('an answer that is no JSON-RPC is a bad answer', async (t) => {
  const child = await openChild(t).ready();
  // Ids count from 1: initialize, tools/list, then this call.
  await assert.rejects(child.call('raw', { text: '{"jsonrpc":"2.0","id":3}\n' }), { code: 'bad_upstream_answer' });
});

test('an error without an id belongs to the only request that waits', async (t) => {
  const child = await openChild(t).ready();
  const text = '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}\n';
  await assert.rejects(child.call('raw', { text }), { code: -32700, message: 'Parse error' });
});

test('a batch of answers', async (t) => {
  const child = await openChild(t).ready();
  const text = '[{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":3,"result":{"content":[]}}]\n';
  assert.equal(await child.call('raw', { text }), '[]');
});

test('an answer just before the end of the process is delivered', async (t) => {
  const child = await openChild(t).ready();
  assert.equal(await child.call('answer-and-die'), '"last"');
});

test('a ping of the server is answered, any other question refused', async (t) => {
  const child = await openChild(t).ready();
  const questions = '{"jsonrpc":"2.0","id":"p","method":"ping"}\n{"jsonrpc":"2.0","id":"r","method":"roots/list"}\n';
  const answer = '{"jsonrpc":"2.0","id":3,"result":{"content":[]}}\n';
  await child.call('raw', { text: questions + answer });
  await until(() => child.events.count('') === 2);
});

test('all pages of the tool list', async (t) => {
  const child = await openChild(t, { extraTools: 250, pageSize: 40 }).ready();
  assert.equal(child.toolNames.filter((name) => name.startsWith('extra-')).length, 250);
  assert.equal(new Set(child.toolNames).size, child.toolNames.length);
  assert.equal(child.events.count('tools/list'), 7);
});
