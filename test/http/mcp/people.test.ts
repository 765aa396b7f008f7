/** Two people at one server, many sessions at once: nothing of one ever comes to the other. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { type LivelyServer, startLivelyServer } from '../../helpers/lively-server.ts';
import { type Json, McpSession } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';
import { basic } from '../raw.ts';

const PEOPLE = ['ann', 'ben'] as const;
/** Together: 200. */
const EACH = 100;
const AUTH = {
  basic: { enabled: true, credentials: PEOPLE.map((username) => ({ username, password: `secret-of-${username}` })) },
};

interface Heard {
  readonly session: McpSession;
  readonly who: string;
  readonly words: string;
  /** Everything that came, answers aside. */
  readonly said: Json[];
}

describe('two people at one server', () => {
  let server: LivelyServer;
  let app: RunningApp;
  let url: string;

  before(async () => {
    server = await startLivelyServer();
    app = await startApp({
      mcpServers: { lively: { type: 'streamable-http', url: server.url.href } },
      keys: { auth: AUTH },
    });
    url = `${app.url}/lively/mcp`;
  });
  after(async () => {
    await app.close();
    await server.close();
  });

  const as = (who: string): Record<string, string> => ({ authorization: basic(who, `secret-of-${who}`) });

  test('never hear of each other, with 200 sessions at once', async () => {
    const heard: Heard[] = await inTurns(
      PEOPLE.flatMap((who) => Array.from({ length: EACH }, (_, n) => ({ who, n }))),
      open,
    );
    assert.equal(heard.length, 2 * EACH);
    await inTurns(heard, talk);
    await server.tellAll('notifications/message', (id) => ({ level: 'info', data: `to ${id}` }));
    await until(() => heard.every(({ said }) => said.some(isTold)));
    const told = new Set<unknown>();
    for (const { words, said } of heard) {
      const strange = said.filter((message) => !isTold(message) && !JSON.stringify(message).includes(words));
      assert.deepEqual(strange, []);
      const own = said.filter(isTold);
      assert.equal(own.length, 1);
      told.add((own[0]?.params as Json | undefined)?.data);
    }
    assert.equal(told.size, heard.length, 'each session was told what was for it alone');
    await inTurns(heard, async ({ session }) => assert.equal(await session.end(), 204));
  });

  async function open({ who, n }: { who: string; n: number }): Promise<Heard> {
    const session = await McpSession.open(url, { headers: as(who), capabilities: { sampling: {} } });
    const said: Json[] = [];
    const stream = await session.listen(({ data }) => void (data !== '' && said.push(JSON.parse(data) as Json)));
    assert.equal(stream.status, 200);
    return { session, who, words: `words-of-${who}-${n}.`, said };
  }

  /** Every session uses the same ids and the same progress token. */
  async function talk({ session, words, said }: Heard): Promise<void> {
    const hear = (message: Json): void => {
      if (message.method === undefined) return;
      said.push(message);
      if (message.method !== 'sampling/createMessage') return;
      const content = { type: 'text', text: words };
      void session.post({ jsonrpc: '2.0', id: message.id, result: { role: 'assistant', content, model: 'm' } });
    };
    const report = { name: 'report', arguments: { text: words }, _meta: { progressToken: 'token' } };
    const [reported, asked] = await Promise.all([
      session.result('tools/call', report, hear),
      session.result('tools/call', { name: 'ask', arguments: { text: words } }, hear),
    ]);
    assert.deepEqual(reported.content, [{ type: 'text', text: words }]);
    assert.equal(JSON.parse(((asked.content as Json[])[0]?.text ?? '') as string).text, words);
    assert.equal(said.filter(({ method }) => method === 'notifications/progress').length, 1);
  }

  test("do not get into each other's sessions: neither to ask, nor to listen, nor to end them", async () => {
    const anns = await McpSession.open(url, { headers: as('ann') });
    const bens = new McpSession(url, { ...as('ben'), 'mcp-session-id': anns.id });
    const nobodys = new McpSession(url, { 'mcp-session-id': anns.id });
    assert.equal((await bens.ask('tools/list')).status, 404);
    assert.equal((await bens.notify('notifications/cancelled', { requestId: 1 })).status, 404);
    assert.equal((await bens.listen(() => undefined)).status, 404);
    assert.equal((await bens.listen(() => undefined, '0-1')).status, 404);
    assert.equal(await bens.end(), 404);
    assert.equal((await nobodys.ask('tools/list')).status, 401);
    assert.equal((await anns.ask('tools/list')).status, 200);
    assert.equal(await anns.end(), 204);
  });

  test('do not get into a session of another endpoint with its id', async () => {
    const session = await McpSession.open(url, { headers: as('ann') });
    const elsewhere = new McpSession(`${app.url}/mcp`, session.headers);
    assert.equal((await elsewhere.ask('tools/list')).status, 404);
    await session.end();
  });
});

function isTold({ params }: Json): boolean {
  return String((params as Json | undefined)?.data).startsWith('to ');
}

/** Ten at a time. */
async function inTurns<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = [...items];
  const work = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) results.push(await run(item));
  };
  await Promise.all(Array.from({ length: 10 }, work));
  return results;
}
