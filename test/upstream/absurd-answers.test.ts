/** Answers that are all brackets: a REST call is told so at once, and the server can be called again. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { type Behave, HttpServer, startStream } from '../helpers/http-server.ts';

/** Reading it would take seconds and gigabytes; 6 MB are allowed otherwise. */
const BRACKETS = '['.repeat(3_000_000) + ']'.repeat(3_000_000);

function absurdAnswer(id: unknown): string {
  return `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"_meta":{"all":${BRACKETS}}}}`;
}

/** The gateway before a server of `type` that behaves so. */
async function openApp(t: TestContext, type: 'streamable-http' | 'sse', behave: Behave): Promise<RunningApp> {
  const server = await HttpServer.start({ behave });
  t.after(() => server.stop());
  const app = await startApp({ mcpServers: { absurd: { type, url: server.url.href } } });
  t.after(() => app.close());
  return app;
}

/** `echo` has an answer that is absurd, `add` a sound one. */
async function refusesOnlyTheAbsurd(app: RunningApp): Promise<void> {
  const refused = await app.post('/absurd/echo', { text: 'a' });
  assert.equal(refused.status, 502);
  assert.match(await refused.text(), /more than 512 levels deep/);
  const record = app.records.find((one) => one.code === 'bad_upstream_answer');
  assert.equal(record?.status, 502);
  const answered = await app.post('/absurd/add', { a: 1, b: 2 });
  assert.equal(await answered.text(), '3');
}

test('a JSON body', async (t) => {
  const app = await openApp(t, 'streamable-http', ({ name, message, response }) => {
    if (name !== 'echo') return false;
    response.writeHead(200, { 'content-type': 'application/json' }).end(absurdAnswer(message?.id));
    return true;
  });
  await refusesOnlyTheAbsurd(app);
});

test('an event of the stream that answers a POST', async (t) => {
  const app = await openApp(t, 'streamable-http', ({ name, message, response }) => {
    if (name !== 'echo') return false;
    startStream(response);
    response.end(`data: ${absurdAnswer(message?.id)}\n\n`);
    return true;
  });
  await refusesOnlyTheAbsurd(app);
});

test('an event of the stream of an SSE server', async (t) => {
  let say = (_answer: string): void => undefined;
  const app = await openApp(t, 'sse', ({ request, response, name, message, reply }) => {
    if (request.method === 'GET') {
      startStream(response);
      response.write('event: endpoint\ndata: /post\n\n');
      say = (answer) => response.write(`data: ${answer}\n\n`);
      return true;
    }
    const result = RESULTS[name];
    if (name === 'echo') say(absurdAnswer(message?.id));
    else if (result !== undefined) say(JSON.stringify({ jsonrpc: '2.0', id: message?.id, result }));
    reply(202);
    return true;
  });
  await refusesOnlyTheAbsurd(app);
});

const RESULTS: Readonly<Record<string, unknown>> = {
  initialize: {
    protocolVersion: '2024-11-05',
    capabilities: { tools: {} },
    serverInfo: { name: 'absurd', version: '1' },
  },
  'tools/list': { tools: ['echo', 'add'].map((name) => ({ name, inputSchema: { type: 'object' } })) },
  add: { content: [{ type: 'text', text: '3' }] },
};
