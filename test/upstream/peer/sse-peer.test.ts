/** HTTP+SSE of 2024-11-05 as a peer: one stream for all answers. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { Credential } from '../../../src/oauth/credential.ts';
import { notificationMessage, readMessage, requestMessage, resultMessage } from '../../../src/upstream/peer/message.ts';
import { urlEndpoint } from '../../helpers/configs.ts';
import { type Behave, type Exchange, HttpServer, startStream } from '../../helpers/http-server.ts';
import { startSseServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';
import { describePeer } from './contract.ts';
import { Tokens } from './http-test.ts';
import { OpenPeer } from './peer-test.ts';

/** A server on bare HTTP: `post` gets each message, and says on the stream what it likes. */
class SseTest extends OpenPeer {
  readonly server: HttpServer;
  readonly posts: Exchange[] = [];
  stream: ServerResponse | undefined;

  static async open(
    t: TestContext,
    post: (exchange: Exchange, open: SseTest) => void,
    before?: Behave,
    tokens?: Credential,
  ): Promise<SseTest> {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const open = new SseTest(t, server, tokens);
    server.behave = async (exchange) => {
      if (before !== undefined && (await before(exchange))) return true;
      if (exchange.request.method === 'GET') open.#begin(exchange.response);
      else {
        open.posts.push(exchange);
        post(exchange, open);
      }
      return true;
    };
    return open;
  }

  constructor(t: TestContext, server: HttpServer, tokens: Credential | undefined) {
    super(t, urlEndpoint('sse', server.url), tokens);
    this.server = server;
  }

  say(text: string): void {
    this.stream?.write(`event: message\r\ndata: ${text}\r\n\r\n`);
  }

  answer({ message }: Exchange, result: object = {}): void {
    this.say(JSON.stringify({ jsonrpc: '2.0', id: message?.id, result }));
  }

  #begin(response: ServerResponse): void {
    startStream(response);
    this.stream = response;
    response.write('event: endpoint\ndata: /post?session=1\n\n');
  }
}

/** Accepts each message, and answers what asks for it. */
function obliging(exchange: Exchange, open: SseTest): void {
  exchange.reply(202);
  if (exchange.message?.id !== undefined && exchange.message.method !== undefined) open.answer(exchange);
}

describePeer('HTTP+SSE of SDK v1', 'sse', { start: startSseServer, progress: true });

test('what the server tells outside of calls comes', async (t) => {
  const server = await startSseServer();
  t.after(() => server.close());
  const open = new OpenPeer(t, urlEndpoint('sse', server.url));
  await open.ready();
  await server.changeTools(1);
  await until(() => open.messages.some(({ method }) => method === 'notifications/tools/list_changed'));
});

test('texts pass byte for byte, questions pass on, and headers go with their request alone', async (t) => {
  const open = await SseTest.open(t, (exchange, { say }) => {
    exchange.reply(202);
    void say;
  });
  const text = '{"jsonrpc":"2.0","id":"a","method":"m","params":{"n":9007199254740993}}';
  const asked = open.pass(readMessage(text) as never, ['x-user', 'ann']);
  await until(() => open.posts.length === 1);
  open.say('{"jsonrpc":"2.0","id":"q","method":"roots/list"}');
  open.say('{"jsonrpc":"2.0","id":"nobody","result":{}}');
  open.say('no json');
  await until(() => open.messages.length === 1);
  open.peer.send(resultMessage('q', { roots: [] }));
  await until(() => open.posts.length === 2);
  const answer = '{"jsonrpc":"2.0", "id":"a","result":{"n":12345678901234567890}}';
  open.say(answer);
  assert.equal((await asked.answered()).text, answer);
  assert.deepEqual(
    open.posts.map(({ request }) => [request.url, request.headers['x-user']]),
    [
      ['/post?session=1', 'ann'],
      ['/post?session=1', undefined],
    ],
  );
  assert.deepEqual(
    open.messages.map(({ method }) => method),
    ['roots/list'],
  );
});

test('a POST that is answered only after the call does not hold it', async (t) => {
  let isCut = false;
  const open = await SseTest.open(t, (exchange, self) => {
    self.answer(exchange);
    exchange.response.on('close', () => {
      isCut = true;
    });
  });
  await open.ask('m').answered();
  await until(() => isCut);
});

test('what is given up before the server named its address is never sent', async (t) => {
  let begin = (): void => undefined;
  const open = await SseTest.open(t, obliging, ({ request }) => {
    if (request.method !== 'GET') return false;
    return new Promise((resolve) => {
      begin = () => resolve(false);
    });
  });
  const [given, kept] = [open.ask('given'), open.ask('kept')];
  await until(() => open.server.seen.length === 1);
  given.cancel();
  begin();
  await kept.answered();
  assert.deepEqual(
    open.posts.map(({ name }) => name),
    ['kept'],
  );
});

test('a stream that ends fails what waits, once', async (t) => {
  const open = await SseTest.open(t, ({ reply }) => reply(202));
  const asked = open.ask('m');
  await until(() => open.posts.length === 1);
  open.stream?.end();
  await assert.rejects(asked.answered(), { code: 'connection_lost' });
  assert.equal(open.closed.length, 1);
  await assert.rejects(open.ask('m').answered(), { name: 'NotSentError' });
  open.peer.send(notificationMessage('n'));
  await open.peer.close();
  assert.equal(open.closed.length, 1);
  assert.equal(open.posts.length, 1);
});

test('a stream that never opens took nothing', async (t) => {
  const open = await SseTest.open(t, obliging, ({ reply }) => {
    reply(405);
    return true;
  });
  await assert.rejects(open.ask('m').answered(), { privateDetail: /set "type": "streamable-http"/ });
  assert.equal(open.closed.length, 1);
  const away = await SseTest.open(t, obliging);
  await away.server.stop();
  await assert.rejects(away.ask('m').answered(), { name: 'NotSentError', what: 'connection' });
});

test('a POST that is refused fails its own request; an unknown session ends the peer', async (t) => {
  const open = await SseTest.open(t, (exchange, self) => {
    if (exchange.name === 'bad') exchange.reply(500);
    else if (exchange.name === 'gone') exchange.reply(404, 'Could not find session');
    else obliging(exchange, self);
  });
  await assert.rejects(open.ask('bad').answered(), { code: 'bad_upstream_answer' });
  await open.ask('good').answered();
  assert.deepEqual(open.closed, []);
  await assert.rejects(open.ask('gone').answered(), { name: 'NotSentError', what: 'session' });
  assert.equal(open.closed.length, 1);
  await assert.rejects(open.ask('m').answered(), { name: 'NotSentError', what: 'session' });
});

test('redirects of the stream stay on its origin, and so does the address that it names', async (t) => {
  const open = await SseTest.open(t, obliging, ({ request, reply }) => {
    if (request.url !== '/mcp') return false;
    reply(307, undefined, { location: '/moved' });
    return true;
  });
  await open.ask('m').answered();
  const endless = await SseTest.open(t, obliging, ({ reply }) => {
    reply(307, undefined, { location: '/mcp' });
    return true;
  });
  await assert.rejects(endless.ask('m').answered(), { message: /redirects/ });
  assert.equal(endless.server.seen.length, 4);
  const away = await SseTest.open(t, obliging, ({ response }) => {
    startStream(response);
    response.write('event: endpoint\ndata: https://elsewhere.invalid/\n\n');
    return true;
  });
  await assert.rejects(away.ask('m').answered(), { message: /another origin/ });
});

test('refused tokens are renewed, of the stream and of a request', async (t) => {
  const tokens = new Tokens(2);
  const needed = (exchange: Exchange): boolean => {
    const least = exchange.request.method === 'GET' ? 1 : 2;
    if (Number(exchange.request.headers.authorization?.slice(-1)) >= least) return false;
    exchange.reply(401);
    return true;
  };
  const open = await SseTest.open(t, obliging, needed, tokens);
  await open.pass(requestMessage(1, 'tools/call', { name: 'echo' })).answered();
  assert.deepEqual(
    tokens.refusals.map(({ operation, token }) => [operation, token]),
    [
      ['stream', 'token-0'],
      ['echo', 'token-1'],
    ],
  );
});
