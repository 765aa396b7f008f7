/** How long the processes behind sessions live, how many there may be, and whose they are. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRunning } from '../helpers/configs.ts';
import { until } from '../helpers/wait.ts';
import { basic, raw } from '../http/raw.ts';
import { childrenOf, ours, sharedGateway, startGateway, strict } from './gateway.ts';
import { RestSession, textOf } from './rest-client.ts';
import { call, openStream } from './stream.ts';

const servers = { small: strict() };
const CHILD = 'strict-server';

describe('a process that nobody calls', () => {
  const gateway = sharedGateway({ servers, sessions: { idle_minutes: 0.01 } });

  ours('is ended after the idle time, and the same id begins anew', async () => {
    const session = new RestSession(gateway().url);
    assert.equal(await session.text('small/count'), '1');
    const pid = await session.pid('small');
    await until(() => !isRunning(pid));
    assert.equal(await session.text('small/count'), '1');
    assert.notEqual(await session.pid('small'), pid);
  });

  ours('is kept while a call takes longer than the idle time', async () => {
    const session = new RestSession(gateway().url);
    const held = session.text('small/hold', { key: 'held' });
    await until(async () => (await session.text('small/holding')) === '1');
    const pid = await session.pid('small');
    const idle = await new RestSession(gateway().url).pid('small');
    await until(() => !isRunning(idle));
    assert.equal(await session.pid('small'), pid);
    assert.equal(await session.text('small/release'), 'released');
    assert.equal(await held, 'held');
  });

  ours('is kept as long as its stream is open', async (t) => {
    const stream = await openStream(t, gateway().url, '/small');
    await stream.begin();
    const pid = textOf(await call(stream, 'pid'));
    const idle = await new RestSession(gateway().url).pid('small');
    await until(() => !isRunning(idle));
    assert.equal(textOf(await call(stream, 'pid')), pid);
  });
});

describe('a session that is ended by its caller', () => {
  const gateway = sharedGateway({ servers: { ...servers, twin: strict() } });

  ours('leaves no process of any server, and begins anew', async () => {
    const session = new RestSession(gateway().url);
    const pids = [await session.pid('small'), await session.pid('twin')];
    assert.equal((await session.end()).status, 204);
    await until(() => pids.every((pid) => !isRunning(pid)));
    assert.equal(await session.text('small/count'), '1');
  });

  ours('is not found again', async () => {
    const { status, body } = await new RestSession(gateway().url).end();
    assert.equal(status, 404);
    assert.notEqual(body, '');
  });
});

describe('too many processes', () => {
  const credentials = ['ann', 'ben'].map((username) => ({ username, password: 'secret' }));
  const auth = { basic: { enabled: true, credentials } };
  const headersOf = (name: string): readonly string[] => ['authorization', basic(name, 'secret')];

  ours('are refused: those of one caller with 429, those of all with 503', async (t) => {
    const limits = { per_principal: 2, total: 3 };
    const { url } = await startGateway(t, { servers, auth, sessions: limits });
    const ann = new RestSession(url, headersOf('ann'));
    await ann.pid('small');
    const stream = await openStream(t, url, '/small', { authorization: basic('ann', 'secret') });
    await stream.begin();

    const second = await new RestSession(url, headersOf('ann')).post('small/pid');
    assert.equal(second.status, 429, second.body);
    assert.match(String(second.headers['retry-after']), /^[1-9]\d*$/);
    const secondStream = await raw(url, { path: '/small', headers: headersOf('ann') });
    assert.equal(secondStream.status, 429, secondStream.body);

    await new RestSession(url, headersOf('ben')).pid('small');
    const fourth = await new RestSession(url, headersOf('ben')).post('small/pid');
    assert.equal(fourth.status, 503, fourth.body);
    assert.match(String(fourth.headers['retry-after']), /^[1-9]\d*$/);
    assert.equal((await raw(url, { path: '/small', headers: headersOf('ben') })).status, 503);

    assert.ok(await ann.pid('small'), 'those that are there go on');
    stream.leave();
    await until(async () => (await new RestSession(url, headersOf('ben'), 'later').post('small/pid')).status === 200);
  });

  ours('are refused to strangers, too', async (t) => {
    const { url } = await startGateway(t, { servers, sessions: { per_principal: 1 } });
    await new RestSession(url).pid('small');
    assert.equal((await new RestSession(url).post('small/pid')).status, 429);
  });

  ours('a session id belongs to whom has used it first', async (t) => {
    const { url } = await startGateway(t, { servers, auth });
    const ann = new RestSession(url, headersOf('ann'), 'one');
    const ben = new RestSession(url, headersOf('ben'), 'one');
    assert.equal(await ann.text('small/count'), '1');
    assert.equal(await ben.text('small/count'), '1');
    assert.notEqual(await ben.pid('small'), await ann.pid('small'));
    assert.equal((await ben.end()).status, 204);
    assert.equal((await ben.end()).status, 404);
    assert.equal(await ann.text('small/count'), '2');
  });
});

describe('a gateway that is told to end', () => {
  test('leaves no process', async (t) => {
    const gateway = await startGateway(t, { servers });
    const stream = await openStream(t, gateway.url, '/small');
    await stream.begin();
    const pid = await new RestSession(gateway.url).pid('small');
    const pids = [Number(textOf(await call(stream, 'pid'))), pid];
    await gateway.stop();
    await until(() => pids.every((each) => !isRunning(each)));
  });

  ours('ends those that go on writing, and answers what is under way', async (t) => {
    const gateway = await startGateway(t, { servers });
    const [loud, held] = [new RestSession(gateway.url), new RestSession(gateway.url)];
    const pids = [await loud.pid('small'), await held.pid('small')];
    await loud.text('small/chatter');
    const waiting = held.post('small/hold', { key: 'waits' });
    await until(async () => (await held.text('small/holding')) === '1');
    const ended = await gateway.stop();
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok((await waiting).status >= 500);
    assert.deepEqual(pids.filter(isRunning), []);
    assert.deepEqual(childrenOf(gateway, CHILD), []);
  });
});
