/** Calls of several servers at one endpoint: who gets them, as what, and what comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureMessage } from '../../../src/mcp/failures.ts';
import { notificationMessage } from '../../../src/upstream/peer/message.ts';
import { until } from '../../helpers/wait.ts';
import { LegacyCaller } from './callers.ts';
import { ScriptedServer, withTools } from './scripted-server.ts';

test('a call reaches its server under the name that the server knows', async (t) => {
  const files = await ScriptedServer.start(t, 'files', withTools('read', 'a__b', 'ü'));
  const mail = await ScriptedServer.start(t, 'mail', withTools('read', 'connect_mail'));
  const caller = await LegacyCaller.ready(t, [files, mail]);
  const listed = await caller.listed('tools/list');
  const called: unknown[] = [];
  for (const name of listed) called.push(await caller.ask('tools/call', { name }).text());
  assert.deepEqual(called, ['read', 'a__b', 'ü', 'read', 'connect_mail']);
  assert.equal(files.asked('tools/call').length, 3);
});

test('a call without a list before asks only the server that can have the tool', async (t) => {
  const files = await ScriptedServer.start(t, 'files', withTools('read'));
  const mail = await ScriptedServer.start(t, 'mail', withTools('read'));
  const caller = await LegacyCaller.ready(t, [files, mail]);
  assert.equal(await caller.ask('tools/call', { name: 'mail__read' }).text(), 'read');
  assert.deepEqual(files.seen, []);
  for (const name of ['mail__other', 'mail__more', 'read', 'nobody__x']) {
    const { error } = await caller.ask('tools/call', { name }).answered();
    assert.deepEqual(error, { code: -32602, message: `Unknown tool: ${name}` });
  }
  assert.equal(mail.asked('tools/list').length, 1, 'a fresh list is not read for every wrong name');
  const { error } = await caller.ask('tools/call', {}).answered();
  assert.equal(error?.code, -32602);
});

test('a server that cannot be asked for its tools fails the call, in words that name it', async (t) => {
  const dead = await ScriptedServer.start(t, 'dead', withTools('read'));
  await dead.server.stop();
  const caller = await LegacyCaller.ready(t, [dead]);
  const asked = caller.ask('tools/call', { name: 'dead__read' });
  const error: unknown = await asked.answered().catch((failed: unknown) => failed);
  const { code, message, data } = failureMessage(1, error).error ?? {};
  assert.equal(message, 'dead: The server cannot be reached; try again shortly.');
  assert.deepEqual([code, data], [-32000, { error: 'server_unavailable' }]);
});

test('arguments, results and errors pass as they are', async (t) => {
  const result = '{"content":[{"type":"vendor","x":9007199254740993}],"more":1.0,"_meta":{"a":1}}';
  const server = await ScriptedServer.start(t, 's', {
    ...withTools('ok', 'bad'),
    'tools/call': ({ name }) => {
      if (name === 'ok') return result;
      throw { code: -32042, message: 'Go there', data: { elicitations: [{ url: 'https://x.test/' }] } };
    },
  });
  const caller = await LegacyCaller.ready(t, [server]);
  const params = { name: 's__ok', arguments: { big: 9007199254740993n }, vendor: true };
  const { text } = await caller.ask('tools/call', params).answered();
  assert.equal(text, `{"jsonrpc":"2.0","id":2,"result":${result}}`);
  const body = JSON.stringify(server.asked('tools/call')[0]);
  assert.match(body, /"vendor":true/);
  const { error } = await caller.ask('tools/call', { name: 's__bad' }).answered();
  assert.deepEqual(error, { code: -32042, message: 'Go there', data: { elicitations: [{ url: 'https://x.test/' }] } });
});

test('prompts and their completions reach their server', async (t) => {
  const server = await ScriptedServer.start(t, 's', {
    'prompts/list': () => ({ prompts: [{ name: 'hi' }] }),
    'prompts/get': ({ name }) => ({ messages: [], description: name }),
    'completion/complete': ({ ref }) => ({ completion: { values: [(ref as { name: string }).name] } }),
  });
  const caller = await LegacyCaller.ready(t, [server]);
  assert.deepEqual(await caller.listed('prompts/list'), ['s__hi']);
  assert.equal((await caller.result('prompts/get', { name: 's__hi' })).description, 'hi');
  const ref = { type: 'ref/prompt', name: 's__hi' };
  const argument = { name: 'a', value: '' };
  assert.deepEqual(await caller.result('completion/complete', { ref, argument }), { completion: { values: ['hi'] } });
  const { error } = await caller.ask('prompts/get', { name: 's__no' }).answered();
  assert.deepEqual(error, { code: -32602, message: 'Unknown prompt: s__no' });
});

test('progress and logs of a call come with it; a log says which server it is from', async (t) => {
  const server = await ScriptedServer.start(t, 's', {
    ...withTools('slow'),
    'tools/call': ({ _meta }, say) => {
      const { progressToken } = _meta as { progressToken: string };
      say({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
      say({ method: 'notifications/message', params: { level: 'info', data: 'a' } });
      say({ method: 'notifications/message', params: { level: 'info', logger: 'own', data: 'b' } });
      return { content: [] };
    },
  });
  const caller = await LegacyCaller.ready(t, [server]);
  const asked = caller.ask('tools/call', { name: 's__slow', _meta: { progressToken: 'mine' } });
  await asked.answered();
  assert.deepEqual(
    asked.messages.map(({ params }) => params.progressToken ?? params.logger),
    ['mine', 's', 'own'],
  );
  const [list] = server.asked('tools/list');
  assert.equal(JSON.stringify(list).includes('mine'), false, 'the token is that of the call alone');
});

test('a cancelled call is cancelled at its server, by either way', async (t) => {
  const server = await ScriptedServer.start(t, 's', { ...withTools('slow'), 'tools/call': () => undefined });
  const caller = await LegacyCaller.ready(t, [server]);
  await caller.listed('tools/list');
  const first = caller.ask('tools/call', { name: 's__slow' });
  await until(() => server.asked('tools/call').length === 1);
  first.cancel();
  await until(() => server.asked('notifications/cancelled').length === 1);
  caller.ask('tools/call', { name: 's__slow' });
  await until(() => server.asked('tools/call').length === 2);
  const requestId = server.asked('tools/call')[1]?.id;
  caller.peer.send(notificationMessage('notifications/cancelled', { requestId, reason: 'mine' }));
  await until(() => server.asked('notifications/cancelled').length === 2);
  assert.deepEqual(server.asked('notifications/cancelled')[1]?.params, { requestId, reason: 'mine' });
});

test('a call that is cancelled before its way is found is never sent', async (t) => {
  const server = await ScriptedServer.start(t, 's', withTools('one'));
  const caller = await LegacyCaller.ready(t, [server]);
  caller.ask('tools/call', { name: 's__one' }).cancel();
  assert.equal(await caller.ask('tools/call', { name: 's__one' }).text(), 'one');
  assert.equal(server.asked('tools/call').length, 1);
});

test('a server that ends fails its calls, and is opened again by the next', async (t) => {
  const server = await ScriptedServer.start(t, 's', { ...withTools('slow', 'fast') });
  const echo = server.on['tools/call'];
  server.on['tools/call'] = (params, ...rest) => (params.name === 'slow' ? undefined : echo?.(params, ...rest));
  const caller = await LegacyCaller.ready(t, [server]);
  await caller.listed('tools/list');
  const slow = caller.ask('tools/call', { name: 's__slow' });
  await until(() => server.asked('tools/call').length === 1);
  await server.server.stop();
  const data = { error: 'connection_lost' };
  await assert.rejects(slow.answered(), { code: -32000, message: 's: Connection closed', data });
  await server.server.start();
  await until(async () => {
    const asked = caller.ask('tools/call', { name: 's__fast' });
    return (await asked.text().catch(() => '')) === 'fast';
  });
});

test('what nobody knows is refused, and ping is answered', async (t) => {
  const caller = await LegacyCaller.ready(t, []);
  const { error } = await caller.ask('vendor/method').answered();
  assert.deepEqual(error, { code: -32601, message: 'Method not found: vendor/method' });
  assert.deepEqual(await caller.result('ping'), {});
  assert.deepEqual(await caller.listed('tools/list'), []);
});
