/** What a document says of servers where people sign in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectPath, connectTool, isConnectPath } from '../../src/openapi/connect.ts';
import { rootDocument, serverDocument } from '../../src/openapi/document.ts';
import type { DocumentedServer } from '../../src/openapi/model.ts';

const info = { title: 'Notes', version: '1', description: 'Notes' };
const tool = { name: 'list', path: 'list', inputSchema: { type: 'object' } };
const open: DocumentedServer = { name: 'open', info, tools: [tool] };
const notes: DocumentedServer = { name: 'notes', info, tools: [tool, connectTool('notes', undefined)], logins: true };

test('its operations tell of the flat answers that lead to a login, those of other servers do not', () => {
  const document = rootDocument([open, notes], { ...info, apiKey: false, pathOf: (s, t) => `/${s.name}/${t.path}` });
  assert.equal(document.paths['/open/list']?.post.responses['401'], undefined);
  for (const path of ['/notes/list', '/notes/connect_notes']) {
    const { responses } = document.paths[path]?.post ?? assert.fail(path);
    assert.deepEqual(responses['401'], { $ref: '#/components/responses/LoginNeeded' });
    assert.deepEqual(responses['403'], { $ref: '#/components/responses/RightsNeeded' });
  }
  const { responses, schemas } = document.components ?? assert.fail();
  assert.deepEqual(responses.LoginNeeded?.content['application/json'].schema, {
    $ref: '#/components/schemas/LoginNeeded',
  });
  assert.deepEqual(schemas.LoginNeeded?.required, ['error', 'message']);
});

test('a document without such servers says nothing of logins', () => {
  assert.doesNotMatch(JSON.stringify(serverDocument(open, { apiKey: true })), /LoginNeeded|RightsNeeded/);
});

const having = (...names: readonly string[]) => ({ byPath: new Map(names.map((name) => [name, {}])) });

test('the operation that tells how to connect makes way for tools of its name', () => {
  assert.equal(connectTool('notes', undefined).path, 'connect_notes');
  assert.equal(connectTool('notes', having('connect_notes')).path, 'latchkey_connect_notes');
  const both = having('connect_notes', 'latchkey_connect_notes');
  assert.equal(connectPath('notes', both), 'latchkey_latchkey_connect_notes');
});

test('a call asks how to connect by any of its names, unless that is a tool of the caller', () => {
  for (const path of ['connect_notes', 'latchkey_connect_notes', 'latchkey_latchkey_connect_notes']) {
    assert.equal(isConnectPath(path, 'notes', undefined), true, path);
    assert.equal(isConnectPath(path, 'notes', having('other')), true, path);
    assert.equal(isConnectPath(path, 'notes', having(path)), false, path);
  }
  for (const path of [
    '',
    'notes',
    'connect_',
    'connect_notes2',
    'xconnect_notes',
    'x/connect_notes',
    'latchkey_notes',
  ]) {
    assert.equal(isConnectPath(path, 'notes', undefined), false, path);
  }
});

test('its one argument is a code that may be left out', () => {
  const { inputSchema, description } = connectTool('notes', undefined);
  const { type, properties, required } = inputSchema as Record<string, Record<string, { type: string }>>;
  assert.deepEqual([type, properties?.code?.type, required], ['object', 'string', undefined]);
  assert.match(description ?? '', /without arguments/);
});

test('the names of tools that others have decide what operations are called, and are not listed', () => {
  const twin = { name: 'n-twin', path: 'n-twin', inputSchema: {} };
  const server: DocumentedServer = { name: 'notes', info, tools: [twin], otherNames: ['n_twin', 'n-twin'] };
  const own = serverDocument(server, { apiKey: false });
  assert.deepEqual(Object.keys(own.paths), ['/n-twin']);
  assert.match(own.paths['/n-twin']?.post.operationId ?? '', /^tool_n_twin_post_[0-9a-f]{6}$/);
  const pathOf = (s: DocumentedServer, t: { readonly path: string }) => `/${s.name}/${t.path}`;
  const other: DocumentedServer = { name: 'a', info, tools: [], otherNames: ['b_c'] };
  const here: DocumentedServer = { name: 'a_b', info, tools: [{ name: 'c', path: 'c', inputSchema: {} }] };
  const before = rootDocument([here, other], { ...info, apiKey: false, pathOf });
  assert.equal(before.paths['/a_b/c']?.post.operationId, 'a_b_c');
  const root = rootDocument([other, here], { ...info, apiKey: false, pathOf });
  assert.deepEqual(Object.keys(root.paths), ['/a_b/c']);
  assert.match(root.paths['/a_b/c']?.post.operationId ?? '', /^a_b_c_[0-9a-f]{6}$/);
});
