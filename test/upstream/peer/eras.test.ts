/** How it is found out whether a server speaks 2026-07-28, and how long that counts. */
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ServerConfig } from '../../../src/config/model.ts';
import type { Credential } from '../../../src/oauth/credential.ts';
import { authorizationRequired, LoginNeeded } from '../../../src/oauth/errors.ts';
import type { HttpEndpoint } from '../../../src/upstream/origin-client.ts';
import { Eras, type Verdict } from '../../../src/upstream/peer/eras.ts';
import { ModernHttpPeer } from '../../../src/upstream/peer/modern-http-peer.ts';
import { ModernStdioPeer } from '../../../src/upstream/peer/modern-stdio-peer.ts';
import { type Peer, type PeerEvents, QUIET } from '../../../src/upstream/peer/peer.ts';
import { Asked } from '../../helpers/asked.ts';
import {
  type ChildRecord,
  childEndpoint,
  commandEndpoint,
  type StdioEndpoint,
  serverConfig,
  TSX,
  urlEndpoint,
} from '../../helpers/configs.ts';
import { type Behave, HttpServer, type HttpServerOptions } from '../../helpers/http-server.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { startStatelessServer, startStreamableServer } from '../../helpers/sdk-servers.ts';
import { until } from '../../helpers/wait.ts';
import { recordOf } from '../helper.ts';
import { call } from './modern-request.ts';
import { scriptEndpoint } from './peer-test.ts';

const SDK_CHILD = fileURLToPath(new URL('./modern-sdk-child.ts', import.meta.url));

/** Asks on behalf of one server, and closes what it is handed. */
class Asker {
  readonly eras: Eras;
  readonly closed: string[] = [];
  opened = 0;
  readonly #t: TestContext;
  readonly #config: ServerConfig;

  constructor(t: TestContext, config: Partial<ServerConfig> & Pick<ServerConfig, 'endpoint'>, eras = new Eras()) {
    this.#t = t;
    this.#config = serverConfig(config);
    this.eras = eras;
  }

  get config(): ServerConfig {
    return this.#config;
  }

  async ask(credential?: Credential): Promise<Verdict> {
    const events = { onMessage: () => undefined, onClosed: (reason: string) => void this.closed.push(reason) };
    const verdict = await this.eras.verdict(this.#config, (to) => this.#open(to, credential), events);
    if (verdict.era === 'modern') this.#t.after(() => verdict.peer?.close());
    return verdict;
  }

  #open(events: PeerEvents, credential?: Credential): Peer {
    this.opened += 1;
    const { endpoint } = this.#config;
    if (endpoint.kind === 'stdio') return new ModernStdioPeer(endpoint, events, new MemoryLog());
    return new ModernHttpPeer(endpoint as HttpEndpoint, events, new MemoryLog(), credential);
  }
}

async function http(
  t: TestContext,
  options: HttpServerOptions = {},
  more: Partial<ServerConfig> = {},
  eras?: Eras,
): Promise<{ readonly server: HttpServer; readonly asker: Asker }> {
  const server = await HttpServer.start(options);
  t.after(() => server.stop());
  return { server, asker: new Asker(t, { endpoint: urlEndpoint('http', server.url), ...more }, eras) };
}

function answering(status: number, body?: unknown): { readonly behave: Behave } {
  return {
    behave: ({ reply }) => {
      reply(status, body);
      return true;
    },
  };
}

function error(code: number): object {
  return { jsonrpc: '2.0', id: null, error: { code, message: 'no' } };
}

test('a modern server is known by its answer, which is kept, and the peer goes to the first who asked', async (t) => {
  const { server, asker } = await http(t, { revision: '2026-07-28' });
  const [first, second] = await Promise.all([asker.ask(), asker.ask()]);
  assert.ok(first.era === 'modern' && second.era === 'modern');
  assert.deepEqual(first.discovered?.result?.supportedVersions, ['2026-07-28']);
  assert.equal(second.discovered, first.discovered);
  assert.equal(second.peer, undefined);
  assert.ok(first.peer);
  assert.equal(await new Asked(first.peer, call('echo', { text: 'a' })).text(), 'a');
  assert.equal((await asker.ask()).era, 'modern');
  assert.equal(server.requests('server/discover').length, 1);
  assert.equal(asker.opened, 1);
});

test('servers of both SDKs over HTTP', async (t) => {
  for (const [starting, era] of [
    [startStatelessServer(), 'modern'],
    [startStatelessServer({ legacy: true }), 'modern'],
    [startStreamableServer(), 'legacy'],
  ] as const) {
    const server = await starting;
    t.after(() => server.close());
    assert.equal((await new Asker(t, { endpoint: urlEndpoint('http', server.url) }).ask()).era, era);
  }
});

for (const [what, options, era] of [
  ['a session server', {}, 'legacy'],
  ['an unknown method', answering(404, error(-32601)), 'legacy'],
  ['a page', answering(200, '<html>'), 'legacy'],
  ['no session', answering(400, 'Bad Request: No valid session ID provided'), 'legacy'],
  ['the wrong method', answering(405), 'legacy'],
  [
    'another revision',
    answering(200, { jsonrpc: '2.0', id: 'lk-discover', result: { supportedVersions: ['2099-01-01'] } }),
    'legacy',
  ],
  ['an unsupported revision', answering(400, error(-32022)), 'modern'],
  ['a header that it misses', answering(400, error(-32020)), 'modern'],
  ['a capability that it misses', answering(400, error(-32021)), 'modern'],
] as const) {
  test(`over HTTP ${what} says: ${era}`, async (t) => {
    const { asker } = await http(t, options);
    assert.equal((await asker.ask()).era, era);
    assert.equal((await asker.ask()).era, era);
    assert.equal(asker.opened, 1);
  });
}

for (const [what, options] of [
  ['an error of the server', answering(500, 'broken')],
  ['a JSON-RPC error with HTTP 500', answering(500, error(-32603))],
  ['a gateway that is down', answering(502)],
  ['too many requests', answering(429)],
] as const) {
  test(`over HTTP ${what} says nothing, and is asked again`, async (t) => {
    const { server, asker } = await http(t, options);
    await assert.rejects(asker.ask(), { code: 'bad_upstream_answer' });
    server.behave = () => false;
    assert.equal((await asker.ask()).era, 'legacy');
  });
}

test('a peer that throws when it is asked leaves no timer', async () => {
  const broken = new TypeError('Cannot convert object to primitive value');
  const request = (): never => {
    throw broken;
  };
  const open = (): Peer => ({ era: 'modern', request, send: () => undefined, close: () => Promise.resolve() });
  const config = serverConfig({ endpoint: urlEndpoint('http', new URL('http://127.0.0.1:1/')) });
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    await assert.rejects(new Eras().verdict(config, open, QUIET), broken);
    mock.timers.tick(60_000);
  } finally {
    mock.timers.reset();
  }
});

test('over HTTP silence and a closed port say nothing', async (t) => {
  const { server, asker } = await http(t, { behave: () => true }, {}, new Eras({ probeMs: 50 }));
  await assert.rejects(asker.ask(), { code: 'server_unavailable' });
  await server.stop();
  await assert.rejects(asker.ask(), { name: 'NotSentError' });
});

test('a login that is missing says nothing, and one who has it is not refused with another', async (t) => {
  const behave: Behave = ({ request, reply }) => {
    if (request.headers.authorization === 'Bearer good') return false;
    reply(401);
    return true;
  };
  const { asker } = await http(t, { revision: '2026-07-28', behave });
  const without: Credential = {
    token: () => 'bad',
    refused: () => Promise.reject(authorizationRequired('test', 'Connect first.')),
  };
  const having: Credential = { token: () => 'good', refused: () => Promise.reject(new Error('never')) };
  const [poor, rich] = await Promise.allSettled([asker.ask(without), asker.ask(having)]);
  assert.ok(poor.status === 'rejected' && poor.reason instanceof LoginNeeded);
  assert.ok(rich.status === 'fulfilled' && rich.value.era === 'modern');
  assert.equal((await asker.ask(without)).era, 'modern');
});

test('an answer to one person is not kept for others', async (t) => {
  const config = { oauth: { multiUser: true } as ServerConfig['oauth'] & object };
  const { asker } = await http(t, { revision: '2026-07-28' }, config);
  const first = await asker.ask();
  const second = await asker.ask();
  assert.ok(first.era === 'modern' && second.era === 'modern');
  assert.ok(first.discovered);
  assert.equal(second.discovered, undefined);
});

test('the configuration may insist, and SSE is of old: nobody is asked', async (t) => {
  const url = 'http://127.0.0.1:9/';
  for (const [config, era] of [
    [{ endpoint: urlEndpoint('http', url), protocolVersion: '2026-07-28' }, 'modern'],
    [{ endpoint: urlEndpoint('http', url), protocolVersion: '2025-06-18' }, 'legacy'],
    [{ endpoint: urlEndpoint('sse', url) }, 'legacy'],
  ] as const) {
    const asker = new Asker(t, config);
    assert.equal((await asker.ask()).era, era);
    assert.equal(asker.opened, 0);
  }
});

test('a legacy verdict ends, a modern one is forgotten when told', async (t) => {
  const { server, asker } = await http(t, {}, {}, new Eras({ legacyMs: 30 }));
  assert.equal((await asker.ask()).era, 'legacy');
  await until(async () => {
    await asker.ask();
    return asker.opened === 2;
  });
  server.behave = answering(400, error(-32022)).behave;
  await until(async () => (await asker.ask()).era === 'modern');
  server.behave = () => false;
  assert.equal((await asker.ask()).era, 'modern');
  asker.eras.forget(asker.config);
  assert.equal((await asker.ask()).era, 'legacy');
});

test('a modern verdict ends, too, and is found again by whoever asks next', async (t) => {
  const { server, asker } = await http(t, { revision: '2026-07-28' }, {}, new Eras({ modernMs: 30 }));
  assert.equal((await asker.ask()).era, 'modern');
  server.behave = answering(404, error(-32601)).behave;
  await until(async () => (await asker.ask()).era === 'legacy');
  assert.equal(asker.opened, 2);
});

function child(t: TestContext, options: Parameters<typeof childEndpoint>[0]): { asker: Asker; record: ChildRecord } {
  const record = recordOf(t);
  return { asker: new Asker(t, { endpoint: childEndpoint({ ...options, record: record.file }) }), record };
}

test('over stdio the child that was asked becomes the peer', async (t) => {
  const { asker, record } = child(t, { revision: '2026-07-28' });
  const verdict = await asker.ask();
  assert.ok(verdict.era === 'modern' && verdict.peer);
  assert.equal(await new Asked(verdict.peer, call('echo', { text: 'a' })).text(), 'a');
  assert.equal(record.starts(), 1);
  await assert.rejects(new Asked(verdict.peer, call('die')).answered(), { code: 'connection_lost' });
  await until(() => asker.closed.length === 1);
});

test('over stdio a server of old answers an error, and its child is ended without a word', async (t) => {
  const { asker, record } = child(t, {});
  assert.equal((await asker.ask()).era, 'legacy');
  assert.deepEqual(asker.closed, []);
  const [pid = 0] = record.pids();
  await until(() => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  });
});

test('over stdio a child that dies or stays silent is of old', async (t) => {
  const dying = child(t, { atStart: 'die' });
  assert.equal((await dying.asker.ask()).era, 'legacy');
  assert.deepEqual(dying.asker.closed, []);
  const silent = scriptEndpoint('lines(() => {});') as StdioEndpoint;
  assert.equal((await new Asker(t, { endpoint: silent }, new Eras({ probeMs: 200 })).ask()).era, 'legacy');
});

test('over stdio a child that died is asked again soon, one that answered is not', async (t) => {
  const times = { deadMs: 30, legacyMs: 60_000 };
  const dying = new Asker(t, { endpoint: childEndpoint({ atStart: 'die' }) }, new Eras(times));
  await until(async () => {
    assert.equal((await dying.ask()).era, 'legacy');
    return dying.opened === 2;
  }, 20_000);
  const sound = new Asker(t, { endpoint: childEndpoint() }, new Eras(times));
  await sound.ask();
  const askedAt = performance.now();
  await until(() => performance.now() - askedAt > 60);
  await sound.ask();
  assert.equal(sound.opened, 1);
});

test('over stdio a server of both eras is modern, and so is one that refuses the older', async (t) => {
  for (const legacy of ['serve', 'reject']) {
    const asker = new Asker(t, { endpoint: commandEndpoint(process.execPath, ['--import', TSX, SDK_CHILD, legacy]) });
    const verdict = await asker.ask();
    assert.ok(verdict.era === 'modern' && verdict.peer);
    assert.match(await new Asked(verdict.peer, call('echo', { a: 1 })).text(), /"args":\{"a":1\}/);
  }
});
