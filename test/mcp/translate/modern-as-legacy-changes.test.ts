/** Changes that a server of 2026-07-28 tells to subscribers, as an older client hears them: unasked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Behave, startStream, writeEvent } from '../../helpers/http-server.ts';
import type { Json } from '../../helpers/toolset.ts';
import { until } from '../../helpers/wait.ts';
import { META } from '../../upstream/peer/modern-request.ts';
import { httpSession, openBareSession, openSdkSession } from './modern-as-legacy-session.ts';

const TOOLS_CHANGED = 'notifications/tools/list_changed';

test('changes of lists are heard without a tag, once the client is initialized', async (t) => {
  const { session, notify } = await openSdkSession(t);
  await session.ready();
  await until(() => {
    notify.toolsChanged();
    notify.promptsChanged();
    notify.resourcesChanged();
    return session.messages.length >= 3;
  });
  assert.deepEqual(
    new Set(session.messages.map(({ text }) => text)),
    new Set(
      ['tools', 'prompts', 'resources'].map(
        (kind) => `{"jsonrpc":"2.0","method":"notifications/${kind}/list_changed"}`,
      ),
    ),
  );
});

test('a subscription is answered when the server listens, and ends', async (t) => {
  const { session, notify } = await openSdkSession(t);
  await session.ready();
  const updated = (): unknown[] =>
    session.messages.filter(({ method }) => method === 'notifications/resources/updated').map(({ params }) => params);
  const asked = ['test://a', 'test://b'].map((uri) => session.ask('resources/subscribe', { uri }));
  for (const one of asked) assert.deepEqual(await one.result(), {});
  notify.resourceUpdated('test://b');
  notify.resourceUpdated('test://other');
  await until(() => updated().length === 1);
  assert.deepEqual(updated(), [{ uri: 'test://b' }]);
  assert.deepEqual(await session.ask('resources/unsubscribe', { uri: 'test://b' }).result(), {});
  assert.deepEqual(await session.ask('resources/subscribe', { uri: 'test://c' }).result(), {});
  notify.resourceUpdated('test://b');
  notify.resourceUpdated('test://c');
  await until(() => updated().length === 2);
  assert.deepEqual(updated()[1], { uri: 'test://c' });
  assert.equal((await session.ask('resources/subscribe', {}).answered()).error?.code, -32602);
});

/** Serves `subscriptions/listen` by `serve`, which is told how often that was asked. */
function listening(serve: (send: (message: Json) => void, end: () => void, count: number, params: Json) => void): {
  readonly behave: Behave;
  readonly open: () => number;
} {
  let count = 0;
  let open = 0;
  const behave: Behave = ({ message, response, reply }) => {
    if (message?.method === 'server/discover') {
      const capabilities = { tools: { listChanged: true }, resources: { subscribe: true } };
      const result = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities };
      reply(200, { jsonrpc: '2.0', id: message.id, result });
      return true;
    }
    if (message?.method !== 'subscriptions/listen') return false;
    count += 1;
    open += 1;
    response.on('close', () => {
      open -= 1;
    });
    startStream(response);
    const tag = { _meta: { [`${META}/subscriptionId`]: message.id } };
    const send = (one: Json): void => {
      const params = { ...((one.params as Json | undefined) ?? {}), ...tag };
      writeEvent(response, { jsonrpc: '2.0', ...one, ...(one.method === undefined ? { id: message.id } : { params }) });
    };
    serve(send, () => response.end(), count, message.params ?? {});
    return true;
  };
  return { behave, open: () => open };
}

const REFUSAL = { error: { code: -32603, message: 'Subscription limit reached' } };
const ACKNOWLEDGED = { method: 'notifications/subscriptions/acknowledged' };

test('one stream at a time: a new one takes over from the former, and closing ends it', async (t) => {
  const filters: unknown[] = [];
  const server = listening((send, _end, _count, params) => {
    filters.push(params.notifications);
    send(ACKNOWLEDGED);
  });
  const { session } = await openBareSession(t, { behave: server.behave });
  await session.ready();
  await until(() => server.open() === 1);
  await session.ask('resources/subscribe', { uri: 'a' }).result();
  await until(() => filters.length === 2 && server.open() === 1);
  assert.deepEqual(filters, [{ toolsListChanged: true }, { toolsListChanged: true, resourceSubscriptions: ['a'] }]);
  await session.peer.close();
  await until(() => server.open() === 0);
});

test('a stream that breaks is opened again, and the client is told that lists may have changed', async (t) => {
  const server = listening((send, end, count) => {
    send(ACKNOWLEDGED);
    if (count === 1) end();
    else send({ method: 'notifications/resources/updated', params: { uri: 'later' } });
  });
  const { session } = await openBareSession(t, { behave: server.behave });
  await session.ready();
  await until(() => session.messages.length === 2);
  assert.deepEqual(session.heard, [TOOLS_CHANGED, 'notifications/resources/updated']);
});

test('subscribers are told of a server that refuses to be listened to', async (t) => {
  const server = listening((send, end) => {
    send(REFUSAL);
    end();
  });
  const { session } = await openBareSession(t, { behave: server.behave });
  await session.ready();
  assert.equal((await session.ask('resources/subscribe', { uri: 'a' }).answered()).error?.code, -32603);
});

test('a server that refuses to be listened to is left alone, other than one whose stream broke', async (t) => {
  let asked = 0;
  const server = listening((send, end, count) => {
    asked = count;
    if (count === 1) send(REFUSAL);
    if (count > 2) send(ACKNOWLEDGED);
    else end();
  });
  const refused = await openBareSession(t, { behave: server.behave });
  await refused.session.ready();
  await until(() => refused.session.log.matching(/ended the stream/).length === 1);
  const broken = httpSession(t, refused.server.url);
  await broken.ready();
  await until(() => broken.heard.includes(TOOLS_CHANGED));
  assert.equal(asked, 3);
});

test('there are at most a thousand subscriptions', async (t) => {
  const server = listening((send) => send(ACKNOWLEDGED));
  const { session } = await openBareSession(t, { behave: server.behave });
  await session.ready();
  const asked = Array.from({ length: 1_001 }, (_, n) => session.ask('resources/subscribe', { uri: `test://${n}` }));
  const answers = await Promise.all(asked.map((one) => one.answered()));
  assert.equal(answers.filter(({ error }) => error === undefined).length, 1_000);
  assert.equal(answers.at(-1)?.error?.code, -32603);
});

test('what a hostile stream says is passed or dropped, and harms nobody', async (t) => {
  const deep = JSON.parse(`${'['.repeat(3_000)}${']'.repeat(3_000)}`) as Json;
  const server = listening((send) => {
    send({ method: 'notifications/odd', params: { a: 1 } });
    send({ method: TOOLS_CHANGED, params: { deep } });
    send(ACKNOWLEDGED);
    send(ACKNOWLEDGED);
  });
  const { session } = await openBareSession(t, { behave: server.behave });
  await session.ready();
  await until(() => session.heard.includes('notifications/odd'));
  assert.equal(await session.call('echo', { text: 'on' }).text(), 'on');
});
