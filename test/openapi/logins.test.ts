/** What a document says of servers where people sign in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectTool } from '../../src/openapi/connect.ts';
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

test('the operation that tells how to connect makes way for a tool of its name', () => {
  assert.equal(connectTool('notes', undefined).path, 'connect_notes');
  const taken = { byPath: new Map([['connect_notes', {}]]) };
  assert.equal(connectTool('notes', taken).path, 'latchkey_connect_notes');
});
