/** The pages as they are served: what they show to whom, and that everything from outside is escaped. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { PersonalTokens } from '../../src/identity/personal-tokens.ts';
import { WebSessions } from '../../src/identity/web-sessions.ts';
import { openStore } from '../../src/storage/store.ts';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { startFor } from './start-for.ts';

const HTML = { accept: 'text/html,application/xhtml+xml' };
const ODD = `a"'&<b>`;

let server: HttpServer;
before(async () => {
  server = await HttpServer.start();
});
after(() => server.stop());

const entry = () => ({ type: 'streamable-http', url: server.url.href });

describe('GET /', () => {
  it('is a page for browsers and JSON for programs', async (t) => {
    const app = await startFor(t, { mcpServers: { time: entry() } });
    const page = await app.get('/', HTML);
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    const text = await page.text();
    assert.match(text, /<title>latchkey<\/title>/);
    assert.match(text, new RegExp(`http://localhost:${app.settings.port}/time/openapi.json`));
    assert.doesNotMatch(text, /MCP OpenAPI Proxy|Automatically generated/);
    const path = '/time';
    const base = `http://localhost:${app.settings.port}`;
    assert.deepEqual(await (await app.get('/')).json(), {
      name: 'latchkey',
      version: '1.0',
      mcp_url: `${base}/mcp`,
      servers: [
        { name: 'time', state: 'ready', words: 'Ready, 13 tools', tools: 13, path, mcp_url: `${base}/time/mcp` },
      ],
    });
  });

  it('shows the addresses of sessions where the file lists its servers under servers', async (t) => {
    const app = await startFor(t, { servers: { 'a b': entry() }, argv: ['--path-prefix', '/pre'] });
    const base = `http://localhost:${app.settings.port}`;
    const expected = { sse_url: `${base}/pre/a%20b`, api_url: `${base}/api/a%20b` };
    const { servers } = (await (await app.get('/')).json()) as { servers: (typeof expected)[] };
    assert.deepEqual(
      servers.map(({ sse_url, api_url }) => ({ sse_url, api_url })),
      [expected],
    );
    const text = await (await app.get('/', HTML)).text();
    for (const address of Object.values(expected)) assert.ok(text.includes(`>${address}<`), address);
    for (const path of ['/pre/a%20b', '/api/a%20b/echo?sessionId=1']) {
      const answer = await (path.startsWith('/api') ? app.post(path, { message: 'x' }) : app.get(path));
      assert.equal(answer.status, 200, path);
      await answer.body?.cancel();
    }
  });

  it('shows the name and description that the operator gave, and escapes them and names of servers', async (t) => {
    const argv = ['--name', `Name ${ODD}`, '--description', `About ${ODD}`];
    const app = await startFor(t, { mcpServers: { [`s ${ODD}`]: entry() }, argv });
    for (const path of ['/', '/docs', `/${encodeURIComponent(`s ${ODD}`)}/docs`]) {
      const text = await (await app.get(path, HTML)).text();
      assert.doesNotMatch(text, /<b>/, path);
      assert.doesNotMatch(text, /="[^"]*a"'/, path);
    }
    const home = await (await app.get('/', HTML)).text();
    assert.match(home, /<title>Name a&quot;&#39;&amp;&lt;b&gt;/);
    assert.match(home, /About a&quot;/);
    assert.match(home, /href="\/s%20a%22(?:'|&#39;)(?:&amp;)%3Cb%3E\/docs"/);
  });

  it('shows the root as the address of a single server', async (t) => {
    const app = await startFor(t, { argv: ['--type', 'streamable-http', '--', server.url.href] });
    const text = await (await app.get('/', HTML)).text();
    assert.match(text, new RegExp(`>http://localhost:${app.settings.port}<`));
    assert.match(text, new RegExp(`>http://localhost:${app.settings.port}/openapi.json<`));
  });

  it('says so where no server is configured', async (t) => {
    const app = await startFor(t, { mcpServers: { off: { ...entry(), disabled: true } } });
    assert.match(await (await app.get('/', HTML)).text(), /No server is configured/);
  });

  it('shows warnings, which name files and commands, only to those who may know; those for everybody to everybody, and notes to nobody', async (t) => {
    const show = async (app: RunningApp, headers: Record<string, string> = {}) => {
      const { gateway, settings } = app;
      const built = await buildApp({
        gateway,
        settings,
        log: pino({ level: 'silent' }),
        tokens: new PersonalTokens(openStore('memory'), pino({ level: 'silent' })),
        sessions: new WebSessions(openStore('memory').table('sessions'), { idleMs: 60_000, longestMs: 60_000 }),
        warnings: () => [
          { file: 'PRIVATE file <i>', path: '', message: 'odd' },
          { file: 'command line', path: '', message: 'EVERYBODY <b>', isPublic: true },
          { file: '', path: 'key', message: 'A NOTE', isNote: true },
        ],
      });
      const answer = await built.inject({ url: '/', headers: { ...HTML, ...headers } });
      await built.close();
      return answer.body;
    };
    const open = await startFor(t, { mcpServers: { time: entry() } });
    assert.match(await show(open), /PRIVATE file &lt;i&gt;/);
    assert.doesNotMatch(await show(open), /A NOTE/);
    const guarded = await startFor(t, { mcpServers: { time: entry() }, argv: ['--api-key', 'correct horse'] });
    assert.doesNotMatch(await show(guarded), /PRIVATE/);
    assert.match(await show(guarded), /EVERYBODY &lt;b&gt;/);
    assert.match(await show(guarded, { authorization: 'Bearer correct horse' }), /PRIVATE/);
  });
});

describe('GET below a server', () => {
  let app: RunningApp;
  before(async () => {
    app = await startApp({ mcpServers: { time: entry(), 'a/b c': entry() } });
  });
  after(() => app.close());

  it('answers its page to browsers and a summary to programs', async () => {
    const toPage = await app.get('/time', HTML);
    assert.equal(toPage.status, 302);
    assert.equal(toPage.headers.get('location'), '/time/docs');
    assert.equal((await app.get('/a/b%20c', HTML)).headers.get('location'), '/a/b%20c/docs');
    const { name, tools } = (await (await app.get('/time')).json()) as { name: string; tools: number };
    assert.deepEqual([name, tools], ['time', 13]);
  });

  it('answers its docs page, document and the old address of the docs, with and without a trailing slash', async () => {
    for (const base of ['/time', '/a/b%20c', '/a%2Fb%20c']) {
      for (const slash of ['', '/']) {
        const docs = await (await app.get(`${base}/docs${slash}`)).text();
        assert.match(docs, /data-document="\/(time|a\/b%20c)\/openapi.json"/);
        assert.equal((await app.get(`${base}/openapi.json${slash}`)).status, 200);
        assert.match((await app.get(`${base}/redoc${slash}`)).headers.get('location') ?? '', /\/docs$/);
      }
    }
    assert.equal((await app.get('/redoc')).headers.get('location'), '/docs');
  });

  it('refuses other methods on a tool with 405, and knows no other path', async () => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const tool = await fetch(`${app.url}/time/echo`, { method });
      assert.equal(tool.status, 405, method);
      assert.equal(tool.headers.get('allow'), 'POST');
      assert.deepEqual(await tool.json(), { detail: 'Method Not Allowed' });
      assert.equal((await fetch(`${app.url}/time/none`, { method })).status, 404);
    }
  });
});

describe('pages and scripts', () => {
  it('hold nothing inline, and load only files that are there', async (t) => {
    const app = await startFor(t, { mcpServers: { time: entry() } });
    for (const path of ['/', '/docs', '/time/docs']) {
      const text = await (await app.get(path, HTML)).text();
      assert.doesNotMatch(text, /<script>|<style|\son\w+=|\sstyle=|javascript:/, path);
      assert.match(text, /<html lang="en">/);
      assert.equal(text.match(/<h1/g)?.length, 1, path);
      assert.equal(text.match(/<main/g)?.length, 1, path);
      const assets = [...text.matchAll(/(?:src|href)="([^"]*\/assets\/[^"]+)"/g)].map(([, asset]) => asset ?? '');
      assert.ok(assets.length >= 3);
      for (const asset of assets) {
        const response = await app.get(asset);
        assert.equal(response.status, 200, asset);
        assert.match(
          response.headers.get('content-type') ?? '',
          /^(text\/css|application\/javascript|text\/javascript|image\/svg)/,
        );
      }
    }
  });
});
