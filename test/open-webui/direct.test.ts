/** Direct connections: the page of Open WebUI, of another origin, calls the gateway by the rules of browsers. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { sessionToken, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { grantFor } from '../http/grant-for.ts';
import { startStory } from '../http/login-story.ts';
import { raw } from '../http/raw.ts';
import { startFor } from '../http/start-for.ts';
import { FailedToFetch, Page } from './browser-fetch.ts';
import type { Connection, Person } from './client-model.ts';
import { DirectClient } from './direct.ts';

const CHAT = 'https://chat.example';
const KEY = 'correct horse battery';
const JSON_TYPE = { 'content-type': 'application/json' };

function person(id: string, token?: string): Person {
  const known = { id, name: id, email: `${id}@chat.example`, role: 'user' };
  return token === undefined ? known : { ...known, token };
}

/** A page that fails the test if anything that came to it allows credentials. */
function openPage(t: TestContext, origin = CHAT): Page {
  const page = new Page(origin);
  t.after(() => {
    for (const { headers } of page.answers) assert.equal(headers['access-control-allow-credentials'], undefined);
  });
  return page;
}

async function startTime(
  t: TestContext,
  argv: readonly string[],
): Promise<RunningApp & { readonly server: HttpServer }> {
  const server = await HttpServer.start();
  t.after(() => server.stop());
  const time = { type: 'streamable-http', url: server.url.href, timeout: 0.3 };
  const app = await startFor(t, { mcpServers: { time, gone: { ...time, url: 'http://127.0.0.1:9/mcp' } }, argv });
  return { ...app, server };
}

describe('a direct connection', () => {
  it('shows people their own tools, and runs them with their own accounts', async (t) => {
    const { app } = await startStory(t, { keys: { webui_secret_key: WEBUI_SECRET } });
    await grantFor(app, 'openwebui:alice', { user: 'alice' });
    await grantFor(app, 'openwebui:bob', { user: 'bob' });
    for (const [path, nameOf] of [
      ['/notes', (tool: string) => `tool_${tool}_post`],
      ['', (tool: string) => `notes_${tool}`],
    ] as const) {
      for (const [id, hasExtra] of [
        ['alice', true],
        ['bob', false],
      ] as const) {
        const page = openPage(t);
        const connection: Connection = { url: app.url + path, path: 'openapi.json', authType: 'session' };
        const client = new DirectClient(page, connection, person(id, await sessionToken(id)));
        const names = (await client.load()).map(({ name }) => name);
        assert.ok(names.includes(nameOf('whoami')), id);
        assert.equal(names.includes(nameOf('count_words')), hasExtra, `${id}: ${names}`);
        assert.equal((await client.call(nameOf('whoami'))).text, id);
        assert.equal(client.fetched?.headers['cache-control'], 'private, no-store');
        assert.match(String(client.fetched?.headers.vary), /authorization/i);
        assert.deepEqual([client.probe?.status, client.probe?.body], [404, '{"detail":"Not Found"}']);
        // The probe is a simple request; the document and the call are not.
        assert.equal(page.preflights.length, 2);
      }
    }
  });

  it('works with the key of the gateway, and with a body that is empty', async (t) => {
    const app = await startTime(t, ['--api-key', KEY]);
    const page = openPage(t);
    const connection: Connection = { url: `${app.url}/time`, path: 'openapi.json', authType: 'bearer', key: KEY };
    const client = new DirectClient(page, connection, person('ann'));
    await client.load();
    assert.equal((await client.call('tool_echo_post', { text: 'hi' })).text, 'hi');
    const headers = { ...JSON_TYPE, 'x-session-id': 's', authorization: `Bearer ${KEY}` };
    const empty = await page.fetch(`${app.url}/time/structured`, { method: 'POST', headers });
    assert.deepEqual([empty.status, empty.body], [200, '{"sum":3}']);
  });

  it('lets the page read every error', async (t) => {
    const app = await startTime(t, ['--api-key', KEY]);
    const page = openPage(t);
    const good = { authorization: `Bearer ${KEY}` };
    const post = async (path: string, body: string | undefined, headers: Record<string, string>): Promise<number> => {
      const all = { ...JSON_TYPE, 'x-session-id': 's', ...headers };
      const request = { method: 'POST', headers: all, ...(body === undefined ? {} : { body }) };
      const { status, body: text, headers: answered } = await page.fetch(app.url + path, request);
      assert.match(String(answered['content-type']), /^application\/json/);
      assert.notEqual(JSON.parse(text), undefined);
      return status;
    };
    assert.equal(await post('/time/echo', '{}', {}), 401);
    assert.equal(await post('/time/echo', '{}', { authorization: 'Bearer wrong' }), 403);
    assert.equal(await post('/time/echo', '{"text":1}', good), 422);
    assert.equal(await post('/time/echo', '{broken', good), 422);
    assert.equal(await post('/time/nothing', '{}', good), 404);
    assert.equal(await post('/nowhere/echo', '{}', good), 404);
    assert.equal(await post('/openapi.json', '{}', good), 405);
    assert.equal(await post('/time/fail', '{"text":"broken"}', good), 500);
    assert.equal(await post('/gone/echo', '{}', good), 503);
    assert.equal(await post('/time/slow', '{"ms":60000}', good), 504);
    assert.equal(await post('/time/%zz', '{}', good), 404);
  });

  it('carries the headers on what is refused before a body is read', async (t) => {
    const app = await startTime(t, ['--api-key', KEY]);
    const headers = ['origin', CHAT, 'authorization', `Bearer ${KEY}`, 'content-type', 'application/json'];
    const large = [...headers, 'content-length', '99999999'];
    const twice = [...headers, 'authorization', 'Bearer other'];
    for (const [given, status] of [
      [large, 413],
      [twice, 400],
    ] as const) {
      const answer = await raw(app.url, { method: 'POST', path: '/time/echo', headers: given });
      assert.deepEqual([answer.status, answer.headers['access-control-allow-origin']], [status, '*']);
      assert.equal(answer.headers['access-control-allow-credentials'], undefined);
    }
  });

  it('lets the page read what --strict-auth refuses, and the probe is cheap there too', async (t) => {
    const app = await startTime(t, ['--api-key', KEY, '--strict-auth']);
    const page = openPage(t);
    for (const path of ['/openapi.json', '/time/openapi.json', '/api/config', '/time/api/config', '/nowhere']) {
      const answer = await page.fetch(app.url + path);
      assert.deepEqual([answer.status, answer.headers['x-latchkey-error']], [401, 'missing_credentials'], path);
      assert.ok(answer.body.length < 300);
    }
    const connection: Connection = { url: `${app.url}/time`, path: 'openapi.json', authType: 'bearer', key: KEY };
    const client = new DirectClient(page, connection, person('ann'));
    await client.load();
    assert.equal((await client.call('tool_echo_post', { text: 'hi' })).text, 'hi');
  });

  it('is answered a small 404 to its probe, wherever it points', async (t) => {
    const app = await startTime(t, ['--api-key', KEY, '--root-path', '/tools']);
    const page = openPage(t);
    for (const path of ['', '/time', '/gone', '/tools', '/tools/time', '/nowhere']) {
      const answer = await page.fetch(`${app.url}${path}/api/config`);
      assert.deepEqual([answer.status, answer.body], [404, '{"detail":"Not Found"}'], path);
    }
    assert.deepEqual(page.preflights, []);
  });
});

describe('a gateway that asks for no credential', () => {
  it('answers a chat on this machine, and no page elsewhere unless it is named', async (t) => {
    const open = await startTime(t, []);
    const named = await startTime(t, ['--cors-allow-origins', CHAT]);
    const reach = async ({ url }: RunningApp, origin: string): Promise<string> => {
      const connection: Connection = { url: `${url}/time`, path: 'openapi.json', authType: 'session' };
      const client = new DirectClient(openPage(t, origin), connection, person('ann', 'no-token-of-ours'));
      await client.load();
      return (await client.call('tool_echo_post', { text: 'hi' })).text;
    };
    assert.equal(await reach(open, 'http://localhost:3000'), 'hi');
    await assert.rejects(reach(open, CHAT), FailedToFetch);
    assert.equal(open.server.record.count('echo'), 1);
    assert.equal(await reach(named, CHAT), 'hi');
    await assert.rejects(reach(named, 'https://other.example'), FailedToFetch);
  });
});
