/** Who is shown the connection for Open WebUI on the page at `/`: admins, and nobody else. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { sessionToken, USER_JWT_SECRET, userJwt, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { Browser } from '../helpers/sign-in.ts';
import { startFor } from './start-for.ts';

const HTML = { accept: 'text/html' };
const KEY = 'correct-horse-battery';
const DOCUMENT_KEY = 'Az09._~-Az09._~-q';

let server: HttpServer;
before(async () => {
  server = await HttpServer.start();
});
after(() => server.stop());

function start(t: TestContext, argv: readonly string[], keys: Record<string, unknown> = {}): Promise<RunningApp> {
  const mcpServers = { time: { type: 'streamable-http', url: server.url.href } };
  return startFor(t, { mcpServers, argv: ['--document-key', DOCUMENT_KEY, ...argv], keys });
}

async function isShown(app: RunningApp, headers: Record<string, string> = {}): Promise<boolean> {
  const page = await (await app.get('/', { ...HTML, ...headers })).text();
  const json = await (await app.get('/', headers)).text();
  assert.ok(!json.includes(DOCUMENT_KEY), 'programs are never told');
  assert.equal(page.includes('>Open WebUI</h2>'), page.includes(DOCUMENT_KEY));
  return page.includes(DOCUMENT_KEY);
}

/** A browser that has signed in at `/login` with these fields. */
async function signedIn(app: RunningApp, fields: Record<string, string>): Promise<Browser> {
  const browser = new Browser();
  const form = await (await browser.fetch(`${app.url}/login`)).text();
  const before = await (await browser.fetch(`${app.url}/`)).text();
  assert.ok(!before.includes(DOCUMENT_KEY), 'a session alone says nothing');
  const csrf = /name="_csrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
  const headers = { origin: `http://localhost:${app.settings.port}`, 'sec-fetch-site': 'same-origin' };
  const body = new URLSearchParams({ _csrf: csrf, next: '/', ...fields });
  const answer = await browser.fetch(`${app.url}/login`, { method: 'POST', body, headers });
  assert.equal(answer.status, 303, await answer.text());
  return browser;
}

describe('with an API key, the connection for Open WebUI', () => {
  const argv = ['--api-key', KEY, '--webui-secret-key', WEBUI_SECRET, '--user-jwt-secret', USER_JWT_SECRET];

  it('is shown to its holder, by header or signed in, and to nobody else at this machine', async (t) => {
    const app = await start(t, argv);
    assert.equal(await isShown(app), false);
    assert.equal(await isShown(app, { authorization: `Bearer ${KEY}` }), true);
    assert.equal(await isShown(app, { authorization: `Basic ${btoa(`me:${KEY}`)}` }), true);
    assert.equal(await isShown(app, { authorization: 'Bearer wrong' }), false);
    const browser = await signedIn(app, { key: KEY });
    assert.match(await (await browser.fetch(`${app.url}/`)).text(), />Open WebUI<\/h2>/);
  });

  it('is not shown to users of Open WebUI, for whom it may hold the key', async (t) => {
    const app = await start(t, argv);
    assert.equal(await isShown(app, { authorization: `Bearer ${await sessionToken('alice')}` }), false);
    const named = { authorization: `Bearer ${KEY}`, 'x-openwebui-user-jwt': await userJwt('alice') };
    assert.equal(await isShown(app, named), false);
  });

  it('is not shown to accounts and tokens beside the key, signed in or not', async (t) => {
    const auth = {
      basic: { enabled: true, credentials: [{ username: 'alice', password: 'in-wonderland' }] },
      bearer: { enabled: true, tokens: ['a-token-of-somebody'] },
    };
    const app = await start(t, argv, { auth });
    assert.equal(await isShown(app, { authorization: 'Bearer a-token-of-somebody' }), false);
    assert.equal(await isShown(app, { authorization: `Basic ${btoa('alice:in-wonderland')}` }), false);
    const ways = [{ username: 'alice', password: 'in-wonderland' }, { key: 'a-token-of-somebody' }];
    for (const way of ways) {
      const browser = await signedIn(app, way);
      const page = await (await browser.fetch(`${app.url}/`)).text();
      assert.match(page, /<h2>Servers<\/h2>/);
      assert.ok(!page.includes(DOCUMENT_KEY));
    }
  });
});

describe('without an API key, the connection for Open WebUI', () => {
  const argv = ['--webui-secret-key', WEBUI_SECRET];

  it('is shown at this machine, but not through a proxy or to pages of others', async (t) => {
    const app = await start(t, argv);
    assert.equal(await isShown(app), true);
    for (const name of ['x-forwarded-for', 'forwarded', 'via', 'origin']) {
      const value = name === 'origin' ? `http://localhost:${app.settings.port}` : '127.0.0.1';
      assert.equal(await isShown(app, { [name]: value }), false, name);
    }
  });

  it('is shown to accounts and tokens, which are all that there is, and then to nobody without one', async (t) => {
    const basic = { enabled: true, credentials: [{ username: 'alice', password: 'in-wonderland' }] };
    const app = await start(t, argv, { auth: { basic, bearer: { enabled: true, tokens: ['a-token-of-somebody'] } } });
    assert.equal(await isShown(app, { authorization: `Basic ${btoa('alice:in-wonderland')}` }), true);
    assert.equal(await isShown(app, { authorization: 'Bearer a-token-of-somebody' }), true);
    assert.equal(await isShown(app), false);
    assert.equal(await isShown(app, { authorization: `Bearer ${await sessionToken('alice')}` }), false);
  });

  it('is not shown to users of Open WebUI who call from this machine', async (t) => {
    const app = await start(t, argv);
    assert.equal(await isShown(app, { authorization: `Bearer ${await sessionToken('alice')}` }), false);
  });

  it('is not shown where others come in: by a public URL, or another host', async (t) => {
    assert.equal(await isShown(await start(t, [...argv, '--public-url', 'https://tools.example.org'])), false);
    assert.equal(await isShown(await start(t, [...argv, '--host', '0.0.0.0'])), false);
  });

  it('is not there where no user of Open WebUI would be known', async (t) => {
    assert.equal(await isShown(await start(t, [])), false);
    assert.equal(await isShown(await start(t, ['--trust-forwarded-user'])), false);
  });
});

it('what is shown is the list for TOOL_SERVER_CONNECTIONS, with the key of the documents and no other', async (t) => {
  const app = await start(t, ['--api-key', KEY, '--trust-forwarded-user', '--name', `a"'<b>`]);
  const page = await (await app.get('/', { ...HTML, authorization: `Bearer ${KEY}` })).text();
  assert.ok(!page.includes(KEY));
  const [, escaped = ''] = /<code data-copy="connection">([^<]*)<\/code><\/pre>/.exec(page) ?? [];
  const entities: Record<string, string> = { quot: '"', '#39': "'", lt: '<', gt: '>', amp: '&' };
  const text = escaped.replace(/&([^;]+);/g, (_, name: string) => entities[name] ?? '');
  const [connection] = JSON.parse(text) as { url: string; path: string; key: string; info: { name: string } }[];
  assert.equal(connection?.url, `http://localhost:${app.settings.port}`);
  assert.equal(connection.path, `openapi.json?key=${DOCUMENT_KEY}`);
  assert.equal(connection.key, '<the API key of latchkey>');
  assert.equal(connection.info.name, `a"'<b>`);
  assert.match(page, /host\.docker\.internal/);
  assert.match(page, /Bearer, with the API key of latchkey/);
  for (const field of ['ID', 'Name', 'URL', 'openapi.json URL or Path', 'Auth', 'Access Control']) {
    assert.ok(page.includes(`<dt>${field}</dt>`), field);
  }
});
