/** Changes of the tool list: how each transport tells them, and what is missed while nobody listens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Behave, startStream, writeEvent } from '../helpers/http-server.ts';
import { startSseServer, startStatelessServer, startStreamableServer } from '../helpers/sdk-servers.ts';
import { until } from '../helpers/wait.ts';
import { openChild, openHttp, openSdk } from './helper.ts';

for (const revision of ['2025-06-18', '2026-07-28']) {
  test(`list_changed is followed (${revision})`, async (t) => {
    const child = await openChild(t, { revision }).ready();
    if (revision === '2026-07-28') await until(() => child.events.count('subscriptions/listen') === 1);
    await child.call('change', { extra: 2 });
    await until(() => child.toolNames.includes('extra-1'));
    await child.call('change', { extra: 0 });
    await until(() => !child.toolNames.includes('extra-0'));
  });
}

test('a server that announces no changes is not asked for any', async (t) => {
  const child = await openChild(t, { revision: '2026-07-28', listChanged: false }).ready();
  await child.call('echo', { text: 'a' });
  assert.equal(child.events.count('subscriptions/listen'), 0);
});

test('list_changed on the GET stream refreshes the list, also after the stream was cut', async (t) => {
  const http = await (await openHttp(t)).ready();
  await until(() => http.server.streams === 1);
  http.server.changeTools(1);
  await until(() => http.toolNames.includes('extra-0'));
  // What changes while nobody listens is seen once the stream is back.
  http.server.cut();
  await until(() => http.server.streams === 0);
  http.server.changeTools(2);
  await until(() => http.toolNames.includes('extra-1'));
  assert.equal(http.server.requests('initialize').length, 1);
});

test('list_changed through the SDKs', async (t) => {
  const legacy = await (await openSdk(t, startStreamableServer())).ready();
  const modern = await (await openSdk(t, startStatelessServer())).ready();
  await until(async () => {
    // Announced again until the stream, which the SDKs do not show, is open.
    await Promise.all([legacy.server.changeTools(2), modern.server.changeTools(3)]);
    return legacy.toolNames.includes('extra-1') && modern.toolNames.includes('extra-2');
  });
});

test('a subscription that was cut is renewed, and the list read anew', async (t) => {
  const http = await (await openHttp(t, { revision: '2026-07-28' })).ready();
  await until(() => http.server.requests('subscriptions/listen').length === 1);
  http.server.changeTools(1);
  await until(() => http.toolNames.includes('extra-0'));
  http.server.cut();
  http.server.changeTools(2);
  await until(() => http.toolNames.includes('extra-1'));
  assert.equal(http.server.requests('subscriptions/listen').length, 2);
});

test('a restarted server is noticed through its GET stream, and its tools are read anew', async (t) => {
  const http = await (await openHttp(t)).ready();
  await until(() => http.server.streams === 1);
  await http.server.stop();
  http.server.changeTools(0);
  await http.server.start();
  await until(() => http.server.requests('tools/list').length === 2, 8_000);
  assert.equal(http.server.requests('initialize').length, 2);
});

test('list_changed on an SSE stream', async (t) => {
  const sse = await (await openSdk(t, startSseServer(), 'sse')).ready();
  await sse.server.changeTools(2);
  await until(() => sse.toolNames.includes('extra-1'));
});

test('announcements in a row are taken together, and the last one counts', async (t) => {
  const http = await (await openHttp(t)).ready();
  await until(() => http.server.streams === 1);
  for (let extra = 1; extra <= 100; extra += 1) http.server.changeTools(extra);
  await until(() => http.toolNames.includes('extra-99'));
  assert.ok(http.server.requests('tools/list').length < 20, `${http.server.requests('tools/list').length} lists`);
});

test('a list that cannot be read keeps the old one, with a line in the log', async (t) => {
  const http = await (await openHttp(t)).ready();
  await until(() => http.server.streams === 1);
  http.server.behave = ({ name, reply }) => {
    if (name === 'tools/list') reply(500, 'oh');
    return name === 'tools/list';
  };
  http.server.changeTools(1);
  await until(() => http.log.matching(/could not be read/).length > 0);
  assert.equal(http.records.length, 1);
  assert.equal(http.link.state.state, 'ready');
});

test('a change during a reconnect is not forgotten for the new session', async (t) => {
  const http = await (await openHttp(t)).ready();
  await until(() => http.server.streams === 1);
  let release: (() => void) | undefined;
  http.server.behave = async ({ name }) => {
    if (name === 'tools/list' && release === undefined) await new Promise<void>((resolve) => (release = resolve));
    return false;
  };
  http.server.changeTools(1);
  await until(() => release !== undefined);
  // The list of the old session is still under way when the session is lost and a new one opens.
  http.server.forget();
  assert.equal(await http.call('add', { a: 1, b: 1 }), '2');
  await until(() => http.server.requests('GET').length === 2 && http.server.streams === 1);
  http.server.changeTools(5);
  release?.();
  await until(() => http.toolNames.includes('extra-4'));
});

test('a change that is announced while the first list is read leads to a second list', async (t) => {
  let lists = 0;
  const behave: Behave = ({ name, message, response }) => {
    if (name !== 'tools/list') return false;
    lists += 1;
    startStream(response);
    if (lists === 1) writeEvent(response, { jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    const tools = lists === 1 ? [] : [{ name: 'new', inputSchema: { type: 'object' } }];
    response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id: message?.id, result: { tools } })}\n\n`);
    return true;
  };
  const http = await (await openHttp(t, { behave })).ready();
  await until(() => http.toolNames.includes('new'));
});
