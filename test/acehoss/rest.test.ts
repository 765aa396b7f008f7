/** Tool calls over `/api` as callers of acehoss/mcp-gateway know them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { until } from '../helpers/wait.ts';
import { raw } from '../http/raw.ts';
import { type Case, tell } from './cases.ts';
import { ours, published, sharedGateway, strict } from './gateway.ts';
import { RestSession, textOf } from './rest-client.ts';

const gateway = sharedGateway({
  debug: { level: 'debug' },
  servers: {
    everything: published('everything'),
    filesystem: published('filesystem', '.'),
    small: strict(),
    twin: strict(),
    absent: { command: 'no-such-program' },
  },
});
const url = (): string => gateway().url;
const session = (): RestSession => new RestSession(url());

function call(path: string, body: unknown = {}, ...headers: readonly string[]): Case['request'] {
  return { method: 'POST', path: `/api/${path}`, body, headers };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const NO_ROUTE = { status: 404, body: 'Invalid REST route' };
const NO_SESSION = { status: 400, body: 'sessionId query parameter is required' };
const NO_SERVER = { status: 404, body: 'Server not found' };

describe('a session id', () => {
  test('is a new UUID each time', async () => {
    const ids = await Promise.all([1, 2].map(() => raw(url(), { path: '/api/sessionid' })));
    for (const { status, body, headers } of ids) {
      assert.equal(status, 200);
      assert.equal(headers['content-type'], 'application/json');
      assert.match(body, /^\{"sessionId":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\}$/);
    }
    assert.notEqual(ids[0]?.body, ids[1]?.body);
  });

  test('starts a session', async () => {
    const { sessionId } = JSON.parse((await raw(url(), { path: '/api/sessionid' })).body) as { sessionId: string };
    const known = new RestSession(url(), [], sessionId);
    assert.equal(await known.text('small/count'), '1');
    assert.equal(await known.text('small/count'), '2');
  });

  tell(
    ['any-words', '7', '%C3%A4', 'a%20b', '__proto__', 'constructor'].map((id) => ({
      name: `may be any text: ${id}`,
      request: call(`small/count?sessionId=${id}`),
      status: 200,
      body: { content: [{ type: 'text', text: '1' }] },
      headers: JSON_TYPE,
    })),
    url,
  );
});

describe('refusals come in their order', () => {
  tell(
    [
      { name: 'a path of one segment is no route', request: call('small'), ...NO_ROUTE },
      { name: 'a path of no segment is no route', request: call(''), ...NO_ROUTE },
      { name: 'a path without a tool is no route, session or not', request: call('nowhere?sessionId=x'), ...NO_ROUTE },
      { name: 'no session is told before an unknown server', request: call('nowhere/echo', 'no json'), ...NO_SESSION },
      { name: 'an empty session id is none', request: call('small/echo?sessionId='), ...NO_SESSION },
      { name: 'the name of the session id has its case', request: call('small/echo?sessionid=x'), ...NO_SESSION },
      { name: 'the first session id counts', request: call('small/echo?sessionId=&sessionId=x'), ...NO_SESSION },
      {
        name: 'an unknown server is told before the body is read',
        request: call('nowhere/echo?sessionId=x', 'no json'),
        ...NO_SERVER,
      },
      {
        name: 'an empty body is refused',
        request: call('small/echo?sessionId=x', ''),
        status: 500,
        body: /^SyntaxError: ./,
      },
      {
        name: 'a body that is no JSON is refused before anything is started',
        request: call('absent/echo?sessionId=x', '{"half":'),
        status: 500,
        body: /^SyntaxError: ./,
      },
      {
        name: 'a program that cannot be started is told',
        request: call('absent/echo?sessionId=x'),
        status: 500,
        body: 'Error: spawn no-such-program ENOENT',
      },
      {
        name: 'a program that cannot be started is told again',
        request: call('absent/echo?sessionId=x'),
        status: 500,
        body: 'Error: spawn no-such-program ENOENT',
      },
      ...['constructor', 'toString', '__proto__', 'hasOwnProperty'].map((name) => ({
        name: `no server is called ${name}`,
        request: call(`${name}/echo?sessionId=x`),
        ...NO_SERVER,
        isOurs: true,
      })),
    ],
    url,
  );
});

describe('a result is what the server says', () => {
  tell(
    [
      {
        name: 'unwrapped, with its structured content',
        request: call('small/structured?sessionId=results'),
        status: 200,
        body: '{"content":[{"type":"text","text":"{\\"n\\":1}"}],"structuredContent":{"n":1}}',
        headers: JSON_TYPE,
      },
      {
        name: 'empty where it is empty',
        request: call('small/empty?sessionId=results'),
        status: 200,
        body: '{}',
        headers: JSON_TYPE,
      },
      {
        name: 'with 200 for a tool that fails',
        request: call('small/refuse?sessionId=results'),
        status: 200,
        body: { content: [{ type: 'text', text: 'refused' }], isError: true },
        headers: JSON_TYPE,
      },
      {
        name: 'with 200 and the bare error for a JSON-RPC error',
        request: call('small/fail?sessionId=results'),
        status: 200,
        body: '{"code":-32602,"message":"failed","data":{"why":"asked to"}}',
        headers: JSON_TYPE,
      },
      {
        name: 'with 200 for a tool that a server of the TypeScript SDK does not have',
        request: call('everything/nope?sessionId=typescript'),
        status: 200,
        body: {
          content: [{ type: 'text', text: 'MCP error -32602: Tool nope not found' }],
          isError: true,
        },
        headers: JSON_TYPE,
      },
      {
        name: 'with 200 for arguments that it does not take',
        request: call('everything/echo?sessionId=typescript', { wrong: 1 }),
        status: 200,
        body: /"isError":true/,
        headers: JSON_TYPE,
      },
      {
        name: 'after notifications, which are passed over',
        request: call('small/notify?sessionId=results'),
        status: 200,
        body: { content: [{ type: 'text', text: 'notified' }] },
      },
      {
        name: 'whatever the type of the request',
        request: call('small/echo?sessionId=results', { a: [1, 'zwei'] }, 'Content-Type', 'text/plain'),
        status: 200,
        body: { content: [{ type: 'text', text: '{"a":[1,"zwei"]}' }] },
      },
      {
        name: 'with other parameters in the query passed over',
        request: call('small/echo?x=1&sessionId=results&y=2'),
        status: 200,
        body: { content: [{ type: 'text', text: '{}' }] },
      },
      {
        name: 'with doubled slashes and one at the end',
        request: call('/small//echo/?sessionId=results'),
        status: 200,
        body: { content: [{ type: 'text', text: '{}' }] },
      },
      {
        name: 'to lists, too',
        request: call('small/echo?sessionId=results', '[1]'),
        status: 200,
        body: { content: [{ type: 'text', text: '[1]' }] },
      },
    ],
    url,
  );

  test('of server-everything', async () => {
    const { status, body } = await session().post('everything/echo', { message: 'hallo' });
    assert.deepEqual([status, JSON.parse(body)], [200, { content: [{ type: 'text', text: 'Echo: hallo' }] }]);
  });

  test('of server-filesystem', async () => {
    writeFileSync(join(gateway().folder, 'note.txt'), 'Grüße');
    const result = await session().result('filesystem/read_text_file', { path: 'note.txt' });
    assert.equal(textOf(result), 'Grüße');
    assert.deepEqual(result.structuredContent, { content: 'Grüße' });
    const outside = await session().result('filesystem/read_text_file', { path: '/etc/hostname' });
    assert.equal(outside.isError, true);
    assert.match(textOf(outside), /Access denied/);
  });
});

describe('a session', () => {
  test('keeps its process and what that remembers; another has another', async () => {
    const [one, other] = [session(), session()];
    assert.equal(await one.text('small/count'), '1');
    assert.equal(await one.text('small/count'), '2');
    assert.equal(await other.text('small/count'), '1');
    const pid = await one.pid('small');
    assert.equal(await one.pid('small'), pid);
    assert.notEqual(await other.pid('small'), pid);
  });

  test('begins at the same time as others', async () => {
    const ids = await Promise.all([session(), session(), session()].map((each) => each.pid('small')));
    assert.equal(new Set(ids).size, 3);
  });

  // There the first of two calls in one session is never answered.
  ours('talks at the same time as another, and holds several calls itself', async () => {
    const [one, other] = [session(), session()];
    const held = one.text('small/hold', { key: 'mine' });
    await until(async () => (await one.text('small/holding')) === '1');
    assert.equal(await other.text('small/count'), '1');
    assert.equal(await one.text('small/release'), 'released');
    assert.equal(await held, 'mine');
  });

  ours('is one for each server of its id', async () => {
    const both = session();
    assert.equal(await both.text('small/count'), '1');
    assert.equal(await both.text('twin/count'), '1');
    assert.equal(await both.text('everything/echo', { message: 'and this' }), 'Echo: and this');
    assert.equal(await both.text('small/count'), '2');
    assert.notEqual(await both.pid('small'), await both.pid('twin'));
  });
});
