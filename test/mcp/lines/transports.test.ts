/** The ways to a server when it turns out to be another one than it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerNotes } from '../../../src/mcp/lines/server-notes.ts';
import { startApp } from '../../helpers/app.ts';
import { serverConfig, urlEndpoint } from '../../helpers/configs.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { askStateless, McpSession, resultOf } from '../../helpers/mcp-session.ts';

const HI = [{ type: 'text', text: 'hi' }];
const ECHO = { name: 'echo', arguments: { text: 'hi' } };

test('a server that has given up 2026-07-28 is asked again, and served by a translation', async () => {
  let isModern = true;
  const modern = await HttpServer.start({ revision: '2026-07-28', sessions: false });
  const legacy = await HttpServer.start();
  const relay = await HttpServer.start({
    behave: async ({ request, reply, message }) => {
      const to = isModern ? modern.url : legacy.url;
      const headers = Object.entries(request.headers).filter(([name]) => /^(?:mcp-|accept$|content-type$)/.test(name));
      const method = request.method ?? 'POST';
      if (method === 'GET') {
        reply(405);
        return true;
      }
      const response = await fetch(to, {
        method,
        headers: headers.map(([name, value]) => [name, String(value)] as [string, string]),
        ...(message === undefined ? {} : { body: JSON.stringify(message) }),
      });
      const back = ['content-type', 'mcp-session-id'].flatMap((name) => {
        const value = response.headers.get(name);
        return value === null ? [] : [[name, value]];
      });
      // A stream for changes ends with the test.
      const body = await response.text().catch(() => '');
      reply(response.status, body, Object.fromEntries(back) as Record<string, string>);
      return true;
    },
  });
  const app = await startApp({ mcpServers: { s: { type: 'streamable-http', url: relay.url.href } } });
  const url = `${app.url}/s/mcp`;
  const said = async (): Promise<unknown> => resultOf(await askStateless(url, 'tools/call', ECHO)).content;
  assert.deepEqual(await said(), HI);
  const session = await McpSession.open(url);
  assert.deepEqual((await session.result('tools/call', ECHO)).content, HI);
  isModern = false;
  // The first one may find out.
  await said();
  assert.deepEqual(await said(), HI);
  assert.deepEqual((await session.result('tools/call', ECHO)).content, HI);
  const other = await McpSession.open(url);
  assert.deepEqual((await other.result('tools/call', ECHO)).content, HI);
  await app.close();
  for (const server of [relay, modern, legacy]) await server.stop();
});

test('that a server knows no sessions counts for a while, and no longer than it is so', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const notes = new ServerNotes();
  const config = serverConfig({ endpoint: urlEndpoint('http', 'http://127.0.0.1:9/') });
  assert.equal(notes.isModernOnly(config), false);
  notes.noteModernOnly(config);
  t.mock.timers.tick(9 * 60_000);
  assert.equal(notes.isModernOnly(config), true);
  t.mock.timers.tick(60_000);
  assert.equal(notes.isModernOnly(config), false);
  notes.noteModernOnly(config);
  notes.forgetModernOnly(config);
  assert.equal(notes.isModernOnly(config), false);
});
