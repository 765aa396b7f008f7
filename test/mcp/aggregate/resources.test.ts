/** Resources of several servers at one endpoint: whose a URI is, and who may speak for it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../../helpers/wait.ts';
import { LegacyCaller } from './callers.ts';
import { type Handler, ScriptedServer } from './scripted-server.ts';

const UPDATED = 'notifications/resources/updated';

function withResources(
  name: string,
  uris: readonly string[],
  templates: readonly string[] = [],
): Record<string, Handler> {
  return {
    'resources/list': () => ({ resources: uris.map((uri) => ({ uri, name: uri })) }),
    'resources/templates/list': () => ({ resourceTemplates: templates.map((uriTemplate) => ({ uriTemplate })) }),
    'resources/read': ({ uri }) => ({ contents: [{ uri, text: name }] }),
    'resources/subscribe': () => ({}),
    'resources/unsubscribe': () => ({}),
    'completion/complete': () => ({ completion: { values: [name] } }),
  };
}

async function twoServers(t: TestContext): Promise<{ a: ScriptedServer; b: ScriptedServer; caller: LegacyCaller }> {
  const a = await ScriptedServer.start(
    t,
    'a',
    withResources('a', ['x:///1', 'x:///both'], ['x:///a/{id}', 'y:///{id}']),
  );
  const b = await ScriptedServer.start(
    t,
    'b',
    withResources('b', ['x:///2', 'x:///both', 'y:///own'], ['x:///{+all}']),
  );
  return { a, b, caller: await LegacyCaller.ready(t, [a, b]) };
}

async function reader(caller: LegacyCaller, uri: string): Promise<unknown> {
  const { contents } = await caller.result('resources/read', { uri });
  return (contents as { text: string }[] | undefined)?.[0]?.text;
}

test('a URI is read at the first server that lists it or has a template for it, whatever later ones list', async (t) => {
  const { a, caller } = await twoServers(t);
  const readers: unknown[] = [];
  for (const uri of ['x:///1', 'x:///2', 'x:///both', 'x:///a/7', 'x:///a/7/8', 'y:///own', 'y:///7']) {
    readers.push(await reader(caller, uri));
  }
  assert.deepEqual(readers, ['a', 'b', 'a', 'a', 'b', 'a', 'a']);
  assert.equal(a.asked('resources/list').length, 1);
});

test('a URI that nobody has is not found, and nobody is asked for it', async (t) => {
  const { a, b, caller } = await twoServers(t);
  for (let round = 0; round < 2; round += 1) {
    const { error } = await caller.ask('resources/read', { uri: 'z:///1' }).answered();
    assert.deepEqual(error, { code: -32002, message: 'Resource not found', data: { uri: 'z:///1' } });
  }
  assert.equal((await caller.ask('resources/read', {}).answered()).error?.code, -32002);
  for (const server of [a, b]) {
    assert.equal(server.asked('resources/read').length, 0);
    assert.equal(server.asked('resources/list').length, 1);
  }
});

test('completions for a template reach its server', async (t) => {
  const { caller } = await twoServers(t);
  for (const [uri, owner] of [
    ['x:///a/{id}', 'a'],
    ['x:///{+all}', 'b'],
    ['x:///2', 'b'],
  ]) {
    const params = { ref: { type: 'ref/resource', uri }, argument: { name: 'id', value: '' } };
    assert.deepEqual(await caller.result('completion/complete', params), { completion: { values: [owner] } });
  }
});

test('updates pass only from the server that has the resource', async (t) => {
  const { a, b, caller } = await twoServers(t);
  for (const uri of ['x:///1', 'x:///2', 'y:///7']) await caller.result('resources/subscribe', { uri });
  assert.deepEqual(
    a.asked('resources/subscribe').map(({ params }) => params?.uri),
    ['x:///1', 'y:///7'],
  );
  assert.deepEqual(
    b.asked('resources/subscribe').map(({ params }) => params?.uri),
    ['x:///2'],
  );
  await until(() => a.server.streams === 1 && b.server.streams === 1);
  for (const uri of ['x:///1', 'y:///7', 'x:///2', 'z:///9', 'y:///7/below', 'x:///2']) {
    b.announce({ method: UPDATED, params: { uri, vendor: 1 } });
  }
  await until(() => caller.told(UPDATED).length === 2);
  for (const uri of ['x:///2', 'y:///7/below', 'x:///1']) a.announce({ method: UPDATED, params: { uri } });
  await until(() => caller.told(UPDATED).length === 4);
  assert.deepEqual(
    caller.told(UPDATED).map(({ params }) => params.uri),
    ['x:///2', 'x:///2', 'y:///7/below', 'x:///1'],
  );
  await caller.result('resources/unsubscribe', { uri: 'x:///1' });
  assert.equal(a.asked('resources/unsubscribe').length, 1);
});
