/** The lists of several servers as one: order, names, pages, limits, and servers that are away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../helpers/wait.ts';
import { LegacyCaller } from './callers.ts';
import { ScriptedServer, withTools } from './scripted-server.ts';

test('one page has the tools of all servers, in the order of the configuration', async (t) => {
  const files = await ScriptedServer.start(t, 'files', withTools('read', 'a__b'));
  const mail = await ScriptedServer.start(t, 'mail', withTools('read', 'connect_mail'));
  const caller = await LegacyCaller.ready(t, [mail, files]);
  assert.deepEqual(await caller.listed('tools/list'), ['mail__read', 'connect_mail', 'files__read', 'files__a__b']);
  const { nextCursor } = await caller.result('tools/list');
  assert.equal(nextCursor, undefined);
  const refused = await caller.ask('tools/list', { cursor: 'x' }).answered();
  assert.equal(refused.error?.code, -32602);
});

test('what a server says of a tool stays as it is, and integers stay exact', async (t) => {
  const tool = `{"name":"odd","title":"Odd","vendor":{"id":9007199254740993},"inputSchema":{"type":"object","x-y":[1]}}`;
  const server = await ScriptedServer.start(t, 's', { 'tools/list': () => `{"tools":[${tool}]}` });
  const caller = await LegacyCaller.ready(t, [server]);
  const { text } = await caller.ask('tools/list').answered();
  assert.equal(text, `{"jsonrpc":"2.0","id":2,"result":{"tools":[${tool.replace('"odd"', '"s__odd"')}]}}`);
});

test('all pages are read, and of two entries with one name the last counts', async (t) => {
  const pages: Record<string, object> = {
    first: { tools: [{ name: 'a', v: 1 }, { name: 'b' }, { no: 'name' }, null, { name: '' }], nextCursor: 'second' },
    second: { tools: [{ name: 'a', v: 2 }, { name: 'c' }] },
  };
  const server = await ScriptedServer.start(t, 's', { 'tools/list': ({ cursor = 'first' }) => pages[String(cursor)] });
  const caller = await LegacyCaller.ready(t, [server]);
  const { tools } = await caller.result('tools/list');
  assert.deepEqual(tools, [{ name: 's__a', v: 2 }, { name: 's__b' }, { name: 's__c' }]);
});

test('a server without end, without sense or with far too much hides only its own', async (t) => {
  const fine = await ScriptedServer.start(t, 'fine', withTools('one'));
  const endless = await ScriptedServer.start(t, 'endless', {
    'tools/list': () => ({ tools: [], nextCursor: 'again' }),
  });
  const odd = await ScriptedServer.start(t, 'odd', { 'tools/list': () => ({ tools: 'none' }) });
  const much = await ScriptedServer.start(t, 'much', {
    'tools/list': () => ({ tools: Array.from({ length: 10_001 }, (_, at) => ({ name: `t${at}` })) }),
  });
  const many = await ScriptedServer.start(t, 'many', withTools(...Array.from({ length: 5_000 }, (_, at) => `t${at}`)));
  const caller = await LegacyCaller.ready(t, [endless, odd, much, fine, many]);
  const listed = await caller.listed('tools/list');
  assert.equal(listed.length, 5_001);
  assert.deepEqual(listed.slice(0, 2), ['fine__one', 'many__t0']);
  assert.ok(endless.asked('tools/list').length <= 1_000);
  const out = caller.log.matching(/left out/).map(({ fields }) => fields.server);
  assert.deepEqual(out.sort(), ['endless', 'much', 'odd']);
});

test('a list that is nested too deeply to be written is left out, and those of other servers stay', async (t) => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const server = await ScriptedServer.start(t, 's', {
    'tools/list': () => `{"tools":[{"name":"deep","x":${deep}},{"name":"flat"}]}`,
  });
  const fine = await ScriptedServer.start(t, 'fine', withTools('one'));
  const caller = await LegacyCaller.ready(t, [server, fine]);
  assert.deepEqual(await caller.listed('tools/list'), ['fine__one']);
});

test('a server that is dead or hangs is left out, and the log says so once', async (t) => {
  const fine = await ScriptedServer.start(t, 'fine', withTools('one'));
  const dead = await ScriptedServer.start(t, 'dead', withTools('one'));
  const hangs = await ScriptedServer.start(t, 'hangs', { 'tools/list': () => undefined }, { timeoutMs: 100 });
  await dead.server.stop();
  const caller = await LegacyCaller.ready(t, [dead, hangs, fine]);
  for (let round = 0; round < 3; round += 1) assert.deepEqual(await caller.listed('tools/list'), ['fine__one']);
  const out = caller.log.matching(/left out/).map(({ fields }) => fields.server);
  assert.deepEqual(out.sort(), ['dead', 'hangs']);
  assert.equal(hangs.asked('tools/list').length, 1, 'it is not asked again while it is being asked');
});

test('a server that answers too late is told of, and its list is there then', async (t) => {
  const fine = await ScriptedServer.start(t, 'fine', withTools('one'));
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = await ScriptedServer.start(
    t,
    'slow',
    { 'tools/list': () => gate.then(() => ({ tools: [{ name: 'late' }] })) },
    { timeoutMs: 100 },
  );
  const caller = await LegacyCaller.ready(t, [slow, fine]);
  assert.deepEqual(await caller.listed('tools/list'), ['fine__one']);
  release();
  await until(() => caller.told('notifications/tools/list_changed').length === 1);
  assert.deepEqual(await caller.listed('tools/list'), ['slow__late', 'fine__one']);
  assert.equal(slow.asked('tools/list').length, 1);
  assert.equal(caller.log.matching(/back in/).length, 1);
});

test('a server that comes back is told of when it has answered something else', async (t) => {
  const server = await ScriptedServer.start(t, 's', { ...withTools('one'), 'prompts/list': () => ({ prompts: [] }) });
  await server.server.stop();
  const caller = await LegacyCaller.ready(t, [server]);
  assert.deepEqual(await caller.listed('tools/list'), []);
  await server.server.start();
  assert.deepEqual(await caller.listed('prompts/list'), []);
  await until(() => caller.told('notifications/tools/list_changed').length === 1);
  assert.deepEqual(await caller.listed('tools/list'), ['s__one']);
});

test('a list that never works is not announced again and again', async (t) => {
  const server = await ScriptedServer.start(t, 's', {
    ...withTools('one'),
    'prompts/list': () => {
      throw { code: -32603, message: 'broken' };
    },
  });
  const caller = await LegacyCaller.ready(t, [server]);
  await caller.listed('prompts/list');
  await caller.listed('tools/list');
  await until(() => caller.told('notifications/prompts/list_changed').length === 1);
  await until(() => server.server.streams === 1);
  await caller.listed('prompts/list');
  await caller.listed('tools/list');
  // What comes of that comes before this.
  server.announce({ method: 'notifications/resources/list_changed' });
  await until(() => caller.told('notifications/resources/list_changed').length === 1);
  assert.equal(caller.told('notifications/prompts/list_changed').length, 1);
});

test('servers without prompts are not asked for them, and those that know no such list have none', async (t) => {
  const without = await ScriptedServer.start(t, 'without', withTools('one'), { capabilities: { tools: {} } });
  const quiet = await ScriptedServer.start(t, 'quiet', withTools('one'));
  const caller = await LegacyCaller.ready(t, [without, quiet]);
  assert.deepEqual(await caller.listed('prompts/list'), []);
  assert.deepEqual(await caller.listed('resources/templates/list'), []);
  assert.equal(without.asked('prompts/list').length, 0);
  assert.equal(quiet.asked('prompts/list').length, 1);
  assert.deepEqual(caller.log.lines, []);
});

test('a URI that two servers list belongs to the first, and the log says so once', async (t) => {
  const has = (...uris: string[]) => ({
    'resources/list': () => ({ resources: uris.map((uri) => ({ uri, name: 'x' })) }),
    'resources/templates/list': () => ({ resourceTemplates: [{ uriTemplate: 'x:///{id}', name: 'x' }] }),
  });
  const first = await ScriptedServer.start(t, 'first', has('x:///1', 'x:///2'));
  const second = await ScriptedServer.start(t, 'second', has('x:///2', 'x:///3', 'x:///1'));
  const caller = await LegacyCaller.ready(t, [first, second]);
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(await caller.listed('resources/list'), ['x:///1', 'x:///2', 'x:///3']);
    assert.deepEqual(await caller.listed('resources/templates/list'), ['x:///{id}']);
  }
  assert.equal(caller.log.lines.length, 1);
  assert.doesNotMatch(JSON.stringify(caller.log.lines), /x:\/\/\//);
});
