/** Requests that are sent without waiting for answers, by a client that then goes: nothing is left of any of them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { RestSession } from '../acehoss/rest-client.ts';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { until } from '../helpers/wait.ts';
import { Pids, strict } from './acehoss/sse-servers.ts';

const AT_ONCE = 4;

let app: RunningApp;
const pids = new Pids();
before(async () => {
  app = await startApp({ servers: { one: strict(pids.flag) } });
});
after(async () => {
  await app.close();
  pids.remove();
});

function message(method: string, path: string, body: string, headers: readonly string[] = []): string {
  const { host } = new URL(app.url);
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, `Content-Length: ${body.length}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Sends all of `messages` in one piece; goes once `when` holds, and resolves when the connection is gone. */
async function sendAndGo(messages: readonly string[], when: () => boolean | Promise<boolean>): Promise<void> {
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined).resume();
  socket.write(messages.join(''));
  await until(when);
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
}

const logged = (code: string): number => app.records.filter((record) => record.code === code).length;

describe('several requests in one piece, from a client that goes', () => {
  it('leave no process of an event stream', async () => {
    const before = pids.all().length;
    const streams = Array.from({ length: AT_ONCE }, () => message('GET', '/one', ''));
    await sendAndGo(streams, () => pids.running().length === AT_ONCE);
    assert.equal(pids.all().length - before, AT_ONCE);
    await until(() => pids.running().length === 0);
  });

  it('cancel every call at the server, and are each in the log', async () => {
    const session = new RestSession(app.url);
    const before = logged('cancelled');
    const path = `/api/one/hold?sessionId=${session.id}`;
    const calls = Array.from({ length: AT_ONCE }, (_, at) => message('POST', path, `{"key":"api-${at}"}`));
    await sendAndGo(calls, async () => (await session.text('one/holding')) === String(AT_ONCE));
    await until(async () => (await session.text('one/holding')) === '0');
    await until(() => logged('cancelled') - before === AT_ONCE);
    await session.end();
  });

  it('cancel calls of REST as well', async () => {
    const before = logged('cancelled');
    const holding = async (): Promise<unknown> => (await app.post('/one/holding')).json();
    assert.equal(await holding(), 0);
    const calls = Array.from({ length: AT_ONCE }, (_, at) => message('POST', '/one/hold', `{"key":"rest-${at}"}`));
    await sendAndGo(calls, async () => (await holding()) === AT_ONCE);
    await until(async () => (await holding()) === 0);
    await until(() => logged('cancelled') - before === AT_ONCE);
  });
});
