/** Who reads which document: nobody in particular, with a key and without, users of Open WebUI, and many people at once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Documents, documentOptions, type ServerTools } from '../../src/http/documents.ts';
import { InternedCatalogs } from '../../src/upstream/interned.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { bearer, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { connectUser, idsOf, named, readAnonymously, readAs, show } from './document-views-story.ts';
import { Person, protectedEntry, startProvider, startStory } from './login-story.ts';
import { startFor } from './start-for.ts';

const KEY = 'rD4xW9kQ2mZ7tB5n';

describe('a document without a credential', () => {
  const ids = async (
    setup: { keys?: Record<string, unknown>; argv?: readonly string[] },
    t: Parameters<typeof startStory>[0],
  ) => {
    const { app, notes } = await startStory(t, setup);
    show(notes, { alice: named('tool'), bob: named() });
    await new Person(app).connect({ user: 'alice' });
    return {
      app,
      read: async (query = '') => Object.keys(idsOf(await readAnonymously(app, `/notes/openapi.json${query}`))),
    };
  };

  it('lists what was learned, how to connect, or nothing, as the configuration says', async (t) => {
    for (const [anonymous_catalog, expected] of [
      [undefined, ['/tool', '/connect_notes']],
      ['learned', ['/tool', '/connect_notes']],
      ['connect-only', ['/connect_notes']],
      ['off', []],
    ] as const) {
      const { app, read } = await ids({ keys: anonymous_catalog === undefined ? {} : { anonymous_catalog } }, t);
      assert.deepEqual(await read(), expected);
      const root = await readAnonymously(app, '/openapi.json');
      assert.deepEqual(
        Object.keys(idsOf(root)),
        expected.map((path) => `/notes${path}`),
      );
      assert.equal(JSON.parse(root).info.description.includes('[notes]'), expected.length > 0);
    }
  });

  it('lists what was learned to whoever has its key, and to others how to connect', async (t) => {
    for (const keys of [{ document_key: KEY }, { document_key: KEY, anonymous_catalog: 'learned' }]) {
      const { app, read } = await ids({ keys }, t);
      assert.deepEqual(await read(`?key=${KEY}`), ['/tool', '/connect_notes']);
      assert.deepEqual(await read(), ['/connect_notes']);
      const visitor = new Person(app);
      await visitor.go('/');
      assert.deepEqual(Object.keys(idsOf(await readAs(visitor))), ['/connect_notes'], 'anybody can be a visitor');
      assert.ok('/notes/tool' in idsOf(await readAnonymously(app, `/openapi.json?key=${KEY}`)));
      assert.doesNotMatch(await readAnonymously(app, `/openapi.json?key=${KEY}`), new RegExp(KEY));
      assert.doesNotMatch(JSON.stringify(app.records), new RegExp(KEY));
    }
    const { read } = await ids({ keys: { document_key: KEY, anonymous_catalog: 'connect-only' } }, t);
    assert.deepEqual(await read(`?key=${KEY}`), ['/tool', '/connect_notes'], 'the key says more than the rule');
    const off = await ids({ keys: { document_key: KEY, anonymous_catalog: 'off' } }, t);
    assert.deepEqual(await off.read(`?key=${KEY}`), []);
  });

  it('is refused to whoever shows a wrong key, and after a while at all', async (t) => {
    const { app } = await startStory(t, { keys: { document_key: KEY } });
    for (const query of ['key=wrong', 'key=', `key=${KEY}x`, `key=${KEY}&key=${KEY}`]) {
      const answer = await app.get(`/notes/openapi.json?${query}`);
      assert.equal(answer.status, 403, query);
      assert.equal(answer.headers.get('x-latchkey-error'), 'invalid_credentials');
      const text = await answer.text();
      assert.match(text, /document_key.*Copy the path/);
      assert.doesNotMatch(text, new RegExp(KEY));
    }
    assert.equal((await app.get('/healthz?key=wrong')).status, 200, 'elsewhere it means nothing');
    const statuses: number[] = [];
    for (let guess = 0; guess < 25; guess += 1)
      statuses.push((await app.get(`/openapi.json?key=guess${guess}`)).status);
    assert.equal(statuses.at(-1), 429);
    assert.equal((await app.get(`/openapi.json?key=${KEY}`)).status, 200, 'who knows it is not kept out');
  });

  it('takes no notice of ?key= where none is configured', async (t) => {
    const { app } = await startStory(t);
    assert.equal((await app.get('/openapi.json?key=anything')).status, 200);
  });

  it('opens with its key alone where everything else asks for a credential', async (t) => {
    const argv = ['--api-key', 'the-api-key', '--strict-auth'];
    const plain = await HttpServer.start();
    t.after(() => plain.stop());
    const servers = { time: { type: 'streamable-http', url: plain.url.href } };
    const { app } = await startStory(t, { argv, servers, keys: { document_key: KEY } });
    for (const path of ['/openapi.json', '/notes/openapi.json', '/time/openapi.json']) {
      assert.equal((await app.get(`${path}?key=${KEY}`)).status, 200, path);
      assert.equal((await app.get(path)).status, 401, path);
      assert.equal((await app.get(`${path}?key=wrong`)).status, 403, path);
    }
    for (const path of ['/', '/docs', '/notes', '/metrics', '/no/such', '/notes/docs']) {
      assert.equal((await app.get(`${path}?key=${KEY}`)).status, 401, path);
    }
    assert.equal((await app.post(`/openapi.json?key=${KEY}`, {})).status, 401);
    assert.equal((await app.post(`/notes/openapi.json?key=${KEY}`, {})).status, 401);
    assert.equal((await app.post(`/time/openapi.json?key=${KEY}`, {})).status, 401);
    assert.equal((await app.post(`/time/echo?key=${KEY}`, {})).status, 401);
  });
});

describe('a document for a user of Open WebUI', () => {
  it('has their own tools, whichever way the secret is configured, and never those of somebody else', async (t) => {
    const { notes } = await startProvider(t);
    show(notes, { alice: named('hers', 'both'), bob: named('his', 'both') });
    const secretOfServer = 'Jh5Tq8Zw3Nc6Xm1Vb9Kd4Rf7Ls2Gp0Ya';
    for (const [keys, oauth, options] of [
      [{ webui_secret_key: WEBUI_SECRET, anonymous_catalog: 'connect-only' }, true, {}],
      [
        { anonymous_catalog: 'connect-only' },
        { multi_user: true, webui_secret_key: secretOfServer },
        { secret: secretOfServer },
      ],
    ] as const) {
      const app = await startFor(t, { keys, mcpServers: { notes: protectedEntry(notes, oauth) } });
      const ann = await connectUser(app, 'user-a', 'alice', options);
      const ben = await connectUser(app, 'user-b', 'bob', options);
      const read = async (path: string, headers: Record<string, string>) =>
        Object.keys(idsOf(await (await app.get(path, headers)).text()));
      for (let round = 0; round < 3; round += 1) {
        assert.deepEqual(await read('/notes/openapi.json', ann), ['/hers', '/both', '/connect_notes']);
        assert.deepEqual(await read('/notes/openapi.json', ben), ['/his', '/both', '/connect_notes']);
        assert.deepEqual(await read('/openapi.json', ann), ['/notes/hers', '/notes/both', '/notes/connect_notes']);
        assert.deepEqual(await read('/openapi.json', ben), ['/notes/his', '/notes/both', '/notes/connect_notes']);
        assert.deepEqual(await read('/openapi.json', {}), ['/notes/connect_notes']);
      }
    }
  });

  it('who has not connected is that of anonymous callers; the holder of the API key always sees what was learned', async (t) => {
    const argv = ['--api-key', 'the-api-key'];
    for (const [anonymous_catalog, expected] of [
      ['learned', ['/tool', '/connect_notes']],
      ['connect-only', ['/connect_notes']],
      ['off', ['/connect_notes']],
    ] as const) {
      const { app, notes } = await startStory(t, { argv, keys: { webui_secret_key: WEBUI_SECRET, anonymous_catalog } });
      show(notes, { alice: named('tool'), bob: named() });
      await app.get('/notes/openapi.json', await connectUser(app, 'user-a', 'alice'));
      const { authorization } = await bearer('user-b');
      const anonymous = Object.keys(idsOf(await readAnonymously(app)));
      assert.deepEqual(anonymous, anonymous_catalog === 'off' ? [] : expected);
      const read = async (header: string) =>
        Object.keys(idsOf(await (await app.get('/notes/openapi.json', { authorization: header })).text()));
      assert.deepEqual(await read(authorization), expected);
      assert.deepEqual(await read('Bearer the-api-key'), ['/tool', '/connect_notes']);
    }
  });
});

describe('documents of many people', () => {
  it('are rendered once where their tools are equal', async (t) => {
    const { app } = await startStory(t);
    const server = app.gateway.servers.get('notes');
    assert.ok(server);
    const interned = new InternedCatalogs(() => server.config);
    const documents = new Documents(documentOptions(app.gateway, app.settings));
    const info = { name: 'notes', version: '1', instructions: undefined };
    const listOf = () => interned.of(JSON.parse(JSON.stringify({ info, tools: named('a', 'b').tools })));
    const first = { server, catalog: listOf() };
    const [root, own] = [documents.ofAll([first]), documents.ofServer(first)];
    for (let person = 0; person < 200; person += 1) {
      const theirs: ServerTools = { server, catalog: listOf() };
      assert.equal(documents.ofAll([theirs]), root);
      assert.equal(documents.ofServer(theirs), own);
    }
  });

  it('hang on one list for all who have equal ones', async (t) => {
    const { app, notes } = await startStory(t, { keys: { webui_secret_key: WEBUI_SECRET } });
    show(notes, { alice: named('same'), bob: named('same') });
    await connectUser(app, 'user-a', 'alice');
    await connectUser(app, 'user-b', 'bob');
    const server = app.gateway.servers.get('notes');
    const [hers, his] = [
      await server?.catalogOf('openwebui:user-a', 5_000),
      await server?.catalogOf('openwebui:user-b', 5_000),
    ];
    assert.ok(hers);
    assert.equal(hers, his);
  });
});

describe("the probe of Open WebUI's browser client", () => {
  it('is a plain 404 in JSON wherever it asks, and reaches no server', async (t) => {
    const { notes } = await startProvider(t);
    const app = await startFor(t, { mcpServers: { notes: protectedEntry(notes) } });
    for (const path of ['/api/config', '/notes/api/config']) {
      const answer = await app.get(path);
      assert.equal(answer.status, 404, path);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
      assert.deepEqual(await answer.json(), { detail: 'Not Found' });
    }
    assert.equal(notes.seen.length, 0);
    const single = await startFor(t, {
      argv: ['--', process.execPath, '-e', 'setTimeout(() => {}, 60_000)'],
      settle: false,
    });
    for (const path of ['/api/config', '/default/api/config']) assert.equal((await single.get(path)).status, 404, path);
  });
});
