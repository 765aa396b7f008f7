/** Calls in sessions of `/api`: what goes to the server and what comes back, side by side, and when it fails. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RestSession } from '../../acehoss/rest-client.ts';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { ChildRecord, childEndpoint, isRunning } from '../../helpers/configs.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { until } from '../../helpers/wait.ts';
import { raw } from '../raw.ts';
import { startFor } from '../start-for.ts';
import { script, strict } from './sse-servers.ts';

/** Answers each call with a long number, what is no member of MCP, and the line of the call as it came. */
const EXACT = script(`
const say = (id, rest) => console.log('{"jsonrpc":"2.0","id":' + id + ',' + rest + '}');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const began = '{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}';
  if (method === 'initialize') say(id, '"result":' + began);
  else if (params?.name === 'null') say(id, '"result":null');
  else if (params?.name === 'error') say(id, '"error":{"code":-5,"message":"m","data":{"n":12345678901234567891}}');
  else if (id !== undefined) say(id, '"result":{"n":12345678901234567891,"line":' + JSON.stringify(line) + '}');
}).on('close', () => process.exit());
`);

/** Knows no method. */
const REFUSING = script(`
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id } = JSON.parse(line);
  console.log(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'PRIVATE' } }));
}).on('close', () => process.exit());
`);

let app: RunningApp;
before(async () => {
  app = await startApp({
    servers: {
      one: { ...strict('--banner'), disabledTools: ['count'] },
      exact: EXACT,
      short: { ...strict(), timeout: 0.2 },
      absent: { command: 'no-such-program' },
      dies: script('process.exit(3)'),
      refuses: REFUSING,
    },
  });
});
after(() => app.close());

const call = (path: string, body = '{}', ...headers: readonly string[]) =>
  raw(app.url, { method: 'POST', path: `/api/${path}`, body, headers });

describe('what a call carries', () => {
  it('is exact, both ways', async () => {
    const { body } = await call('exact/x?sessionId=1', '{"n":12345678901234567890,"__proto__":{"a":"ä\\u0000"}}');
    assert.match(body, /^\{"n":12345678901234567891,"line":/);
    const { method, params } = JSON.parse((JSON.parse(body) as { line: string }).line);
    assert.deepEqual([method, params.name], ['tools/call', 'x']);
    assert.ok(
      body.includes('\\"arguments\\":{\\"n\\":12345678901234567890,\\"__proto__\\":{\\"a\\":\\"ä\\\\u0000\\"}}'),
      body,
    );
    assert.equal(
      (await call('exact/error?sessionId=1')).body,
      '{"code":-5,"message":"m","data":{"n":12345678901234567891}}',
    );
  });

  it('may be any JSON, of any content type or none', async () => {
    for (const body of ['null', '7', '[1,{}]', '"text"', 'false']) {
      const answer = await call('one/echo?sessionId=1', body);
      assert.equal(JSON.parse(answer.body).content[0].text, body);
    }
    for (const type of ['', 'text/html', 'nonsense', 'application/json; charset=utf-8']) {
      assert.equal((await call('one/echo?sessionId=1', '{}', 'content-type', type)).status, 200, type);
    }
  });

  it('is refused where it is no JSON, or takes too long to read', async () => {
    const [empty, half] = [await call('one/echo?sessionId=1', ''), await call('one/echo?sessionId=1', '{"half":')];
    assert.deepEqual([empty.status, empty.body], [500, 'SyntaxError: Unexpected end of JSON input']);
    assert.deepEqual([half.status, half.body.slice(0, 13)], [500, 'SyntaxError: ']);
    const deep = await call('one/echo?sessionId=1', `${'['.repeat(2_000)}${']'.repeat(2_000)}`);
    assert.equal(deep.status, 413);
    assert.match(deep.body, /^Error: The body is nested more than 512 levels deep/);
  });

  it('reaches no tool that the entry hides', async () => {
    const { status, body } = await call('one/count?sessionId=1');
    assert.deepEqual([status, body], [200, '{"code":-32602,"message":"Unknown tool: count"}']);
  });
});

describe('an answer', () => {
  it('is the result, or the bare error, without the envelope', async () => {
    const session = new RestSession(app.url);
    assert.equal((await session.post('one/empty')).body, '{}');
    assert.equal((await session.post('exact/null')).body, '{}', 'as the original has it');
    assert.deepEqual(await session.result('one/refuse'), {
      content: [{ type: 'text', text: 'refused' }],
      isError: true,
    });
    const error = await session.post('one/fail');
    const failed = '{"code":-32602,"message":"failed","data":{"why":"asked to"}}';
    assert.deepEqual([error.status, error.headers['content-type'], error.body], [200, 'application/json', failed]);
  });

  it('is never that of another call', async () => {
    const session = new RestSession(app.url);
    const held = ['a', 'b', 'c'].map((key) => session.text('one/hold', { key }));
    await until(async () => (await session.text('one/holding')) === '3');
    assert.equal(await session.text('one/release'), 'released');
    assert.deepEqual(await Promise.all(held), ['a', 'b', 'c']);
  });

  it('comes though the server talks of other things, and asks', async () => {
    const session = new RestSession(app.url);
    assert.equal(await session.text('one/notify'), 'notified');
    assert.equal(await session.text('one/noise'), 'after the noise');
    assert.equal(await session.text('one/split'), 'Zürich 東京 😀');
    assert.equal(await session.text('one/ask', { method: 'ping' }), '{}');
    for (const method of ['sampling/createMessage', 'roots/list', 'elicitation/create', 'made/up']) {
      assert.equal(JSON.parse(await session.text('one/ask', { method })).code, -32601, method);
    }
  });
});

describe('a call that nobody waits for', () => {
  it('is cancelled at the server, and the session goes on', async () => {
    const session = new RestSession(app.url);
    const pid = await session.pid('one');
    const leaving = new AbortController();
    const left = fetch(`${app.url}/api/one/hold?sessionId=${session.id}`, {
      method: 'POST',
      body: '{"key":"gone"}',
      signal: leaving.signal,
    });
    await until(async () => (await session.text('one/holding')) === '1');
    leaving.abort();
    await assert.rejects(left);
    await until(async () => (await session.text('one/cancelled')) === '["gone"]');
    assert.equal(await session.pid('one'), pid);
    await until(() => app.records.some(({ status, code }) => status === 499 && code === 'cancelled'));
  });

  it('any more because of the time limit is told to its caller', async () => {
    const session = new RestSession(app.url);
    const { body, status } = await session.post('short/slow', { ms: 60_000 });
    assert.equal(status, 504);
    assert.equal(
      body,
      'Error: The server did not answer within 0.2 seconds. The call was cancelled; it may have had effects.',
    );
    assert.ok(await session.pid('short'), 'the session goes on');
  });
});

describe('progress', () => {
  it('prolongs a call', async (t) => {
    const { command, args } = childEndpoint();
    const { url } = await startFor(t, { servers: { long: { command, args, timeout: 1 } } });
    const session = new RestSession(url);
    assert.equal(await session.text('long/progress', { steps: 8, ms: 200 }), 'arrived');
    assert.equal((await session.post('long/slow', { ms: 60_000 })).status, 504);
  });
});

describe('a process that dies', () => {
  it('in a call fails it at once, and the next call begins anew', async (t) => {
    const record = new ChildRecord();
    t.after(() => record.remove());
    const { command, args } = childEndpoint({ record: record.file });
    const { url } = await startFor(t, { servers: { child: { command, args } } });
    const session = new RestSession(url);
    const pid = await session.pid('child');
    const { status, body } = await session.post('child/die');
    assert.deepEqual([status, body], [500, 'Error: Connection closed']);
    assert.notEqual(await session.pid('child'), pid);
    assert.equal(record.count('tools/call', 'die'), 1, 'it may have run, so it is not repeated');
  });

  it('between two calls is not noticed', async () => {
    const session = new RestSession(app.url);
    for (let count = 0; count < 5; count += 1) {
      const pid = await session.pid('one');
      process.kill(pid, 'SIGKILL');
      // Now and then the call comes before the gateway has heard of it.
      if (count % 2 === 0) await until(() => !isRunning(pid));
      const { status, body } = await session.post('one/pid');
      if (status === 500) assert.equal(body, 'Error: Connection closed', 'it was sent to a dying process');
      else assert.notEqual(JSON.parse(body).content[0].text, String(pid));
    }
  });

  it('at once, or that begins no session, is told', async () => {
    assert.equal((await call('dies/x?sessionId=1')).body, 'Error: Connection closed');
    const refused = await call('refuses/x?sessionId=1');
    assert.deepEqual([refused.status, refused.body], [502, 'Error: The server does not begin a session.']);
  });

  it('or cannot be started is told, and tried again by the next call', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'api-calls-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const command = join(folder, 'node');
    const { url } = await startFor(t, { servers: { one: { ...strict(), command } } });
    const session = new RestSession(url);
    const { status, body } = await session.post('one/pid');
    assert.deepEqual([status, body], [500, `Error: spawn ${command} ENOENT`]);
    symlinkSync(process.execPath, command);
    assert.ok(await session.pid('one'));
  });
});

describe('a server', () => {
  it('without sessions has a process for each session, too', async (t) => {
    const { command, args } = childEndpoint({ revision: '2026-07-28' });
    const { url } = await startFor(t, { servers: { modern: { command, args } } });
    const [one, other] = [new RestSession(url), new RestSession(url)];
    const pids = [await one.pid('modern'), await other.pid('modern')];
    assert.notEqual(pids[0], pids[1]);
    assert.equal(await one.pid('modern'), pids[0]);
    assert.equal((await one.end()).status, 204);
    assert.deepEqual(pids.map(isRunning), [false, true]);
  });

  it('elsewhere has a session for each of ours, and hears the headers that it may', async (t) => {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const entry = { type: 'streamable-http', url: server.url.href, client_header_forwarding: { enabled: true } };
    const { url } = await startFor(t, { servers: { far: entry } });
    const [one, other] = [new RestSession(url, ['x-mine', '1']), new RestSession(url)];
    for (const session of [one, other, one]) await session.result('far/echo', { text: 'x' });
    const calls = server.seen.filter(({ message }) => message?.method === 'tools/call');
    assert.equal(new Set(calls.map(({ headers }) => headers['mcp-session-id'])).size, 2);
    assert.deepEqual(
      calls.map(({ headers }) => headers['x-mine']),
      ['1', undefined, '1'],
    );
  });

  it('elsewhere that forgets its sessions is asked for another, and the call is not lost', async (t) => {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const { url } = await startFor(t, { servers: { far: { type: 'streamable-http', url: server.url.href } } });
    const session = new RestSession(url);
    await session.result('far/echo', { text: 'x' });
    let isForgotten = false;
    server.behave = ({ name, reply }) => {
      if (isForgotten || name !== 'echo') return false;
      isForgotten = true;
      reply(404);
      return true;
    };
    assert.equal(await session.text('far/echo', { text: 'again' }), 'again');
    assert.equal(server.record.count('echo'), 2);
  });

  it('elsewhere that is down is told with the time to try again, and without its address', async (t) => {
    const { url } = await startFor(t, {
      servers: { down: { type: 'streamable-http', url: 'http://127.0.0.1:9/PRIVATE' } },
    });
    const { status, headers, body } = await new RestSession(url).post('down/x');
    assert.deepEqual([status, body], [503, 'Error: The server "down" cannot be reached; try again shortly.']);
    assert.equal(headers['retry-after'], '5');
  });
});
