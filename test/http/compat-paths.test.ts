/** Paths, methods and prefixes as in mcpo: which of them reach a tool, and what the others answer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { ask, caseCommand, startCases } from '../helpers/mcpo-cases-app.ts';

const NOT_FOUND = { status: 404, body: { detail: 'Not Found' } };

describe('paths as in mcpo', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['names', 'calls']);
  });
  after(() => app.close());

  for (const [path, tool] of [
    ['plain', 'plain'],
    ['plain?x=1', 'plain'],
    ['a.b', 'a.b'],
    ['a/b', 'a/b'],
    ['a%2Fb', 'a/b'],
    ['with%20space', 'with space'],
    ['gr%C3%B6%C3%9Fe', 'größe'],
    ['emoji%F0%9F%98%80', 'emoji😀'],
    ['UPPER_case', 'UPPER_case'],
    ['n-twin', 'n-twin'],
    ['n_twin', 'n_twin'],
    ['docs', 'docs'],
    ['100%25', '100%'],
    ['100%', '100%'],
    ['q%3Fx', 'q?x'],
    ['h%23x', 'h#x'],
    ['x%7Bid%7Dy', 'x{id}y'],
    [`long_${'x'.repeat(120)}`, `long_${'x'.repeat(120)}`],
  ] as const) {
    it(`/names/${path}`, async () => {
      const body = { tool, args: { v: 'x' } };
      assert.deepEqual(await ask(app, `/names/${path}`, { v: 'x' }), { status: 200, body });
    });
  }

  for (const path of [
    '/names/nope',
    '/names/PLAIN',
    '/names/upper_case',
    '/names/plain/x',
    '/names/with+space',
    '/names/%FF',
    '/names/a%2',
    '/names/constructor',
    '/Names/plain',
    '/nope',
    '/nope/x',
    '/plain',
    '/',
  ]) {
    it(`404 for POST ${path}`, async () => {
      assert.deepEqual(await ask(app, path, { v: 'x' }), NOT_FOUND);
    });
  }

  for (const [path, allow] of [
    ['/names/plain', 'POST'],
    ['/names/a/b', 'POST'],
    ['/openapi.json', 'GET, HEAD'],
    ['/docs', 'GET, HEAD'],
    ['/redoc', 'GET, HEAD'],
    ['/names/openapi.json', 'GET, HEAD'],
    ['/calls/docs', 'GET, HEAD'],
  ] as const) {
    it(`405 for other methods on ${path}`, async () => {
      const others = allow === 'POST' ? ['GET'] : ['POST'];
      for (const method of [...others, 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const response = await fetch(app.url + path, { method });
        assert.equal(response.status, 405, method);
        assert.equal(response.headers.get('allow'), allow, method);
        assert.deepEqual(await response.json(), { detail: 'Method Not Allowed' }, method);
      }
    });
  }

  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    it(`404 for ${method} on a path that nobody has`, async () => {
      for (const path of ['/nope', '/names/nope']) {
        const response = await fetch(app.url + path, { method });
        assert.deepEqual({ status: response.status, body: await response.json() }, NOT_FOUND, path);
      }
    });
  }

  it('HEAD on documents, and not on tools', async () => {
    for (const path of ['/openapi.json', '/docs', '/names/openapi.json', '/calls/docs']) {
      assert.equal((await fetch(app.url + path, { method: 'HEAD' })).status, 200, path);
    }
    assert.equal((await fetch(`${app.url}/names/plain`, { method: 'HEAD' })).status, 405);
  });
});

const CALL = { status: 200, body: { tool: 'scalars', args: { i: 5 } } };

describe('--root-path and --path-prefix as in mcpo', () => {
  for (const [argv, works, fails] of [
    [['--root-path', '/api'], ['/api/calls'], ['/apix/calls', '/pre/calls']],
    [['--path-prefix', 'pre'], ['/pre/calls'], ['/calls', '/apix/pre/calls']],
    [['--path-prefix', '/pre/', '--root-path', '/api'], ['/api/pre/calls'], ['/calls', '/api/calls']],
  ] as const) {
    it(argv.join(' '), async (t) => {
      const app = await startCases(['calls'], { argv });
      t.after(() => app.close());
      for (const base of works) {
        assert.deepEqual(await ask(app, `${base}/scalars`, { i: '5' }), CALL, base);
        const document = (await (await app.get(`${base}/openapi.json`)).json()) as { servers: unknown };
        assert.deepEqual(document.servers, [{ url: base }]);
      }
      for (const base of fails) assert.deepEqual(await ask(app, `${base}/scalars`, { i: '5' }), NOT_FOUND, base);
      assert.equal((await app.get('/openapi.json')).status, 200);
    });
  }

  for (const [argv, base] of [
    [[], ''],
    [['--root-path', '/api'], '/api'],
  ] as const) {
    it(`one server without a file ${argv.join(' ')}`, async (t) => {
      const app = await startApp({ argv: [...argv, '--', ...caseCommand('calls')] });
      t.after(() => app.close());
      for (const path of new Set(['/scalars', `${base}/scalars`]))
        assert.deepEqual(await ask(app, path, { i: 5 }), CALL);
      assert.deepEqual(await ask(app, '/calls/scalars', { i: 5 }), NOT_FOUND);
      const document = (await (await app.get('/openapi.json')).json()) as Record<string, unknown>;
      assert.deepEqual(document.info, { title: 'cases of calls', version: '3.2.1', description: 'Call wisely.' });
      assert.deepEqual(document.servers, base === '' ? undefined : [{ url: base }]);
    });
  }
});
