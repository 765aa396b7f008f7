/** Servers that give their tools the names and addresses of others: each keeps its own, and a code goes to nobody else. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { idsOf, named, readAnonymously, readAs, show } from './document-views-story.ts';
import { Chat } from './hand-off-story.ts';
import { Person, protectedEntry, reload, startProvider, startStory } from './login-story.ts';
import { startFor } from './start-for.ts';

/** A server that anybody may call, with tools of these names. */
async function serverOf(t: TestContext, ...names: readonly string[]): Promise<Record<string, unknown>> {
  const tools = names.map((name) => ({ name, description: 'Do call this', inputSchema: { type: 'object' } }));
  const server = await HttpServer.start({
    behave: ({ name, message, reply }) => {
      if (name !== 'tools/list' || message === undefined) return false;
      reply(200, { jsonrpc: '2.0', id: message.id, result: { tools } });
      return true;
    },
  });
  t.after(() => server.stop());
  return { type: 'streamable-http', url: server.url.href };
}

async function rootIds(app: RunningApp): Promise<Readonly<Record<string, string>>> {
  return idsOf(await readAnonymously(app, '/openapi.json'));
}

describe('in the document of all servers', () => {
  it('no tool is called connect_<server>, also one of a server that comes first', async (t) => {
    const { notes } = await startProvider(t);
    const mcpServers = { connect: await serverOf(t, 'notes'), notes: protectedEntry(notes) };
    const ids = await rootIds(await startFor(t, { mcpServers }));
    assert.equal(ids['/notes/connect_notes'], 'connect_notes');
    assert.match(ids['/connect/notes'] ?? '', /^connect_notes_[0-9a-f]{6}$/);
  });

  it('a server that comes later renames no tool of another', async (t) => {
    const mcpServers = { a_b: await serverOf(t, 'c', 'd'), a: await serverOf(t, 'b_c') };
    const ids = await rootIds(await startFor(t, { mcpServers }));
    assert.deepEqual([ids['/a_b/c'], ids['/a_b/d']], ['a_b_c', 'a_b_d']);
    assert.match(ids['/a/b_c'] ?? '', /^a_b_c_[0-9a-f]{6}$/);
  });

  for (const prefix of ['', '/tools']) {
    it(`no tool stands at an address of another server: ${prefix}/a`, async (t) => {
      const mcpServers = { 'a/b': await serverOf(t, 'c'), a: await serverOf(t, 'b/c', 'b', 'b2/c', '../a/b/c') };
      const app = await startFor(t, { mcpServers, argv: prefix === '' ? [] : ['--path-prefix', prefix] });
      const { paths } = JSON.parse(await readAnonymously(app, '/openapi.json'));
      const [first, second, third = '', ...more] = Object.keys(paths);
      assert.deepEqual([first, second, more], [`${prefix}/a/b/c`, `${prefix}/a/b2/c`, []]);
      assert.match(third, /\/a\/tool-[0-9a-f]{12}$/, 'what would lead elsewhere has moved');
      assert.deepEqual(paths[`${prefix}/a/b/c`].post.tags, ['a/b']);
      const alone = idsOf(await readAnonymously(app, `${prefix}/a/openapi.json`));
      assert.deepEqual(
        Object.keys(alone).map((path) => `${prefix}/a${path}`),
        [second, third],
      );
    });
  }

  it('a tool goes with the reload that gives its address to another server', async (t) => {
    const servers = { a: await serverOf(t, 'b/c', 'd') };
    const app = await startFor(t, { mcpServers: servers });
    assert.deepEqual(Object.keys(idsOf(await readAnonymously(app, '/a/openapi.json'))), ['/b/c', '/d']);
    await reload(app, { ...servers, 'a/b': await serverOf(t, 'c') });
    assert.deepEqual(Object.keys(idsOf(await readAnonymously(app, '/a/openapi.json'))), ['/d']);
  });
});

describe('a text that asks for a code names the operation', () => {
  for (const [name, named] of [
    ['team.notes', 'connect_team_notes'],
    ['my notes', 'connect_my_notes'],
    ['n'.repeat(60), `the connect operation of "${'n'.repeat(60)}"`],
  ] as const) {
    it(`as the document of all servers does: ${name}`, async (t) => {
      const { notes } = await startProvider(t);
      const keys = { webui_secret_key: WEBUI_SECRET };
      const app = await startFor(t, { keys, mcpServers: { [name]: protectedEntry(notes) } });
      const chat = new Chat(app, 'ann-0001');
      const server = encodeURIComponent(name);
      const { text } = await chat.call('whoami', {}, server);
      assert.ok(text.endsWith(` call ${named} with it.`), text);
      assert.equal((await chat.call(`connect_${server}`, {}, server)).text, text);
      const [id] = Object.values(await rootIds(app));
      assert.match(id ?? '', /^connect_[\w-]{1,56}$/);
      if (named.startsWith('connect_')) assert.equal(id, named);
    });
  }

  it('and none whose name another server has', async (t) => {
    const { notes } = await startProvider(t);
    const mcpServers = { team_notes: protectedEntry(notes), 'team.notes': protectedEntry(notes) };
    const app = await startFor(t, { keys: { webui_secret_key: WEBUI_SECRET }, mcpServers });
    const chat = new Chat(app, 'ann-0001');
    assert.match((await chat.call('whoami', {}, 'team_notes')).text, / call connect_team_notes with it\.$/);
    assert.match(
      (await chat.call('whoami', {}, 'team.notes')).text,
      / call the connect operation of "team\.notes" with it\.$/,
    );
  });
});

describe('what everybody is shown of the tools of people', () => {
  it('has the tools of others beside one that is nested hundreds of levels deep', async (t) => {
    const { app, notes } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    let schema: object = { type: 'string' };
    for (let level = 0; level < 200; level += 1) schema = { type: 'object', properties: { a: schema } };
    const deep = { name: 'deep', description: 'Goes deep', inputSchema: schema };
    show(notes, { alice: { tools: [deep] }, bob: { tools: [deep, ...named('bobs').tools] } });
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    for (const person of [ann, ben]) assert.ok(idsOf(await readAs(person, '/openapi.json'))['/notes/deep']);
    const text = await readAnonymously(app);
    assert.deepEqual(Object.keys(idsOf(text)), ['/deep', '/bobs', '/connect_notes']);
    assert.equal(JSON.parse(text).paths['/deep'].post.description, 'Goes deep');
  });

  it('keeps the tools of others when somebody has thousands', async (t) => {
    const { app, notes } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
    show(notes, { alice: named(...names('real', 3)), bob: named(...names('junk', 2_500)) });
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    const paths = Object.keys(idsOf(await readAnonymously(app)));
    assert.deepEqual([paths.length, paths.slice(0, 3)], [504, ['/real0', '/real1', '/real2']]);
    assert.equal(Object.keys(idsOf(await readAs(ben))).length, 2_501, 'their own document has all');
  });

  it('does not call the server what it calls itself to one person', async (t) => {
    const { app, notes } = await startStory(t);
    const ann = new Person(app);
    const mine = { name: 'Mail of alice@example.org', version: 'trial until May' };
    notes.behave = (_request, response) => {
      const end = response.end.bind(response);
      response.end = ((text: unknown) => {
        if (typeof text !== 'string') return end(text);
        const { result, ...message } = JSON.parse(text);
        const named = result?.serverInfo === undefined ? result : { ...result, serverInfo: mine };
        return end(JSON.stringify({ ...message, result: named }));
      }) as typeof response.end;
      return false;
    };
    await ann.connect({ user: 'alice' });
    const infoOf = (text: string) => JSON.parse(text).info;
    const expected = { title: 'notes', version: '1.0', description: 'notes MCP Server' };
    assert.deepEqual(infoOf(await readAnonymously(app)), expected);
    assert.equal(infoOf(await readAs(ann)).title, mine.name);
  });

  it('is no reason for a request to fail: what cannot be learned is logged once', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    const union = app.gateway.servers.get('notes')?.union;
    assert.ok(union);
    union.see = () => {
      throw new RangeError('too much');
    };
    await ann.connect({ user: 'alice' });
    for (let round = 0; round < 3; round += 1) assert.ok(idsOf(await readAs(ann))['/whoami']);
    assert.equal((await ann.call('/notes/whoami', {})).status, 200);
    const told = app.records.filter(({ msg }) => msg === 'tools of a person could not be learned');
    assert.equal(told.length, 1);
  });
});
