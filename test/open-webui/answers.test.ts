/** What a chat makes of the answers: results as they are, images as images, faults in words, and never a page. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonRecord } from '../../src/schema/json-schema.ts';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { raw } from '../http/raw.ts';
import { startFor } from '../http/start-for.ts';
import { Backend, type Called } from './backend.ts';
import type { Person } from './client-model.ts';
import { type OfferedTool, startToolServer } from './tool-server.ts';

const KEY = 'correct horse battery';
const ANN: Person = { id: 'ann', name: 'Ann', email: 'ann@chat.example', role: 'user' };
/** Holds what the two alphabets of base64 write differently. */
const BYTES = Buffer.from([0xfb, 0xff, 0xbf, 0x00, 0xfe]);
const STANDARD = BYTES.toString('base64');
const URI = `data:image/png;base64,${STANDARD}`;

const text = (value: string): JsonRecord => ({ type: 'text', text: value });
const image = (data: unknown): JsonRecord => ({ type: 'image', mimeType: 'image/png', data });
const content = (...items: readonly JsonRecord[]): JsonRecord => ({ content: items });

const RESULTS: Readonly<Record<string, JsonRecord>> = {
  words: content(text('It is 5 o’clock.')),
  object: content(text('{"big":12345678901234567890}')),
  false: content(text('false')),
  null: content(text('null')),
  nothing: content(),
  blank: content(text('')),
  list: content(text('[1,2]')),
  two: content(text('a'), text('b')),
  own_error: content(text('{"error":"not found"}')),
  markup: content(text('<html><body>hi</body></html>')),
  image: content(image(STANDARD)),
  image_url_alphabet: content(image(BYTES.toString('base64url'))),
  image_with_line_breaks: content(image(`${STANDARD.slice(0, 4)}\r\n${STANDARD.slice(4)}\n`)),
  image_unpadded: content(image(STANDARD.replace(/=+$/, ''))),
  image_wrapped: content(image(STANDARD.replace(/=$/, '\n=\n'))),
  image_in_text: content(text(URI)),
  image_and_words: content(text('here'), image(STANDARD)),
  image_blob: content({ type: 'resource', resource: { uri: 'x://y', mimeType: 'image/jpeg', blob: STANDARD } }),
  image_broken: content(image('&&&')),
  image_without_data: content(image(undefined)),
  sound: content({ type: 'audio', mimeType: 'audio/wav', data: STANDARD }),
  failed: { ...content(text('No such city.')), isError: true },
};

describe('answers', () => {
  let server: HttpServer;
  let app: RunningApp;
  let backend: Backend;
  before(async () => {
    const tools = Object.entries(RESULTS).map(
      ([name, result]): OfferedTool => ({ name, inputSchema: { type: 'object' }, result }),
    );
    server = await startToolServer(tools);
    const entry = { type: 'streamable-http', url: server.url.href };
    app = await startApp({ mcpServers: { answers: entry }, argv: ['--api-key', KEY] });
    backend = new Backend({ url: `${app.url}/answers`, path: 'openapi.json', authType: 'bearer', key: KEY });
    await backend.load();
  });
  after(async () => {
    await app.close();
    await server.stop();
  });

  const call = (name: string): Promise<Called> => backend.call(ANN, `tool_${name}_post`);

  it('reach the model as the tool gave them', async () => {
    const expected: Record<string, string> = {
      words: 'It is 5 o’clock.',
      false: 'False',
      null: '',
      nothing: '{"results":[]}',
      blank: '',
      list: '{"results":[1,2]}',
      two: '{"results":["a","b"]}',
      own_error: '{"error":"not found"}',
      markup: '<html><body>hi</body></html>',
    };
    for (const [name, shown] of Object.entries(expected)) {
      const { text, isEmbed, isFailure } = await call(name);
      assert.deepEqual([text, isEmbed, isFailure], [shown, false, name === 'own_error'], name);
    }
    assert.equal((await call('object')).answer.body, '{"big":12345678901234567890}');
  });

  it('hold images as whole strings, however the server wrote the bytes', async () => {
    const names = ['image', 'image_url_alphabet', 'image_with_line_breaks', 'image_unpadded', 'image_wrapped'];
    for (const name of [...names, 'image_in_text']) {
      const { text, images } = await call(name);
      assert.deepEqual([text, images], ['[image]', [URI]], name);
    }
    const both = await call('image_and_words');
    assert.deepEqual([both.text, both.images], ['{"results":["here","[image]"]}', [URI]]);
    assert.deepEqual((await call('image_blob')).images, [`data:image/jpeg;base64,${STANDARD}`]);
    assert.deepEqual((await call('sound')).text, `data:audio/wav;base64,${STANDARD}`);
  });

  it('keep what is no base64 as it came', async () => {
    assert.equal((await call('image_broken')).text, 'data:image/png;base64,&&&');
    assert.equal((await call('image_without_data')).answer.body, '"data:image/png;base64,"');
  });

  it('tell that a tool failed', async () => {
    const { text, isFailure } = await call('failed');
    assert.equal(isFailure, true);
    assert.deepEqual(JSON.parse(JSON.parse(text).error.replace('HTTP error 500: ', '')), {
      detail: { message: 'No such city.' },
    });
  });

  it('are JSON and never a page, whatever the client says that it likes', async () => {
    const likes = ['text/html', 'text/html,application/xhtml+xml,*/*;q=0.8', '*/*', 'application/json'];
    const navigation = ['sec-fetch-mode', 'navigate', 'sec-fetch-dest', 'document'];
    for (const accept of likes) {
      for (const path of ['/answers/words', '/answers/words/', '/answers/none', '/answers/failed', '/none', '/']) {
        for (const authorization of [`Bearer ${KEY}`, 'Bearer wrong', '']) {
          const headers = ['accept', accept, 'content-type', 'application/json', ...navigation];
          if (authorization !== '') headers.push('authorization', authorization);
          assertJson(await raw(app.url, { method: 'POST', path, headers, body: '{}' }), `${accept} ${path}`);
        }
      }
    }
  });
});

describe('answers in unusual places', () => {
  it('are no redirects to the twin name or to the sign-in page', async (t) => {
    const server = await startToolServer([{ name: 'words', inputSchema: { type: 'object' } }]);
    t.after(() => server.stop());
    const mcpServers = { time: { type: 'streamable-http', url: server.url.href } };
    const app = await startFor(t, { mcpServers, argv: ['--api-key', KEY, '--strict-auth'] });
    const port = new URL(app.url).port;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
      for (const path of ['/time/words', '/time/words/', '/none/words', '/time']) {
        const headers = [
          'host',
          host,
          'accept',
          'text/html',
          'sec-fetch-mode',
          'navigate',
          'content-type',
          'application/json',
        ];
        const answer = await raw(app.url, { method: 'POST', path, headers, body: '{}' });
        assertJson(answer, `${host}${path}`);
        assert.equal(answer.status, 401);
      }
    }
  });

  it('carry nothing of the headers that the server sent', async (t) => {
    const inline = {
      'content-disposition': 'inline',
      location: 'https://evil.example/',
      refresh: '0',
      'set-cookie': 'a=b',
    };
    const server = await HttpServer.start({
      behave: ({ name, message, reply }) => {
        if (name !== 'echo') return false;
        const result = content(text('[null,{"a":1}]'));
        reply(200, { jsonrpc: '2.0', id: message?.id, result }, inline);
        return true;
      },
    });
    t.after(() => server.stop());
    const app = await startFor(t, { mcpServers: { time: { type: 'streamable-http', url: server.url.href } } });
    const backend = new Backend({ url: `${app.url}/time`, path: 'openapi.json', authType: 'none' });
    await backend.load();
    const { answer, isEmbed } = await backend.call(ANN, 'tool_echo_post', { text: 'x' });
    assert.deepEqual([answer.body, isEmbed], ['[null,{"a":1}]', false]);
    for (const name of Object.keys(inline)) assert.equal(answer.headers[name], undefined, name);
  });

  it('say that a server took too long, since the chat itself would wait for ever', async (t) => {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const time = { type: 'streamable-http', url: server.url.href, timeout: 0.2 };
    const app = await startFor(t, { mcpServers: { time } });
    const backend = new Backend({ url: `${app.url}/time`, path: 'openapi.json', authType: 'none' });
    await backend.load();
    const { text, isFailure, answer } = await backend.call(ANN, 'tool_slow_post', { ms: 60_000 });
    assert.deepEqual([answer.status, isFailure], [504, true]);
    assert.match(text, /HTTP error 504: .*did not answer/);
    assertJson(answer, 'timeout');
  });
});

function assertJson({ status, headers, body }: Called['answer'], where: string): void {
  assert.ok(status === 200 || (status >= 400 && status < 600), `${where}: ${status}`);
  assert.equal(headers['content-type'], 'application/json; charset=utf-8', where);
  assert.doesNotThrow(() => JSON.parse(body), where);
  for (const name of ['location', 'content-disposition', 'refresh']) assert.equal(headers[name], undefined, where);
}
