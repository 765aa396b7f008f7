/** One document, many readers: what each may see differs; what an operation is called, and where it is, does not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { until } from '../helpers/wait.ts';
import {
  assertWithin,
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
