/** `--root-path` behind proxies that strip the prefix or keep it, and `--path-prefix`. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AppSetup } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { startPrefixProxy } from './prefix-proxy.ts';
import { startFor } from './start-for.ts';

interface OpenApi {
  readonly servers?: readonly { readonly url: string }[];
  readonly info: { readonly description: string };
  readonly paths: Readonly<Record<string, unknown>>;
}

const HTML = { accept: 'text/html' };
const ECHO = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text":"x"}' };

let server: HttpServer;
let setup: AppSetup;
before(async () => {
  server = await HttpServer.start();
  setup = { mcpServers: { 'my time': { type: 'streamable-http', url: server.url.href } } };
});
after(() => server.stop());

const document = async (url: string): Promise<OpenApi> => (await (await fetch(url)).json()) as OpenApi;

/** All addresses in a page that the browser would follow or load. */
function links(html: string): string[] {
  return [...html.matchAll(/(?:href|src|data-document)="([^"#][^"]*)"/g)].map(([, link]) => link ?? '');
}

describe('--root-path', () => {
  for (const mode of ['strip', 'keep'] as const) {
    it(`works behind a proxy that would ${mode} the prefix`, async (t) => {
      const app = await startFor(t, { ...setup, argv: ['--root-path', '/in/side'] });
      const proxy = await startPrefixProxy(app.url, '/in/side', mode);
      const base = `${proxy.origin}/in/side`;
      const own = await document(`${base}/my%20time/openapi.json`);
      assert.deepEqual(own.servers, [{ url: '/in/side/my time' }]);
      const all = await document(`${base}/openapi.json`);
      assert.deepEqual(all.servers, [{ url: '/in/side' }]);
      assert.ok(Object.hasOwn(all.paths, '/my time/echo'));
      assert.match(all.info.description, /\(\/in\/side\/my%20time\/docs\)/);
      assert.equal((await fetch(`${base}/my%20time/echo`, ECHO)).status, 200);
      const followed: string[] = [];
      for (const page of ['/', '/docs', '/my%20time/docs', '/my%20time', '/redoc', '']) {
        const response = await fetch(base + page, { headers: HTML });
        assert.equal(response.status, 200, page);
        followed.push(...links(await response.text()));
      }
      for (const link of new Set(followed)) {
        const response = await fetch(new URL(link, proxy.origin));
        assert.equal(response.status, 200, link);
        await response.arrayBuffer();
      }
      assert.ok(new Set(followed).size >= 9);
      await proxy.stop();
    });
  }

  it('answers both forms directly, and is no part of similar paths', async (t) => {
    const app = await startFor(t, { ...setup, argv: ['--root-path', 'api/'] });
    for (const prefix of ['', '/api']) {
      assert.equal((await fetch(`${app.url}${prefix}/my%20time/echo`, ECHO)).status, 200);
      assert.equal((await app.get(`${prefix}/healthz?x=/api`)).status, 200);
    }
    assert.equal((await app.get('/api')).status, 200);
    assert.equal((await app.get('/api?x')).status, 200);
    for (const path of ['/apis/healthz', '/apihealthz', '/api/api/healthz']) {
      assert.equal((await app.get(path)).status, 404, path);
    }
  });

  it('works for a single server', async (t) => {
    const argv = ['--root-path', '/api', '--type', 'streamable-http', '--', server.url.href];
    const app = await startFor(t, { argv });
    assert.deepEqual((await document(`${app.url}/api/openapi.json`)).servers, [{ url: '/api' }]);
    for (const path of ['/echo', '/api/echo', '/default/echo', '/api/default/echo']) {
      assert.equal((await fetch(app.url + path, ECHO)).status, 200, path);
    }
  });

  it('is part of the addresses that people copy, once', async (t) => {
    const cases = [
      [['--root-path', '/api'], /:\d+\/api\/my%20time</],
      [['--root-path', '/api', '--public-url', 'https://front.example'], />https:\/\/front\.example\/api\/my%20time</],
      [
        ['--root-path', '/api', '--public-url', 'https://front.example/api/'],
        />https:\/\/front\.example\/api\/my%20time</,
      ],
    ] as const;
    for (const [argv, expected] of cases) {
      const app = await startFor(t, { ...setup, argv });
      assert.match(await (await app.get('/', HTML)).text(), expected);
    }
  });
});

describe('--path-prefix', () => {
  it('precedes servers only, and frees reserved names', async (t) => {
    const docs = { type: 'streamable-http', url: server.url.href };
    const app = await startFor(t, { mcpServers: { docs, metrics: docs }, argv: ['--path-prefix', 'tools'] });
    assert.equal((await fetch(`${app.url}/tools/docs/echo`, ECHO)).status, 200);
    assert.equal((await fetch(`${app.url}/docs/echo`, ECHO)).status, 404);
    assert.deepEqual((await document(`${app.url}/tools/metrics/openapi.json`)).servers, [{ url: '/tools/metrics' }]);
    const all = await document(`${app.url}/openapi.json`);
    assert.equal(all.servers, undefined);
    assert.ok(Object.hasOwn(all.paths, '/tools/docs/echo'));
    assert.match(await (await app.get('/metrics')).text(), /latchkey_upstream_state/);
    for (const path of ['/tools', '/tools/', '/openapi.json/echo'])
      assert.equal((await app.get(path)).status, 404, path);
  });

  it('stands behind the root path', async (t) => {
    const app = await startFor(t, { ...setup, argv: ['--path-prefix', '/t', '--root-path', '/r'] });
    assert.deepEqual((await document(`${app.url}/r/t/my%20time/openapi.json`)).servers, [{ url: '/r/t/my time' }]);
    for (const path of ['/r/t/my%20time/echo', '/t/my%20time/echo']) {
      assert.equal((await fetch(app.url + path, ECHO)).status, 200, path);
    }
    assert.match(await (await app.get('/', HTML)).text(), /href="\/r\/t\/my%20time\/docs"/);
  });
});
