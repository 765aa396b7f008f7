/** The paths of `/api`: what is refused in which order, to whom they are open, and what the log says of them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RestSession } from '../../acehoss/rest-client.ts';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { until } from '../../helpers/wait.ts';
import { raw } from '../raw.ts';
import { startFor } from '../start-for.ts';
import { Pids, strict } from './sse-servers.ts';

const KEY = 'SECRET-of-the-gateway';

describe('a path', () => {
  const pids = new Pids();
  let app: RunningApp;
  before(async () => {
    app = await startApp({ servers: { one: strict(pids.flag), 'with/slash': strict(), toString: strict() } });
  });
  after(async () => {
    await app.close();
    pids.remove();
  });

  const told = async (method: string, path: string, body?: string): Promise<unknown[]> => {
    const answer = await raw(app.url, { method, path, ...(body === undefined ? {} : { body }) });
    return [answer.status, answer.body];
  };

  it('is refused in the order of the contract, before anything is started', async () => {
    const cases: readonly [string, string, number, string][] = [
      ['POST', '/api/', 404, 'Invalid REST route'],
      ['POST', '/api/one', 404, 'Invalid REST route'],
      ['POST', '/api//one//', 404, 'Invalid REST route'],
      ['POST', '/api/with/slash?sessionId=1', 404, 'Invalid REST route'],
      ['GET', '/api/one', 404, 'Invalid REST route'],
      ['POST', '/api/sessionid', 404, 'Invalid REST route'],
      ['GET', '/api/one/pid?sessionId=1', 405, 'Method Not Allowed'],
      ['PUT', '/api/nowhere/pid', 405, 'Method Not Allowed'],
      ['OPTIONS', '/api/one/pid?sessionId=1', 405, 'Method Not Allowed'],
      ['POST', '/api/nowhere/pid', 400, 'sessionId query parameter is required'],
      ['POST', '/api/one/pid?sessionid=1', 400, 'sessionId query parameter is required'],
      ['POST', '/api/one/pid?sessionId=&sessionId=1', 400, 'sessionId query parameter is required'],
      ['POST', '/api/nowhere/pid?sessionId=1', 404, 'Server not found'],
      ['POST', '/api/constructor/pid?sessionId=1', 404, 'Server not found'],
      ['POST', '/api/__proto__/pid?sessionId=1', 404, 'Server not found'],
      ['POST', '/api/one/pid?sessionId=1', 500, 'SyntaxError: Unexpected end of JSON input'],
    ];
    for (const [method, path, ...expected] of cases) {
      assert.deepEqual(await told(method, path), expected, `${method} ${path}`);
    }
    const allowed = await raw(app.url, { path: '/api/one/pid?sessionId=1' });
    assert.equal(allowed.headers.allow, 'POST');
    assert.deepEqual(pids.all(), []);
  });

  it('is found with doubled slashes, escapes and names that hold slashes', async () => {
    for (const path of ['/api//one//echo/', '/api/one/ech%6F', '/api/with/slash/echo', '/api/toString/echo']) {
      const [status] = await told('POST', `${path}?sessionId=1&more=1`, '{}');
      assert.equal(status, 200, path);
      assert.match(String((await told('POST', `${path}?sessionId=1`, '{}'))[1]), /"text":"\{\}"/, path);
    }
  });

  it('gives a session id for each GET', async () => {
    const UUID = /^\{"sessionId":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\}$/;
    const ids = new Set<string>();
    for (const path of ['/api/sessionid', '/api/sessionid/', '/api/sessionid?x=1']) {
      const { status, headers, body } = await raw(app.url, { path });
      assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
      assert.match(body, UUID);
      ids.add(body);
    }
    assert.equal(ids.size, 3);
    assert.deepEqual(await told('DELETE', '/api/sessionid'), [400, 'sessionId query parameter is required']);
  });

  it('starts nothing for a page of somebody else', async () => {
    const before = pids.all().length;
    const path = '/api/one/echo?sessionId=foreign';
    const pages = [
      ['origin', 'https://evil.example', 'content-type', 'text/plain'],
      ['origin', 'null', 'content-type', 'application/x-www-form-urlencoded'],
      ['sec-fetch-site', 'cross-site', 'sec-fetch-mode', 'no-cors'],
    ];
    for (const headers of pages) {
      const { status } = await raw(app.url, { method: 'POST', path, headers, body: '{}' });
      assert.equal(status, 403, headers.join());
    }
    assert.equal(pids.all().length, before);
    const own = ['origin', app.url, 'sec-fetch-site', 'same-origin'];
    assert.equal((await raw(app.url, { method: 'POST', path, headers: own, body: '{}' })).status, 200);
  });
});

it('where a key is configured nothing of it is open, and nothing is started without', async (t) => {
  const pids = new Pids();
  t.after(() => pids.remove());
  const app = await startFor(t, { servers: { one: strict(pids.flag) }, argv: ['--api-key', KEY] });
  for (const [method, path] of [
    ['GET', '/api/sessionid'],
    ['DELETE', '/api/sessionid?sessionId=1'],
    ['POST', '/api/one/echo?sessionId=1'],
    ['POST', '/api/nowhere/echo'],
  ] as const) {
    for (const headers of [[], ['authorization', 'Bearer wrong']]) {
      assert.equal((await raw(app.url, { method, path, headers, body: '{}' })).status, 401, `${method} ${path}`);
    }
  }
  assert.deepEqual(pids.all(), []);
  assert.ok(await new RestSession(app.url, ['authorization', `Bearer ${KEY}`]).pid('one'));
});

it('the log names server and listed tool, the metrics count it, and neither holds anything of the caller', async (t) => {
  const mcpServers = { one: strict() };
  const app = await startFor(t, { mcpServers, argv: ['--api-key', KEY] });
  const session = new RestSession(app.url, ['authorization', `Bearer ${KEY}`], 'SECRET-session');
  await session.result('one/echo', { text: 'SECRET-argument' });
  await session.result('one/refuse', {});
  await session.result('one/SECRET-tool', {});
  await session.post('SECRET-server/echo');
  await session.end();
  const lines = await until(() => {
    const found = app.records.filter(({ route }) => String(route).startsWith('/api'));
    return found.length === 5 && found;
  });
  assert.doesNotMatch(JSON.stringify(app.records), /SECRET/);
  const seen = lines.map(({ msg, method, route, status, server, tool, code }) => [
    ...[msg, method, route, status, server, tool, code],
  ]);
  const route = '/api/:server/:tool';
  assert.deepEqual(seen, [
    ['call', 'POST', route, 200, 'one', 'echo', undefined],
    ['call', 'POST', route, 200, 'one', 'refuse', 'tool_error'],
    ['request', 'POST', route, 200, 'one', undefined, 'rpc_error'],
    ['request', 'POST', route, 404, undefined, undefined, 'not_found'],
    ['request', 'DELETE', '/api/sessionid', 204, undefined, undefined, undefined],
  ]);
  const metrics = await (await app.get('/metrics', { authorization: `Bearer ${KEY}` })).text();
  assert.match(metrics, /^latchkey_tool_calls_total\{server="one",tool="echo"\} 1$/m);
  assert.match(metrics, /^latchkey_tool_errors_total\{server="one",tool="refuse",code="tool_error"\} 1$/m);
  assert.doesNotMatch(metrics, /SECRET/);
});
