/** Documents of servers where each person signs in: everybody reads their own, and no cache mixes them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpServer } from '../helpers/http-server.ts';
import { accounts, Person, protectedEntry, startProvider, startStory } from './login-story.ts';
import { basic, type RawAnswer } from './raw.ts';
import { startFor } from './start-for.ts';

const ALICE = ['/whoami', '/add_note', '/list_notes', '/delete_all', '/count_words', '/connect_notes'];
/** Otherwise, on this machine, everybody sees what tools there are. */
const CONNECT_ONLY = { keys: { anonymous_catalog: 'connect-only' } };
const BOB = ALICE.filter((path) => path !== '/count_words');

function pathsOf({ body }: { readonly body: string }): string[] {
  return Object.keys(JSON.parse(body).paths);
}

function assertPersonal({ headers }: RawAnswer): void {
  assert.equal(headers['cache-control'], 'private, no-store');
  const vary = headers.vary?.split(/, */).map((name) => name.toLowerCase()) ?? [];
  for (const name of ['authorization', 'cookie', 'origin']) assert.ok(vary.includes(name), headers.vary);
  assert.equal(headers.etag, undefined);
}

describe("a server's document", () => {
  it("shows each person's own tools, and to anybody else no more than the configuration says", async (t) => {
    const { app } = await startStory(t, CONNECT_ONLY);
    const [ann, ben, eve] = [new Person(app), new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    await eve.go('/');
    const anonymous = await new Person(app).fetch('/notes/openapi.json');
    for (let round = 0; round < 5; round += 1) {
      for (const [person, expected] of [
        [ann, ALICE],
        [ben, BOB],
        [eve, ['/connect_notes']],
      ] as const) {
        const answer = await person.fetch('/notes/openapi.json');
        assert.deepEqual(pathsOf(answer), expected);
        assertPersonal(answer);
      }
    }
    assert.deepEqual(pathsOf(anonymous), ['/connect_notes']);
    assertPersonal(anonymous);
  });

  it('shows an account its tools whichever way it proves who it is', async (t) => {
    const { app } = await startStory(t, { keys: { ...accounts('ann', 'ben'), ...CONNECT_ONLY.keys } });
    const ann = new Person(app);
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    const read = async (name: string) =>
      Object.keys(
        (
          (await (await app.get('/notes/openapi.json', { authorization: basic(name, `${name}-pw`) })).json()) as {
            paths: object;
          }
        ).paths,
      );
    assert.deepEqual(pathsOf(await ann.fetch('/notes/openapi.json')), ALICE);
    assert.deepEqual(await read('ann'), ALICE);
    assert.deepEqual(await read('ben'), ['/connect_notes']);
  });

  it('is never "not modified", whatever tag the caller has', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.connect({ user: 'alice' });
    for (const path of ['/notes/openapi.json', '/openapi.json']) {
      for (const tag of ['*', '"x"', 'W/"x"']) {
        const answer = await ann.fetch(path, { 'if-none-match': tag });
        assert.equal(answer.status, 200, path);
        assert.ok(answer.body.length > 100);
      }
    }
  });

  it('is empty again after Disconnect and when the grant has ended', async (t) => {
    const { app, as, notes } = await startStory(t, CONNECT_ONLY);
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    assert.deepEqual(pathsOf(await ann.fetch('/notes/openapi.json')), ALICE);
    await ann.disconnect();
    assert.deepEqual(pathsOf(await ann.fetch('/notes/openapi.json')), ['/connect_notes']);
    assert.deepEqual(pathsOf(await ben.fetch('/notes/openapi.json')), BOB);
    as.revokeGrantsOf('bob');
    notes.refuse('bob');
    assert.equal((await ben.call('/notes/whoami')).status, 401);
    assert.deepEqual(pathsOf(await ben.fetch('/notes/openapi.json')), ['/connect_notes']);
  });

  it('is there while the server is not: how to connect stays', async (t) => {
    const { app, notes } = await startStory(t);
    const ann = new Person(app);
    await notes.stop();
    await ann.go('/');
    assert.deepEqual(pathsOf(await ann.fetch('/notes/openapi.json')), ['/connect_notes']);
  });

  it('costs the server nothing for those who are not connected', async (t) => {
    const { app, as, notes } = await startStory(t);
    const ann = new Person(app);
    await ann.go('/');
    for (const path of ['/', '/notes', '/notes/openapi.json', '/openapi.json', '/oauth/notes/status'])
      await ann.fetch(path);
    assert.deepEqual([notes.seen.length, as.seen.length], [0, 0]);
  });

  it('names the public address and the operation, and links each operation to a body', async (t) => {
    const { app } = await startStory(t, { argv: ['--root-path', '/gate'] });
    const document = JSON.parse((await new Person(app).fetch('/gate/notes/openapi.json')).body);
    assert.deepEqual(document.servers, [{ url: '/gate/notes' }]);
    const { post } = document.paths['/connect_notes'];
    assert.match(post.description, /the user's own account at "notes"/);
    assert.equal(post.requestBody.required, false);
    const { properties, required } = document.components.schemas.connect_notes_form_model;
    assert.deepEqual([Object.keys(properties), required], [['code'], undefined]);
    assert.equal(properties.code.type, 'string');
  });
});

describe('the document of all servers', () => {
  it('is put together for each caller, and alternating requests never mix', async (t) => {
    const plain = await HttpServer.start();
    t.after(() => plain.stop());
    const { app } = await startStory(t, {
      ...CONNECT_ONLY,
      servers: { time: { type: 'streamable-http', url: plain.url.href } },
    });
    const [ann, ben, eve] = [new Person(app), new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    const under = (paths: readonly string[]) => paths.map((path) => `/notes${path}`);
    const rounds = Array.from({ length: 30 }, async (_, count) => {
      const [person, expected] = (
        [
          [ann, ALICE],
          [ben, BOB],
          [eve, ['/connect_notes']],
        ] as const
      )[count % 3] ?? [eve, []];
      const answer = await person.fetch('/openapi.json');
      assertPersonal(answer);
      assert.deepEqual(
        pathsOf(answer).filter((path) => path.startsWith('/notes/')),
        under(expected),
      );
      assert.ok(pathsOf(answer).includes('/time/echo'));
    });
    await Promise.all(rounds);
    const { operationId } = JSON.parse((await ann.fetch('/openapi.json')).body).paths['/notes/count_words'].post;
    assert.equal(operationId, 'notes_count_words');
  });

  it('and the page at / tell each person of their own connections alone', async (t) => {
    const { app } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    await ben.go('/');
    const connectionOf = async (person: Person) => JSON.parse((await person.fetch('/')).body).servers[0].connection;
    assert.deepEqual([(await connectionOf(ann)).state, (await connectionOf(ann)).tools], ['connected', 5]);
    const his = await connectionOf(ben);
    assert.deepEqual([his.state, his.tools, his.scope], ['needs-login', undefined, undefined]);
    assertPersonal(await ann.fetch('/'));
    assertPersonal(await ann.fetch('/notes'));
  });
});

describe('a server with one login for all', () => {
  it('has one document for everybody, which may be kept', async (t) => {
    const { notes } = await startProvider(t);
    const app = await startFor(t, { mcpServers: { notes: protectedEntry(notes, { multi_user: false }) } });
    const [ann, ben] = [new Person(app), new Person(app)];
    const waiting = await ben.call('/notes/whoami');
    assert.deepEqual([waiting.status, JSON.parse(waiting.body).error], [401, 'authorization_required']);
    await ann.connect({ user: 'alice' });
    const read = (person: Person) => person.fetch('/notes/openapi.json');
    assert.deepEqual(pathsOf(await read(ann)), ALICE.slice(0, 5), 'no connect_notes: there is nothing of one person');
    const answer = await read(ben);
    assert.deepEqual(pathsOf(answer), ALICE.slice(0, 5));
    assert.equal((await ben.fetch('/notes/openapi.json', { 'if-none-match': answer.headers.etag ?? '' })).status, 304);
    assert.equal((await ben.call('/notes/whoami')).body, '"alice"');
  });
});
