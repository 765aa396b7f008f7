/** HTTP+SSE of 2024-11-05: what goes over the stream, whose it is, and what becomes of clients that leave or do not read. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { MOST_UNREAD_BYTES } from '../../../src/mcp/session/message-stream.ts';
import type { Message } from '../../../src/upstream/peer/message.ts';
import { until } from '../../helpers/wait.ts';
import { SseClient } from './sse-client.ts';
import { type Line, type SsePlace, startSsePlace } from './sse-place.ts';
import { naiveReader, parserReader, sdkReader } from './sse-readers.ts';

const ANN = { 'x-who': 'ann' };
/** Seconds between two signs of life. */
const AWAKE_EVERY = 25;
const PADDING = 'x'.repeat(64 * 1024);

/** With line breaks, and with a number that JavaScript would round. */
function answerTo({ id }: Message): string {
  return `{\r\n  "jsonrpc": "2.0",\n  "id": ${JSON.stringify(id)},\n  "result": {"big": 12345678901234567890, "text": "a\\nb"}\n}`;
}

describe('HTTP+SSE of 2024-11-05', () => {
  let place: SsePlace;
  before(async () => {
    place = await startSsePlace(answerTo);
  });
  after(() => place.close());

  const lineOf = (index: number): Line => place.lines.at(index) as Line;

  async function opened(path = '/one', headers: Record<string, string> = ANN): Promise<SseClient> {
    const client = await SseClient.open(place.origin, path, headers);
    await client.endpoint();
    return client;
  }

  it('begins with where to post, as a path and nothing else', async () => {
    const client = await opened();
    assert.match(client.text, /^event: endpoint\ndata: \/root\/one\?sessionId=[0-9a-f-]{36}\n\n$/);
    assert.equal(client.response.statusCode, 200);
    const { 'content-type': type, 'cache-control': cache, connection } = client.response.headers;
    assert.deepEqual([type, cache, connection], ['text/event-stream', 'no-cache', 'keep-alive']);
    client.leave();
  });

  it('answers a POST with 202 and nothing, and the request on the stream, in one line and otherwise word for word', async () => {
    const client = await opened();
    const posted = await client.post({ jsonrpc: '2.0', id: 7, method: 'tools/list' });
    assert.deepEqual([posted.status, await posted.text()], [202, '']);
    await client.answer(7);
    const [, event] = client.events;
    assert.equal(event?.name, 'message');
    assert.equal(event?.data.replace(/ +/g, ' '), answerTo(lineOf(-1).received[0] as Message).replace(/\s+/g, ' '));
    client.leave();
  });

  it('answers each request of a batch, and goes on', async () => {
    const client = await opened();
    const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
    assert.equal((await client.post(batch)).status, 202);
    await client.answer(1);
    await client.answer(2);
    await client.ask(3, 'ping');
    client.leave();
  });

  it('refuses what is no message, and the stream goes on', async () => {
    const client = await opened();
    for (const [body, code] of [
      ['{', 'invalid_json'],
      ['', 'invalid_json'],
      ['{"id": 1}', 'bad_mcp_request'],
    ] as const) {
      const refused = await client.post(body);
      assert.deepEqual([refused.status, await refused.json()], [400, { code }]);
    }
    await client.ask(1, 'ping');
    client.leave();
  });

  it('brings what the server says unasked, its requests too, and takes the answers to them', async () => {
    const client = await opened();
    lineOf(-1).say('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
    lineOf(-1).say('{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}');
    await until(() => client.messages.length === 2);
    assert.deepEqual(
      client.messages.map(({ method }) => method),
      ['notifications/tools/list_changed', 'sampling/createMessage'],
    );
    await client.post({ jsonrpc: '2.0', id: 1, result: { role: 'assistant' } });
    assert.deepEqual(lineOf(-1).received.at(-1)?.result, { role: 'assistant' });
    client.leave();
  });

  it('keeps a quiet stream awake with comments, and sends no event ids', async () => {
    const client = await opened();
    for (let comments = 1; comments < 4; comments += 1) {
      for (let second = 0; second < AWAKE_EVERY; second += 1) place.sessions.tick();
      await until(() => client.text.split(':\n\n').length > comments);
    }
    await client.ask(1, 'ping');
    assert.match(client.text, /^event: endpoint\ndata: .*\n\n(?::\n\n){3}event: message\n/);
    assert.doesNotMatch(client.text, /^(?:id:|retry:)/m);
    client.leave();
  });

  it('is understood by the clients that there are, comments and all', async () => {
    const clients = [await sdkReader(place.origin), await parserReader(place.origin), await naiveReader(place.origin)];
    const lines = place.lines.slice(-clients.length);
    for (let note = 1; note <= 3; note += 1) {
      for (let second = 0; second < AWAKE_EVERY; second += 1) place.sessions.tick();
      for (const line of lines) line.say(JSON.stringify({ jsonrpc: '2.0', method: `notifications/${note}` }));
      for (const { heard } of clients) await until(() => heard.length === note);
    }
    for (const { heard, leave } of clients) {
      assert.deepEqual(heard, ['notifications/1', 'notifications/2', 'notifications/3']);
      await leave();
    }
  });

  it('never ends a stream that is idle', async () => {
    const client = await opened();
    const since = Date.now();
    // Here a session that is not in use ends after no time at all.
    await until(() => Date.now() > since + 5);
    place.sessions.tick();
    await client.ask(1, 'ping');
    client.leave();
  });

  it('ends the session when the client leaves', async () => {
    const client = await opened();
    const line = lineOf(-1);
    client.leave();
    await until(() => line.isClosed);
    assert.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404);
  });

  it('ends the stream when the session ends', async () => {
    const client = await opened();
    place.sessions.endAt('one');
    await until(() => client.isOver);
    assert.ok(client.response.complete, 'all was said');
    assert.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404);
  });

  it('takes nothing more for a session that has ended, even where the client has not read to the end', async () => {
    const client = await opened();
    client.response.pause();
    const params = { text: PADDING.repeat(256) };
    lineOf(-1).say(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/vendor', params }));
    place.sessions.endAt('one');
    assert.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404);
    client.leave();
  });

  it('knows a session only of its own caller and at its own server', async () => {
    const client = await opened();
    const path = await client.endpoint();
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    const post = async (url: string, headers: Record<string, string>): Promise<unknown> => {
      const answer = await fetch(place.origin + url, { method: 'POST', headers, body: ping });
      return [answer.status, await answer.text()];
    };
    const unknown = [404, '{"code":"session_unknown"}'];
    assert.deepEqual(await post(path, { 'x-who': 'ben' }), unknown);
    assert.deepEqual(await post(path.replace('/one', '/two'), ANN), unknown);
    assert.deepEqual(await post('/root/one?sessionId=', ANN), unknown);
    assert.deepEqual(await post('/root/one', ANN), unknown);
    assert.equal(lineOf(-1).received.length, 0);
    assert.deepEqual(await post(`${path}&x=1`, ANN), [202, '']);
    client.leave();
  });

  it('ends a session whose client has left before it had begun', async () => {
    let begin = (): void => undefined;
    const slow = await startSsePlace(
      answerTo,
      () =>
        new Promise((resolve) => {
          begin = resolve;
        }),
    );
    const asked = request(`${slow.origin}/one`, { headers: ANN, agent: false });
    asked.on('error', () => undefined).end();
    await until(() => slow.lines.length === 1);
    asked.destroy();
    // Asked later and answered: by then the gateway knows that the other one has gone.
    await fetch(`${slow.origin}/root/one`, { method: 'POST', headers: ANN, body: '{}' });
    begin();
    await until(() => slow.lines[0]?.isClosed === true);
    assert.equal(slow.sessions.size, 0);
    await slow.close();
  });

  it('tells why no session has begun', async () => {
    const full = await startSsePlace(answerTo, () => Promise.reject(new GatewayError('too_many_sessions', 429, 'no')));
    const refused = await fetch(`${full.origin}/one`, { headers: ANN });
    assert.deepEqual([refused.status, await refused.json()], [429, { code: 'too_many_sessions' }]);
    await full.close();
  });

  for (const [when, beginning] of [
    ['at once', undefined],
    ['later', () => Promise.resolve()],
  ] as const) {
    it(`ends a session that has begun ${when}, where its stream cannot`, async () => {
      const lost = await startSsePlace(answerTo, beginning);
      const refused = await fetch(`${lost.origin}/one`, { headers: { 'x-who': 'lost' } });
      assert.deepEqual([refused.status, await refused.json()], [500, { code: 'internal' }]);
      assert.equal(lost.lines[0]?.isClosed, true);
      assert.equal(lost.sessions.size, 0);
      await lost.close();
    });
  }

  it('cuts off a client that does not read what the server says, and keeps little of it', async () => {
    const client = await SseClient.open(place.origin, '/one', ANN, false);
    const line = lineOf(-1);
    const note = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/vendor', params: { PADDING } });
    let said = 0;
    while (!line.isClosed && said < 100 * MOST_UNREAD_BYTES) {
      line.say(note);
      said += note.length;
      if (said % (16 * note.length) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(line.isClosed, 'the session has ended');
    client.leave();
  });

  it('cuts off a client that asks and never reads the answers', async () => {
    const text = PADDING.repeat(16);
    const large = await startSsePlace(({ id }) => JSON.stringify({ jsonrpc: '2.0', id, result: { text } }));
    const client = await SseClient.open(large.origin, '/one', ANN);
    await client.endpoint();
    client.response.pause();
    for (let id = 0; large.lines[0]?.isClosed === false; id += 1) {
      assert.ok(id < 100, 'it may ask for ever');
      await client.post({ jsonrpc: '2.0', id, method: 'tools/list' });
    }
    await large.close();
  });
});
