/** Servers that give their tools the names and addresses of others: each keeps its own, and a code goes to nobody else. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { idsOf, readAnonymously } from './document-views-story.ts';
import { Chat } from './hand-off-story.ts';
import { protectedEntry, reload, startProvider } from './login-story.ts';
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
