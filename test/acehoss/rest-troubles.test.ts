/** What acehoss/mcp-gateway did not do well in tool calls over `/api`: here each has its answer, and the gateway goes on. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { afterEach } from 'node:test';
import { isRunning } from '../helpers/configs.ts';
import { until } from '../helpers/wait.ts';
import { childrenOf, ours, sharedGateway, startGateway, strict } from './gateway.ts';
import { postInPieces } from './pieces.ts';
import { RestSession, textOf } from './rest-client.ts';

const gateway = sharedGateway({
  debug: { level: 'verbose' },
  servers: {
    strict: strict(),
    banner: strict('--banner'),
    hasty: { ...strict(), timeout: 1 },
  },
});
const session = (): RestSession => new RestSession(gateway().url);

afterEach(() => {
  assert.ok(gateway().isRunning());
});

ours('a server that insists on the handshake works', async () => {
  assert.equal(await session().text('strict/echo', { a: 1 }), '{"a":1}');
});

ours('a server that greets on stdout works', async () => {
  const mine = session();
  assert.equal(await mine.text('banner/count'), '1');
  assert.equal(await mine.text('banner/count'), '2');
});

ours('lines that are no JSON in the middle of a call do not harm it', async () => {
  assert.equal(await session().text('strict/noise'), 'after the noise');
});

ours('a character of a request whose bytes come in two pieces stays whole', async () => {
  const path = `/api/strict/echo?sessionId=${session().id}`;
  const { status, body } = await postInPieces(gateway().url, path, '{"text":"😀 東京"}');
  assert.equal(status, 200, body);
  assert.equal(textOf(JSON.parse(body)), '{"text":"😀 東京"}');
});

ours('a character of a result whose bytes come in two writes stays whole', async () => {
  assert.equal(await session().text('strict/split'), 'Zürich 東京 😀');
});

ours('arguments and results keep every digit', async () => {
  const path = `/api/strict/verbatim?sessionId=${session().id}`;
  const response = await fetch(gateway().url + path, { method: 'POST', body: '{"large":12345678901234567890}' });
  assert.match(await response.text(), /"arguments":\{"large":12345678901234567890\}/);
});

ours('calls at once in one session all get their answers, in whatever order these come', async () => {
  const mine = session();
  await mine.text('strict/count');
  const held = ['a', 'b', 'c'].map((key) => mine.text('strict/hold', { key }));
  await until(async () => (await mine.text('strict/holding')) === '3');
  const counts = await Promise.all(Array.from({ length: 20 }, () => mine.text('strict/count')));
  assert.equal(new Set(counts).size, 20);
  assert.equal(await mine.text('strict/release'), 'released');
  assert.deepEqual(await Promise.all(held), ['a', 'b', 'c']);
});

ours('first calls at once in one session start one process', async () => {
  const mine = session();
  const pids = await Promise.all(Array.from({ length: 10 }, () => mine.pid('strict')));
  assert.equal(new Set(pids).size, 1);
});

ours('a child that dies in a call ends that call, and the next call finds a new child', async () => {
  const mine = session();
  const pid = await mine.pid('strict');
  assert.equal(await mine.text('strict/count'), '1');
  const died = await mine.post('strict/die');
  assert.equal(died.status, 500);
  assert.match(died.body, /^Error: Connection closed/);
  assert.equal(await mine.text('strict/count'), '1');
  assert.notEqual(await mine.pid('strict'), pid);
});

ours('a child that is killed while nobody calls is replaced at the next call', async () => {
  const mine = session();
  const pid = await mine.pid('strict');
  process.kill(pid, 'SIGKILL');
  await until(() => !isRunning(pid));
  await until(async () => (await mine.post('strict/pid')).status === 200);
  assert.notEqual(await mine.pid('strict'), pid);
});

ours('a ping of the server is answered in the middle of a call', async () => {
  assert.equal(await session().text('strict/ask', { method: 'ping' }), '{}');
});

for (const method of ['sampling/createMessage', 'roots/list', 'elicitation/create', 'no/such']) {
  ours(`a server that asks for ${method} is told that nobody answers such questions`, async () => {
    const answer = JSON.parse(await session().text('strict/ask', { method })) as { code: number };
    assert.equal(answer.code, -32601);
  });
}

ours('a call that outlasts the time limit of its entry is ended, and the session goes on', async () => {
  const mine = session();
  const pid = await mine.pid('hasty');
  const late = await mine.post('hasty/hold', { key: 'late' });
  assert.equal(late.status, 504, late.body);
  assert.match(late.body, /^Error: /);
  assert.equal(await mine.pid('hasty'), pid);
  assert.equal(await mine.text('hasty/cancelled'), '["late"]');
});

ours('a caller who leaves cancels the call, and the session goes on', async () => {
  const mine = session();
  const pid = await mine.pid('strict');
  const path = `/api/strict/hold?sessionId=${mine.id}`;
  const left = request(gateway().url + path, { method: 'POST', agent: false }).on('error', () => undefined);
  left.end('{"key":"left"}');
  await until(async () => (await mine.text('strict/holding')) === '1');
  left.destroy();
  await until(async () => (await mine.text('strict/cancelled')) === '["left"]');
  assert.equal(await mine.pid('strict'), pid);
});

ours('a server that never answers is told of with Retry-After after the time for starting', async (t) => {
  const slow = await startGateway(t, { servers: { mute: strict('--mute') }, sessions: { start_seconds: 0.5 } });
  const { status, headers, body } = await new RestSession(slow.url).post('mute/echo');
  assert.equal(status, 503, body);
  assert.match(String(headers['retry-after']), /^\d+$/);
  assert.match(body, /^Error: /);
  await slow.stop();
  assert.deepEqual(childrenOf(slow, 'strict-server'), []);
});

ours('servers may have the names of things that every object has', async (t) => {
  const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
  const servers = Object.fromEntries(names.map((name) => [name, strict(`--name=${name}`)]));
  const odd = await startGateway(t, { servers });
  for (const name of names) {
    const flags = await new RestSession(odd.url).text(`${name}/argv`);
    assert.equal(flags, JSON.stringify([`--name=${name}`]));
  }
  assert.equal((await new RestSession(odd.url).post('valueOf/echo')).status, 404);
});
