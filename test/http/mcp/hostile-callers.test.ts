/** Callers who send the strangest parameters, everywhere: each is answered, nothing of ours breaks, and the gateway goes on. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { childEndpoint } from '../../helpers/configs.ts';
import { type Answered, McpSession, resultOf } from '../../helpers/mcp-session.ts';
import {
  type SdkServer,
  startSseServer,
  startStatelessServer,
  startStreamableServer,
} from '../../helpers/sdk-servers.ts';
import { type AskingHttp, startAskingServer } from '../../mcp/asking-server.ts';
import { hostileParams, NOTIFICATIONS, REQUESTS, VALUES } from './hostile-messages.ts';
import { SseClient } from './sse-client.ts';

const CLIENT_INFO = '{"name":"x","version":"1"}';
/** The most that one POST may hold. */
const BATCH = 100;
const META = [
  '"io.modelcontextprotocol/protocolVersion":"2026-07-28"',
  '"io.modelcontextprotocol/clientCapabilities":{}',
].join(',');
/** One for each way that messages take: to a session of their own, through both translations, and among servers. */
const THOROUGH: ReadonlySet<string> = new Set(['http', 'modern', 'child', '']);
/** What we look at on the way, for the others. */
const KEPT = ['tools/call', 'resources/subscribe', 'resources/unsubscribe', 'logging/setLevel'];
const SERVERS = ['http', 'asking', 'filtered', 'sse', 'modern', 'child', 'own'];

describe('hostile callers', () => {
  const servers: (SdkServer | AskingHttp)[] = [];
  let app: RunningApp;

  before(async () => {
    const [http, asking, sse, modern] = [
      await startStreamableServer(),
      await startAskingServer(),
      await startSseServer(),
      await startStatelessServer(),
    ];
    servers.push(http, asking, sse, modern);
    const { command, args } = childEndpoint();
    app = await startApp({
      mcpServers: {
        http: { type: 'streamable-http', url: http.url.href },
        asking: { type: 'streamable-http', url: asking.url.href },
        filtered: { type: 'streamable-http', url: http.url.href, disabledTools: ['slow'] },
        sse: { type: 'sse', url: sse.url.href },
        modern: { type: 'streamable-http', url: modern.url.href },
        child: { command, args },
        own: { command, args, isolation: 'session' },
      },
    });
  });
  after(async () => {
    await app.close();
    for (const server of servers) await server.close();
  });

  /** Nothing was our fault, and the gateway answers. */
  async function unharmed(): Promise<void> {
    assert.equal((await app.get('/healthz')).status, 200);
    const faults = app.records.filter(({ msg, level }) => msg === 'unexpected error' || Number(level) >= 50);
    assert.deepEqual(faults, []);
  }

  async function sound(session: McpSession, tool: string): Promise<void> {
    const { content } = await session.result('tools/call', { name: tool, arguments: { text: 'hi' } });
    assert.match(JSON.stringify(content), /hi/);
  }

  const urlOf = (name: string): string => (name === '' ? `${app.url}/mcp` : `${app.url}/${name}/mcp`);
  const toolAt = (name: string): string => (name === '' ? 'http__echo' : 'echo');

  for (const name of [...SERVERS, '']) {
    test(`with a session at ${name === '' ? 'all servers' : name} break nothing`, { timeout: 120_000 }, async () => {
      const session = await begun(urlOf(name));
      // Its requests go out while the server is still told that the session has begun.
      const begins = session.post('{"jsonrpc":"2.0","method":"notifications/initialized"}');
      const early = VALUES.map((value, index) => session.post(request(`e${index}`, 'tools/call', `{"name":${value}}`)));
      for (const answered of [await begins, ...(await Promise.all(early))]) answeredWell(answered);
      for (const texts of batches(legacyMessages(name))) answeredWell(await session.post(`[${texts.join(',')}]`));
      for (const method of ['resources/unsubscribe', 'tools/call']) {
        for (const value of VALUES) answeredWell(await session.post(request('d', method, `{"name":${value}}`)));
      }
      await sound(session, toolAt(name));
      await session.end();
      await unharmed();
    });
  }

  for (const name of THOROUGH) {
    test(`without one at ${name === '' ? 'all servers' : name} break nothing`, { timeout: 120_000 }, async () => {
      for (const texts of batches(modernMessages(), 20)) {
        const answers = await Promise.all(texts.map(([method, text]) => stateless(urlOf(name), method, text)));
        for (const answered of answers) answeredWell(answered);
      }
      await unharmed();
    });
  }

  test('who begin sessions break nothing', { timeout: 120_000 }, async () => {
    for (const name of ['http', 'modern', 'sse', 'child', '']) {
      for (const value of VALUES) {
        for (const field of ['protocolVersion', 'capabilities', 'clientInfo', '_meta']) {
          const params = `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":${CLIENT_INFO},"${field}":${value}}`;
          const session = new McpSession(urlOf(name));
          const answered = await session.post(request(1, 'initialize', params));
          answeredWell(answered);
          session.headers['mcp-session-id'] = answered.headers.get('mcp-session-id') ?? '';
          await session.end();
        }
      }
    }
    await unharmed();
  });

  test('with an event stream of 2024-11-05 break nothing', { timeout: 120_000 }, async () => {
    for (const name of ['filtered', 'sse', 'own']) {
      const client = await SseClient.open(app.url, `/${name}/sse`);
      await client.begin();
      for (const texts of batches(legacyMessages(name))) {
        assert.ok([202, 400].includes((await client.post(`[${texts.join(',')}]`)).status));
      }
      const answer = await client.ask('last', 'tools/call', { name: 'echo', arguments: { text: 'hi' } });
      assert.match(JSON.stringify(answer.result), /hi/);
      client.leave();
    }
    await unharmed();
  });
});

/** A session whose server has not yet been told that it has begun. Of the last revision with batches, which make this quick. */
async function begun(url: string): Promise<McpSession> {
  const session = new McpSession(url);
  const params = `{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":${CLIENT_INFO}}`;
  const answered = await session.post(request('first', 'initialize', params));
  assert.ok(resultOf(answered).protocolVersion !== undefined, answered.text);
  session.headers['mcp-session-id'] = answered.headers.get('mcp-session-id') ?? '';
  return session;
}

function answeredWell({ status, text }: Answered): void {
  assert.ok(status < 500, `${status}: ${text}`);
  assert.ok(!text.includes('Internal error'), text);
}

/** Nothing in a batch may be nested thousands deep, or all of it is refused. */
function legacyMessages(server: string): string[] {
  const params = hostileParams().filter((text) => text.length < 10_000);
  const methods = THOROUGH.has(server) ? REQUESTS : KEPT;
  const requests = methods.flatMap((method) => params.map((text, index) => request(`${method}${index}`, method, text)));
  const notifications = NOTIFICATIONS.flatMap((method) =>
    params.map((text) => `{"jsonrpc":"2.0","method":"${method}","params":${text}}`),
  );
  return [...requests, ...notifications];
}

function modernMessages(): [method: string, text: string][] {
  const params = hostileParams(META);
  return ['tools/call', 'resources/read'].flatMap((method) =>
    params.map((text): [string, string] => [method, request(1, method, text)]),
  );
}

function stateless(url: string, method: string, text: string): Promise<Answered> {
  const name = method === 'resources/read' ? 'test://a' : 'echo';
  const named = /^(?:tools\/call|resources\/read)$/.test(method) ? { 'mcp-name': name } : {};
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...named };
  return new McpSession(url, headers).post(text);
}

function request(id: number | string, method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":"${method}","params":${params}}`;
}

function batches<T>(all: readonly T[], size = BATCH): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
