/** What is answered to a POST at a server's own address, under a servers file. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { until } from '../../helpers/wait.ts';
import { SseClient } from '../mcp/sse-client.ts';
import { call, MIRROR, strict } from './sse-servers.ts';

const basic = (name: string): Record<string, string> => ({ authorization: `Basic ${btoa(`${name}:${name}-pw`)}` });
const ANN = basic('ann');
const BEN = basic('ben');
const CREDENTIALS = ['ann', 'ben'].map((username) => ({ username, password: `${username}-pw` }));
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('a message', () => {
  let app: RunningApp;
  let client: SseClient;
  let path: string;
  before(async () => {
    app = await startApp({
      servers: { one: MIRROR, two: MIRROR, strict: strict() },
      keys: { port: 8000, auth: { basic: { enabled: true, credentials: CREDENTIALS } } },
    });
    client = await SseClient.open(app.url, '/one', ANN);
    path = await client.endpoint();
  });
  after(async () => {
    client.leave();
    await app.close();
  });

  async function refused(url: string, headers: Record<string, string>): Promise<void> {
    const answer = await app.post(url, PING, headers);
    assert.deepEqual([answer.status, await answer.text()], [400, `No active transport for session ${url}`]);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal(answer.headers.get('x-latchkey-error'), 'session_unknown');
  }

  it('is taken with 202 and nothing', async () => {
    const answer = await app.post(path, { jsonrpc: '2.0', method: 'm' }, ANN);
    assert.deepEqual([answer.status, await answer.text()], [202, '']);
    await until(() => client.messages.length === 1);
  });

  it('is refused alike for a session that is unknown, missing, of another caller or at another server', async () => {
    const heard = client.messages.length;
    for (const url of ['/one', '/one?sessionId=', '/one?sessionId=x&y=%20z', '/one/?sessionid=x'])
      await refused(url, ANN);
    await refused(path, BEN);
    await refused(path.replace('/one', '/two'), ANN);
    assert.equal(client.messages.length, heard);
  });

  it('is refused once its stream is closed', async () => {
    const other = await SseClient.open(app.url, '/two', ANN);
    const gone = await other.endpoint();
    assert.equal((await app.post(gone, PING, ANN)).status, 202);
    other.leave();
    await until(async () => (await app.post(gone, PING, ANN)).status === 400);
    await refused(gone, ANN);
  });

  it('that is no JSON is told in the engine’s words, and the stream goes on', async () => {
    for (const [body, words] of [
      ['', 'SyntaxError: Unexpected end of JSON input'],
      ['{"half":', 'SyntaxError: Unexpected end of JSON input'],
      ['text', `SyntaxError: Unexpected token 'e', "text" is not valid JSON`],
    ] as const) {
      const answer = await app.post(path, body, ANN);
      assert.deepEqual([answer.status, await answer.text()], [500, words]);
      assert.equal(answer.headers.get('x-latchkey-error'), 'invalid_json');
    }
    const heard = client.messages.length;
    await app.post(path, PING, ANN);
    await until(() => client.messages.length > heard);
  });

  it('that is JSON and no message reaches nobody', async () => {
    const heard = client.messages.length;
    for (const body of ['7', '{}', 'null', '[]', '{"id":1,"method":"ping"}']) {
      const answer = await app.post(path, body, ANN);
      assert.equal(answer.status, 400, body);
      assert.match(await answer.text(), /^Error: /, body);
    }
    assert.equal(client.messages.length, heard);
  });

  it('of one person never reaches the process of another', async () => {
    const people = await Promise.all([ANN, BEN].map((who) => SseClient.open(app.url, '/strict', who)));
    const pids: string[] = [];
    for (const person of people) {
      await person.begin();
      pids.push(await call(person, 1, 'pid'));
    }
    assert.equal(new Set(pids).size, 2);
    for (const person of people) person.leave();
  });

  it('leaves its session out of the log, whose lines say when streams begin and end', async () => {
    const other = await SseClient.open(app.url, '/two', ANN);
    const id = /sessionId=(.*)/.exec(await other.endpoint())?.[1] ?? 'none';
    await other.post('no JSON of mine');
    other.leave();
    for (const msg of ['an event stream was opened', 'an event stream was closed'])
      await until(() => app.records.some((record) => record.msg === msg && record.server === 'two'));
    await app.post(`/two?sessionId=${id}`, PING, ANN);
    const log = JSON.stringify(app.records);
    for (const secret of [id, 'no JSON', 'ann-pw']) assert.ok(!log.includes(secret), secret);
  });
});
