/** What a `subscriptions/listen` asks for, and what is said on its stream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announces, CHANGED_LISTS, changedBy, changedMethod } from '../../src/mcp/capabilities.ts';
import {
  type ListenFilter,
  listsIn,
  MOST_URIS,
  readFilter,
  tagged,
  writtenFilter,
} from '../../src/mcp/subscriptions.ts';
import { notificationMessage, readMessage, requestMessage } from '../../src/upstream/peer/message.ts';

function read(notifications: unknown): ListenFilter | undefined {
  return readFilter(requestMessage(1, 'subscriptions/listen', { notifications }));
}

test('a filter is read as it was written, each resource once', () => {
  const filter: ListenFilter = { lists: ['tools', 'resources'], uris: ['a:1', 'a:2'] };
  assert.deepEqual(read(writtenFilter(filter)), filter);
  const twice = { promptsListChanged: true, toolsListChanged: 'yes', resourceSubscriptions: ['a:1', 'a:1'] };
  assert.deepEqual(read(twice), { lists: ['prompts'], uris: ['a:1'] });
  assert.deepEqual(writtenFilter({ lists: [], uris: [] }), {});
});

test('what is no filter is none, though it may name lists', () => {
  const many = Array.from({ length: MOST_URIS + 1 }, (_, at) => `a:${at}`);
  assert.equal(read({ resourceSubscriptions: many.slice(1) })?.uris.length, MOST_URIS);
  for (const uris of [many, null, 'a:1', [7]]) assert.equal(read({ resourceSubscriptions: uris }), undefined);
  for (const odd of [undefined, null, [], 'tools']) assert.equal(read(odd), undefined);
  assert.deepEqual(listsIn({ toolsListChanged: true, resourceSubscriptions: null }), ['tools']);
});

test('messages keep what they say, and name their subscription, whatever they named before', () => {
  const key = 'io.modelcontextprotocol/subscriptionId';
  const said = notificationMessage('notifications/resources/updated', { uri: 'a:1', _meta: { [key]: 'other', x: 1 } });
  assert.deepEqual(tagged(said, 's')?.params, { uri: 'a:1', _meta: { [key]: 's', x: 1 } });
  assert.deepEqual(tagged(notificationMessage('n'), 7)?.params, { _meta: { [key]: 7 } });
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const odd = readMessage(`{"jsonrpc":"2.0","method":"n","params":{"x":${deep}}}`);
  assert.ok(odd !== undefined);
  assert.equal(tagged(odd, 's'), undefined);
});

test('a list is known by the notification that it has changed, and by what a server declares', () => {
  for (const list of CHANGED_LISTS) assert.equal(changedBy(changedMethod(list)), list);
  for (const other of ['notifications/roots/list_changed', 'constructor']) assert.equal(changedBy(other), undefined);
  assert.ok(announces({ tools: { listChanged: true } }, 'tools'));
  for (const odd of [
    undefined,
    [],
    { tools: true },
    { tools: { listChanged: 1 } },
    { prompts: { listChanged: true } },
  ]) {
    assert.equal(announces(odd, 'tools'), false);
  }
});
