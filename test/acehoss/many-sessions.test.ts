/** Five hundred sessions with a process each, ten at a time: no process is left, and the gateway's memory does not grow. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isRunning } from '../helpers/configs.ts';
import { until } from '../helpers/wait.ts';
import { childrenOf, type Gateway, ours, recorded, startGateway, strict, temporaryFolder } from './gateway.ts';
import { RestSession, textOf } from './rest-client.ts';
import { call, openStream } from './stream.ts';

const AT_ONCE = 10;
const BEFORE = 250;
const ALL = 500;
/** A session that is not forgotten costs more than this with its streams and buffers. */
const BYTES_PER_SESSION = 5_000;
const HEAP = pathToFileURL(join(import.meta.dirname, 'heap-on-signal.mjs')).href;

ours('many sessions leave no process and no memory', async (t) => {
  const record = join(temporaryFolder(t), 'pids');
  const servers = { small: strict(`--record=${record}`) };
  const nodeFlags = ['--expose-gc', '--import', HEAP];
  const gateway = await startGateway(t, { servers, debug: { level: 'warn' } }, { nodeFlags });

  await visit(gateway, BEFORE);
  const before = await heapOf(gateway);
  await visit(gateway, ALL - BEFORE);

  await until(() => childrenOf(gateway, 'strict-server').length === 0);
  const pids = recorded(record);
  assert.equal(pids.length, ALL);
  assert.deepEqual(pids.filter(isRunning), []);
  const grown = (await heapOf(gateway)) - before;
  assert.ok(grown < BYTES_PER_SESSION * (ALL - BEFORE), `${grown} bytes more`);
});

/** Opens and ends so many sessions, every other one a stream. */
async function visit(gateway: Gateway, sessions: number): Promise<void> {
  let left = sessions;
  const visitors = Array.from({ length: AT_ONCE }, async () => {
    while (left > 0) {
      left -= 1;
      await (left % 2 === 0 ? stream(gateway.url) : rest(gateway.url));
    }
  });
  await Promise.all(visitors);
}

async function rest(url: string): Promise<void> {
  const session = new RestSession(url);
  assert.equal(await session.text('small/count'), '1');
  assert.equal(await session.text('small/count'), '2');
  assert.equal((await session.end()).status, 204);
}

async function stream(url: string): Promise<void> {
  const opened = await openStream({ after: () => undefined }, url, '/small');
  await opened.begin();
  assert.equal(textOf(await call(opened, 'count')), '1');
  opened.leave();
}

/** Bytes in use after a collection; what is ended is given time to be forgotten. */
async function heapOf(gateway: Gateway): Promise<number> {
  await until(() => childrenOf(gateway, 'strict-server').length === 0);
  const found = (): readonly string[] =>
    [...gateway.output().matchAll(/heap in use: (\d+)/g)].map(([, bytes]) => bytes ?? '');
  const known = found().length;
  process.kill(gateway.pid, 'SIGWINCH');
  return Number(await until(() => found()[known]));
}
