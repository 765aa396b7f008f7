/** One document, many readers: what each may see differs; what an operation is called, and where it is, does not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Documents, documentOptions, type ServerTools } from '../../src/http/documents.ts';
import { InternedCatalogs } from '../../src/upstream/interned.ts';
import { startApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { bearer, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { until } from '../helpers/wait.ts';
import {
  assertWithin,
  connectUser,
  type Ids,
  idsOf,
  named,
  readAnonymously,
  readAs,
  type Shown,
  show,
  storeIn,
} from './document-views-story.ts';
import { Person, protectedEntry, startProvider, startStory } from './login-story.ts';
import { startFor } from './start-for.ts';

const KEY = 'rD4xW9kQ2mZ7tB5n';

function withData(name: string): Shown {
  const text = { type: 'string', default: 'of-alice', examples: ['of-alice'], example: 'of-alice' };
  const inputSchema = { type: 'object', properties: { default: text, unit: { enum: ['m', 'km'], default: 'km' } } };
  return {
    tools: [{ name, description: 'Measures', inputSchema, _meta: { user: 'of-alice' } }],
    instructions: 'Greet of-alice by name.',
  };
}

describe('names in documents', () => {
  it('are the same for every reader, also where tools of different people meet', async (t) => {
    const { app, notes } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    const long = 'x'.repeat(70);
    show(notes, {
      alice: named('n-twin', 'mcp-tool', long, 'connect_notes', 'plain'),
      bob: named('n_twin', 'mcp', 'plain'),
    });
    await ann.connect({ user: 'alice' });
    const paths = ['/notes/openapi.json', '/openapi.json'];
    for (const path of paths) assert.equal(Object.keys(idsOf(await readAs(ann, path))).length, 6, 'before others come');
    await ben.connect({ user: 'bob' });
    for (const path of paths) {
      const all = idsOf(await readAnonymously(app, path));
      const [hers, his] = [idsOf(await readAs(ann, path)), idsOf(await readAs(ben, path))];
      assert.deepEqual([Object.keys(hers).length, Object.keys(his).length, Object.keys(all).length], [6, 4, 8], path);
      assertWithin(hers, all);
      assertWithin(his, all);
      assert.equal(new Set(Object.values(all)).size, 8);
      for (const id of Object.values(all)) assert.match(id, /^[A-Za-z0-9_-]{1,64}$/);
    }
    const his = idsOf(await readAs(ben));
    assert.deepEqual(Object.keys(his), ['/n_twin', '/mcp-tool-2', '/plain', '/latchkey_connect_notes']);
    assert.match(his['/n_twin'] ?? '', /^tool_n_twin_post_[0-9a-f]{6}$/);
  });

  it('lead each caller to their own tool of that name, and to ours', async (t) => {
    const { app, notes } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    show(notes, { alice: named('mcp-tool', 'connect_notes'), bob: named('mcp') });
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    const called = async (person: Person, path: string) => {
      const before = notes.seen.length;
      const { status } = await person.call(`/notes/${path}`);
      const sent = notes.seen.slice(before).flatMap(({ account, name }) => `${account} ${name}`);
      return sent[0] ?? status;
    };
    assert.equal(await called(ann, 'mcp-tool'), 'alice mcp-tool');
    assert.equal(await called(ben, 'mcp-tool-2'), 'bob mcp');
    assert.equal(await called(ben, 'mcp-tool'), 404, "only alice has the tool of that name; bob's is elsewhere");
    assert.equal(await called(ann, 'mcp-tool-2'), 404);
    assert.equal(await called(ann, 'connect_notes'), 'alice connect_notes');
    assert.equal(await called(ben, 'connect_notes'), 200, 'ours, where the caller has no such tool');
    for (const person of [ann, ben]) assert.equal(await called(person, 'latchkey_connect_notes'), 200);
  });

  it('do not change with the order in which people come, nor with a restart', async (t) => {
    const { notes } = await startProvider(t);
    show(notes, { alice: named('n-twin', 'a'), bob: named('n_twin', 'b') });
    const setup = { mcpServers: { notes: protectedEntry(notes) } };
    const read = async (order: readonly ('alice' | 'bob')[]): Promise<Ids> => {
      const app = await startFor(t, setup);
      for (const user of order) await new Person(app).connect({ user });
      return idsOf(await readAnonymously(app, '/openapi.json'));
    };
    assert.deepEqual(await read(['alice', 'bob']), await read(['bob', 'alice']));
  });

  it('are none that Open WebUI gives a meaning of its own to', async (t) => {
    const { notes } = await startProvider(t);
    show(notes, { alice: named('web', 'file'), bob: named() });
    const app = await startFor(t, { mcpServers: { search: protectedEntry(notes) } });
    await new Person(app).connect({ user: 'alice' }, 'search');
    const ids = idsOf(await readAnonymously(app, '/openapi.json'));
    assert.match(ids['/search/web'] ?? '', /^search_web_[0-9a-f]{6}$/);
    assert.equal(ids['/search/file'], 'search_file');
  });
});

describe('what was learned', () => {
  it('shows definitions and nothing of the person who was shown them', async (t) => {
    const { app, notes } = await startStory(t);
    const ann = new Person(app);
    show(notes, { alice: withData('measure'), bob: named() });
    await ann.connect({ user: 'alice' });
    assert.match(await readAs(ann), /of-alice/, 'her own document is whole');
    for (const path of ['/notes/openapi.json', '/openapi.json']) {
      const body = await readAnonymously(app, path);
      assert.doesNotMatch(body, /of-alice/);
      const [form] = Object.entries(JSON.parse(body).components.schemas).flatMap(([name, schema]) =>
        name.endsWith('measure_form_model') ? [schema as { properties: Record<string, Record<string, unknown>> }] : [],
      );
      assert.deepEqual(Object.keys(form?.properties ?? {}), ['default', 'unit']);
      assert.deepEqual(form?.properties.unit?.enum, ['m', 'km']);
    }
  });

  it('is the newest definition of each tool, and the tools of all', async (t) => {
    const { app, notes } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    const tool = (description: string) => ({ name: 'say', description, inputSchema: {} });
    show(notes, {
      alice: { tools: [tool('old'), ...named('hers').tools] },
      bob: { tools: [tool('new'), ...named('his').tools] },
    });
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    const { paths } = JSON.parse(await readAnonymously(app));
    assert.deepEqual(Object.keys(paths), ['/say', '/hers', '/his', '/connect_notes']);
    assert.equal(paths['/say'].post.description, 'new');
    assert.equal(JSON.parse(await readAs(ann)).paths['/say'].post.description, 'old', 'a person reads their own');
  });

  it('leaves out what the configuration hides', async (t) => {
    const { notes } = await startProvider(t);
    show(notes, { alice: named('shown', 'hidden'), bob: named() });
    const entry = { ...protectedEntry(notes), disabledTools: ['hid*'] };
    const app = await startFor(t, { mcpServers: { notes: entry } });
    await new Person(app).connect({ user: 'alice' });
    assert.deepEqual(Object.keys(idsOf(await readAnonymously(app))), ['/shown', '/connect_notes']);
  });

  it('survives a restart, and is served then without a word to the server', async (t) => {
    const { notes, as } = await startProvider(t);
    show(notes, { alice: withData('measure'), bob: named() });
    const setup = {
      argv: storeIn(t),
      env: { LATCHKEY_SECRET: 'a-secret-of-the-tests-that-is-long-enough' },
      mcpServers: { notes: protectedEntry(notes) },
    };
    const first = await startApp(setup);
    await new Person(first).connect({ user: 'alice' });
    const before = await readAnonymously(first);
    await first.close();
    const [asked, provided] = [notes.seen.length, as.seen.length];
    const second = await startFor(t, setup);
    const after = await readAnonymously(second);
    assert.deepEqual(idsOf(after), idsOf(before));
    assert.deepEqual(JSON.parse(after).components, JSON.parse(before).components);
    assert.deepEqual([notes.seen.length, as.seen.length], [asked, provided]);
  });

  it('of a server whose entry has changed is forgotten', async (t) => {
    const { notes } = await startProvider(t);
    const argv = storeIn(t);
    const env = { LATCHKEY_SECRET: 'a-secret-of-the-tests-that-is-long-enough' };
    const first = await startApp({ argv, env, mcpServers: { notes: protectedEntry(notes) } });
    await new Person(first).connect({ user: 'alice' });
    await first.close();
    const entry = { ...protectedEntry(notes), timeout: 5 };
    const second = await startFor(t, { argv, env, mcpServers: { notes: entry } });
    assert.deepEqual(Object.keys(idsOf(await readAnonymously(second))), ['/connect_notes']);
  });

  it('goes round between processes on one store', async (t) => {
    const { notes } = await startProvider(t);
    const setup = {
      argv: storeIn(t),
      env: { LATCHKEY_SECRET: 'a-secret-of-the-tests-that-is-long-enough' },
      mcpServers: { notes: protectedEntry(notes) },
    };
    const [one, other] = [await startFor(t, setup), await startFor(t, setup)];
    await new Person(one).connect({ user: 'alice' });
    const expected = idsOf(await readAnonymously(one));
    await until(async () => {
      await other.gateway.sweep();
      return Object.keys(idsOf(await readAnonymously(other))).length === Object.keys(expected).length;
    });
    assert.deepEqual(idsOf(await readAnonymously(other)), expected);
  });
});

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
      assert.match(text, /document_key/);
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
