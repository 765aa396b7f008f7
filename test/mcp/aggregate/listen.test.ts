/** One subscription made of one at each server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUBSCRIPTION_ID_META } from '../../../src/upstream/protocol.ts';
import { until } from '../../helpers/wait.ts';
import { ModernCaller } from './callers.ts';
import { type Handler, ScriptedServer } from './scripted-server.ts';

const MODERN = { era: 'modern' } as const;
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
type Say = Parameters<Handler>[1];

/** A server that is listened to. */
async function listenable(
  t: Parameters<typeof ScriptedServer.start>[0],
  name: string,
  uris: readonly string[] = [],
): Promise<{ readonly server: ScriptedServer; readonly open: Set<Say> }> {
  const open = new Set<Say>();
  const server = await ScriptedServer.start(
    t,
    name,
    {
      'resources/list': () => ({ resources: uris.map((uri) => ({ uri })) }),
      'resources/templates/list': () => ({ resourceTemplates: [] }),
      'subscriptions/listen': ({ notifications }, say, { id }) => {
        const tagged: Say = (message) => {
          const params = { ...(message.params as object), _meta: { [SUBSCRIPTION_ID_META]: id } };
          say({ ...message, params });
        };
        open.add(tagged);
        tagged({ method: ACKNOWLEDGED, params: { notifications } });
      },
    },
    MODERN,
  );
  return { server, open };
}

function tell(open: Set<Say>, method: string, params: object = {}): void {
  for (const say of open) say({ method, params });
}

test('it is acknowledged once, and what servers tell bears its own id', async (t) => {
  const one = await listenable(t, 'one', ['x:///1']);
  const two = await listenable(t, 'two', ['x:///2']);
  const caller = new ModernCaller(t, [one.server, two.server]);
  const notifications = {
    toolsListChanged: true,
    promptsListChanged: false,
    resourceSubscriptions: ['x:///2', 'x:///no'],
  };
  const listen = caller.ask('subscriptions/listen', { notifications });
  await until(() => one.open.size === 1 && two.open.size === 1);
  for (const { open } of [one, two]) {
    tell(open, 'notifications/tools/list_changed');
    tell(open, 'notifications/prompts/list_changed');
    tell(open, 'notifications/resources/updated', { uri: 'x:///1' });
    tell(open, 'notifications/resources/updated', { uri: 'x:///2', vendor: 1 });
    tell(open, 'vendor/thing');
  }
  await until(() => listen.messages.some(({ method }) => method === 'notifications/tools/list_changed'));
  const [id] = listen.messages.map(({ params }) => (params._meta as Record<string, unknown>)[SUBSCRIPTION_ID_META]);
  assert.equal(id, 1);
  const own = { _meta: { [SUBSCRIPTION_ID_META]: 1 } };
  const honored = { toolsListChanged: true, resourceSubscriptions: ['x:///2'] };
  assert.deepEqual(
    listen.messages.map(({ method, params }) => ({ method, params })),
    [
      { method: ACKNOWLEDGED, params: { notifications: honored, ...own } },
      { method: 'notifications/resources/updated', params: { uri: 'x:///2', vendor: 1, ...own } },
      { method: 'notifications/tools/list_changed', params: own },
    ],
  );
  const filters = [one, two].map(({ server }) => server.asked('subscriptions/listen')[0]?.params?.notifications);
  assert.deepEqual(filters, [{ toolsListChanged: true }, honored]);
  listen.cancel();
});

test('its end ends it at all servers', async (t) => {
  const one = await listenable(t, 'one');
  let closed = 0;
  one.server.server.behave = ({ message, response }) => {
    response.on('close', () => {
      closed += 1;
    });
    return one.server.take(message, response);
  };
  const caller = new ModernCaller(t, [one.server]);
  const listen = caller.ask('subscriptions/listen', { notifications: { toolsListChanged: true } });
  await until(() => one.open.size === 1);
  listen.cancel();
  await until(() => closed === 1);
});

test('who wants nothing is told so, and no server is asked', async (t) => {
  const one = await listenable(t, 'one');
  const caller = new ModernCaller(t, [one.server]);
  const listen = caller.ask('subscriptions/listen', { notifications: {} });
  const { result } = await listen.answered();
  assert.equal(result?.resultType, 'complete');
  assert.equal((result?._meta as Record<string, unknown> | undefined)?.[SUBSCRIPTION_ID_META], 1);
  assert.deepEqual(listen.messages[0]?.params.notifications, {});
  for (const notifications of [undefined, [], { resourceSubscriptions: [1] }, { resourceSubscriptions: 'x' }]) {
    const params = notifications === undefined ? {} : { notifications };
    assert.equal((await caller.ask('subscriptions/listen', params).answered()).error?.code, -32602);
  }
  assert.equal(one.server.asked('subscriptions/listen').length, 0);
});

test('a server that was away is listened to again, and its lists may have changed', async (t) => {
  const one = await listenable(t, 'one');
  const caller = new ModernCaller(t, [one.server]);
  const listen = caller.ask('subscriptions/listen', { notifications: { toolsListChanged: true } });
  await until(() => one.open.size === 1);
  one.server.server.cut();
  await until(() => listen.messages.some(({ method }) => method === 'notifications/tools/list_changed'));
  assert.equal(one.server.asked('subscriptions/listen').length, 2);
  assert.equal(listen.messages.filter(({ method }) => method === ACKNOWLEDGED).length, 1);
  listen.cancel();
});

test('a server that knows no subscriptions is asked once, and again when things have changed', async (t) => {
  const deaf = await ScriptedServer.start(t, 'deaf', {}, MODERN);
  const one = await listenable(t, 'one');
  const caller = new ModernCaller(t, [deaf]);
  const listen = caller.ask('subscriptions/listen', { notifications: { promptsListChanged: true } });
  await until(() => deaf.asked('subscriptions/listen').length === 1);
  caller.members.push(one.server.member);
  // Only once its answer is there it counts as deaf.
  await until(() => {
    caller.peer.membersChanged();
    return deaf.asked('subscriptions/listen').length > 1;
  });
  await until(() => one.open.size === 1);
  await until(() => listen.messages.some(({ method }) => method === 'notifications/prompts/list_changed'));
  assert.equal(one.server.asked('subscriptions/listen').length, 1);
  listen.cancel();
});

test('closing the endpoint ends subscriptions gracefully, and one caller has only so many', async (t) => {
  const one = await listenable(t, 'one');
  const caller = new ModernCaller(t, [one.server]);
  const many = Array.from({ length: 101 }, () =>
    caller.ask('subscriptions/listen', { notifications: { toolsListChanged: true } }),
  );
  const { error } = (await many.at(-1)?.answered()) ?? {};
  assert.equal(error?.code, -32603);
  await until(() => one.open.size === 100);
  await caller.peer.close();
  assert.equal((await many[0]?.answered())?.result?.resultType, 'complete');
});

test('a server that refuses is left alone', async (t) => {
  const deaf = await ScriptedServer.start(t, 'deaf', {}, MODERN);
  const one = await listenable(t, 'one');
  const caller = new ModernCaller(t, [deaf, one.server]);
  const listen = caller.ask('subscriptions/listen', { notifications: { toolsListChanged: true } });
  await until(() => deaf.asked('subscriptions/listen').length === 1 && one.open.size === 1);
  one.server.server.cut();
  // After the same pause the other would have been asked again, too.
  await until(() => one.server.asked('subscriptions/listen').length === 2);
  assert.equal(deaf.asked('subscriptions/listen').length, 1);
  listen.cancel();
});
