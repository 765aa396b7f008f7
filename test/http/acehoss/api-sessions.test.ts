/** Sessions of `/api`: whose they are, how many there may be, how they begin and how they end. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { RestSession } from '../../acehoss/rest-client.ts';
import { isRunning } from '../../helpers/configs.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { McpSession } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';
import { accounts } from '../login-story.ts';
import { basic, type RawAnswer } from '../raw.ts';
import { startFor } from '../start-for.ts';
import { Pids, script, strict } from './sse-servers.ts';

const as = (name: string): readonly string[] => ['authorization', basic(name, `${name}-pw`)];
const told = ({ status, headers, body }: RawAnswer): unknown[] => [status, headers['retry-after'] !== undefined, body];

describe('a session', () => {
  it('is one process for each id and server, whatever the entry shares', async (t) => {
    const { url } = await startFor(t, { servers: { one: { ...strict(), isolation: 'shared' }, two: strict() } });
    const [ours, other] = [new RestSession(url), new RestSession(url)];
    const pids = [await ours.pid('one'), await ours.pid('two'), await other.pid('one')];
    assert.equal(new Set(pids).size, 3);
    assert.equal(await ours.pid('one'), pids[0]);
    assert.deepEqual([await ours.text('one/count'), await ours.text('one/count')], ['1', '2']);
    assert.equal(await other.text('one/count'), '1');
  });

  it("is its principal's alone: who knows the id gets another, and cannot end the first", async (t) => {
    const { url } = await startFor(t, { servers: { one: strict() }, keys: accounts('ann', 'ben') });
    const [ann, ben] = [new RestSession(url, as('ann'), 'known'), new RestSession(url, as('ben'), 'known')];
    const pid = await ann.pid('one');
    assert.deepEqual(told(await ben.end()), [404, false, 'No such session']);
    assert.notEqual(await ben.pid('one'), pid);
    assert.equal((await ben.end()).status, 204);
    assert.equal(await ann.pid('one'), pid);
  });

  it('ends at all servers when its caller says so, and begins anew', async (t) => {
    const { url } = await startFor(t, { servers: { one: strict(), two: strict() } });
    const session = new RestSession(url);
    const pids = [await session.pid('one'), await session.pid('two')];
    assert.equal((await session.end()).status, 204);
    assert.deepEqual(pids.filter(isRunning), []);
    assert.equal((await session.end()).status, 404);
    assert.ok(!pids.includes(await session.pid('one')));
  });

  it('fails what is under way when its caller ends it', async (t) => {
    const { url } = await startFor(t, { servers: { one: strict() } });
    const session = new RestSession(url);
    const held = session.post('one/hold', { key: 'x' });
    await until(async () => (await session.text('one/holding')) === '1');
    await session.end();
    assert.deepEqual(told(await held), [500, false, 'Error: Connection closed']);
  });

  it('ends when nobody has called for a while, and never during a call', async (t) => {
    const { url } = await startFor(t, { servers: { one: strict() }, keys: { sessions: { idle_minutes: 0.005 } } });
    const [rests, works] = [new RestSession(url), new RestSession(url)];
    const [pid] = [await rests.pid('one'), await works.text('one/count')];
    const slow = works.post('one/slow', { ms: 1_500 });
    await until(() => !isRunning(pid));
    assert.notEqual(await rests.pid('one'), pid);
    assert.equal((await slow).status, 200);
  });
});

describe('too many processes', () => {
  it('of one caller are refused with the time until one ends by itself, and counted with those of MCP', async (t) => {
    const keys = { sessions: { per_principal: 2, idle_minutes: 2 }, ...accounts('ann', 'ben') };
    const { url } = await startFor(t, { servers: { one: strict() }, keys });
    const headers = { authorization: basic('ann', 'ann-pw') };
    const mcp = await McpSession.open(`${url}/one/mcp`, { headers, capabilities: { roots: {} } });
    const first = new RestSession(url, as('ann'));
    const pid = await first.pid('one');
    const refused = await new RestSession(url, as('ann')).post('one/pid');
    const text = 'Error: You have 2 sessions with processes of their own or at /api; close some, or try again later.';
    assert.deepEqual(told(refused), [429, true, text]);
    const seconds = Number(refused.headers['retry-after']);
    assert.ok(seconds > 60 && seconds <= 120, `${seconds}`);
    assert.ok(await new RestSession(url, as('ben')).pid('one'), 'another caller');
    assert.equal(await first.pid('one'), pid, 'what there is goes on');
    await first.end();
    assert.ok(await new RestSession(url, as('ann')).pid('one'), 'there is room again');
    await mcp.end();
  });

  it('of strangers count as those of one caller, and those of all are refused to everybody', async (t) => {
    const keys = { sessions: { per_principal: 1, total: 2 } };
    const { url } = await startFor(t, { servers: { one: strict() }, keys });
    const first = new RestSession(url);
    const held = first.post('one/hold', { key: 'x' });
    await until(async () => (await first.text('one/holding')) === '1');
    const refused = await new RestSession(url).post('one/pid');
    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '30'], 'none rests');
    await first.end();
    await held;
    const people = await startFor(t, {
      servers: { one: strict() },
      keys: { sessions: { total: 1 }, ...accounts('ann', 'ben') },
    });
    await new RestSession(people.url, as('ann')).pid('one');
    const text = 'Error: All callers together have 1 sessions with processes of their own or at /api.';
    assert.deepEqual(told(await new RestSession(people.url, as('ben')).post('one/pid')), [503, true, text]);
  });

  it('are counted where the server is no process of ours, too', async (t) => {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const servers = { far: { type: 'streamable-http', url: server.url.href } };
    const { url } = await startFor(t, { servers, keys: { sessions: { per_principal: 1 } } });
    const first = new RestSession(url);
    await first.result('far/echo', { text: 'x' });
    assert.equal((await new RestSession(url).post('far/echo', {})).status, 429);
    await first.end();
    assert.equal((await new RestSession(url).post('far/echo', {})).status, 200);
  });
});

/** Adds its process id to the file that its first argument names; answers `initialize` once there is one of its second. */
const SLOW = `
const { appendFileSync, existsSync } = require('node:fs');
appendFileSync(process.argv[1], process.pid + '\\n');
const say = (id, result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method } = JSON.parse(line);
  if (method === 'initialize') {
    while (!existsSync(process.argv[2])) await new Promise((resolve) => setTimeout(resolve, 5));
    say(id, { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } });
  } else if (id !== undefined) say(id, { content: [{ type: 'text', text: String(process.pid) }] });
}).on('close', () => process.exit());
`;

describe('a slow start', () => {
  it('is waited for a while, goes on, and is joined by the next call', async (t) => {
    const pids = new Pids();
    t.after(() => pids.remove());
    const file = pids.flag.slice('--record='.length);
    const keys = { sessions: { start_seconds: 0.3 } };
    const { url } = await startFor(t, { servers: { slow: script(SLOW, file, `${file}-go`) }, keys });
    const session = new RestSession(url);
    const [one, other] = await Promise.all([session.post('slow/pid'), session.post('slow/pid')]);
    const text = 'Error: The server "slow" has not started within 0.3 seconds; try again shortly.';
    assert.deepEqual(told(one), [503, true, text]);
    assert.deepEqual(told(other), [503, true, text]);
    writeFileSync(`${file}-go`, '');
    await until(async () => (await session.post('slow/pid')).status === 200);
    assert.deepEqual([await session.pid('slow')], pids.all());
  });

  it('that never ends is ended by its caller, and by the end of the gateway', async (t) => {
    const pids = new Pids();
    t.after(() => pids.remove());
    const keys = { sessions: { start_seconds: 0.05 } };
    const app = await startFor(t, { servers: { mute: strict('--mute', pids.flag) }, keys });
    const [one, other] = [new RestSession(app.url), new RestSession(app.url)];
    for (const session of [one, other]) assert.equal((await session.post('mute/pid')).status, 503);
    await until(() => pids.running().length === 2);
    assert.equal((await one.end()).status, 204);
    assert.equal(pids.running().length, 1);
    await app.close();
    assert.deepEqual(pids.running(), []);
  });
});
