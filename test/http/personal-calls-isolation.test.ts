/** Two people at one gateway never share an upstream session, a token or an answer, and tokens go nowhere else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpServer } from '../helpers/http-server.ts';
import { startProtectedServer } from '../helpers/protected-server.ts';
import { startSseServer } from '../helpers/sdk-servers.ts';
import { accounts, coded, Person, protectedEntry, startProvider, startStory } from './login-story.ts';
import { startGuard } from './login-story-guard.ts';
import { basic } from './raw.ts';
import { startFor } from './start-for.ts';

describe('two people in parallel', () => {
  it('each get their own answers, two hundred times', async (t) => {
    const { app, notes } = await startStory(t);
    const people = { alice: new Person(app), bob: new Person(app) };
    for (const [user, person] of Object.entries(people)) await person.connect({ user: user as 'alice' | 'bob' });
    const calls = Array.from({ length: 200 }, async (_, count) => {
      const user = count % 2 === 0 ? 'alice' : 'bob';
      const [whoami, added] = await Promise.all([
        people[user].call('/notes/whoami'),
        people[user].call('/notes/add_note', { text: `${user} ${count}` }),
      ]);
      assert.deepEqual([whoami.body, added.status], [JSON.stringify(user), 200]);
    });
    await Promise.all(calls);
    for (const [user, person] of Object.entries(people)) {
      const kept = JSON.parse((await person.call('/notes/list_notes')).body) as string[];
      assert.equal(kept.length, 100);
      assert.ok(kept.every((note) => note.startsWith(`${user} `)));
      assert.equal(notes.answered('whoami', user).length, 100);
      assert.equal(notes.answered('add_note', user).length, 100);
      assert.equal(notes.answered('initialize', user).length, 1, 'one session a person');
    }
    assert.deepEqual(notes.sharedSessions(), []);
  });

  it('are apart from the very first, when both connect at once', async (t) => {
    const { app, notes } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    await Promise.all([ann.connect({ user: 'alice' }), ben.connect({ user: 'bob' })]);
    const [first, second] = await Promise.all([ann.call('/notes/whoami'), ben.call('/notes/whoami')]);
    assert.deepEqual([first.body, second.body], ['"alice"', '"bob"']);
    assert.deepEqual(notes.sharedSessions(), []);
  });

  it('at one provider account are still two, each with a grant of their own', async (t) => {
    const { app, notes } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'alice' });
    await ann.call('/notes/whoami');
    await ben.call('/notes/whoami');
    assert.equal(notes.tokensOf('alice').size, 2);
    assert.equal(notes.answered('initialize').length, 2);
  });

  it('over SSE have a stream each', async (t) => {
    const { as } = await startProvider(t);
    const inner = await startSseServer();
    t.after(() => inner.close());
    const guard = await startGuard(t, as, inner.url);
    const entry = { type: 'sse', url: guard.url.href, oauth: true };
    const app = await startFor(t, { mcpServers: { notes: entry } });
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.go('/');
    assert.deepEqual(coded(await ann.call('/notes/echo', { text: 'x' })), [401, 'authorization_required']);
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    const calls = Array.from({ length: 20 }, async (_, count) => {
      const person = count % 2 === 0 ? ann : ben;
      assert.equal((await person.call('/notes/echo', { text: `text ${count}` })).body, `"text ${count}"`);
    });
    await Promise.all(calls);
    const owners = new Map<string, Set<string>>();
    for (const { path, account } of guard.passed) {
      const session = new URL(path, guard.url).searchParams.get('sessionId') ?? '';
      if (session !== '') owners.set(session, (owners.get(session) ?? new Set()).add(account));
    }
    assert.deepEqual([...owners.values()].map((set) => [...set].join()).sort(), ['alice', 'bob']);
    assert.equal(guard.wrong(), 0);
  });
});

describe('another account in the same browser', () => {
  it('takes over nothing of the one before: no session, no tools, no answer', async (t) => {
    const { app, notes } = await startStory(t);
    const ann = new Person(app);
    const paths = async () => Object.keys(JSON.parse((await ann.fetch('/notes/openapi.json')).body).paths);
    await ann.connect({ user: 'alice' });
    assert.ok((await paths()).includes('/count_words'));
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    await ann.connect({ user: 'bob' });
    assert.equal((await ann.call('/notes/whoami')).body, '"bob"');
    assert.ok(!(await paths()).includes('/count_words'), 'a tool of alice alone');
    await ann.disconnect();
    await ann.connect({ user: 'alice' });
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    assert.ok((await paths()).includes('/count_words'));
    assert.deepEqual(notes.sharedSessions(), []);
  });
});

describe('a token', () => {
  it('goes to the server it is for, and to no other', async (t) => {
    const { as, notes } = await startProvider(t);
    const more = await startProtectedServer({ authorization: as });
    t.after(() => more.close());
    const plain = await HttpServer.start();
    t.after(() => plain.stop());
    const app = await startFor(t, {
      mcpServers: {
        notes: protectedEntry(notes),
        more: protectedEntry(more),
        plain: { type: 'streamable-http', url: plain.url.href },
      },
    });
    const ann = new Person(app);
    await ann.connect({ user: 'alice' }, 'notes');
    await ann.connect({ user: 'bob' }, 'more');
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    assert.equal((await ann.call('/more/whoami')).body, '"bob"');
    assert.equal((await ann.call('/plain/echo', { text: 'x' })).status, 200);
    for (const server of [notes, more]) {
      const strange = server.seen.filter(({ hadToken, account }) => hadToken && account === undefined);
      assert.deepEqual(strange, [], 'no token that is not for this server');
    }
    assert.ok(plain.seen.every(({ headers }) => headers.authorization === undefined));
    assert.equal(notes.answered('whoami', 'bob').length + more.answered('whoami', 'alice').length, 0);
  });

  it('is never one that the caller sent, nor one of the operator', async (t) => {
    const { as } = await startProvider(t);
    const inner = await HttpServer.start();
    t.after(() => inner.stop());
    const guard = await startGuard(t, as, inner.url);
    const client_header_forwarding = { enabled: true, whitelist: ['*'] };
    const entry = { ...protectedEntry(guard), client_header_forwarding, headers: { Authorization: 'Bearer operator' } };
    const app = await startFor(t, { mcpServers: { notes: entry }, keys: accounts('ann') });
    const ann = new Person(app);
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    inner.seen.length = 0;
    const before = guard.wrong();
    const sent = { authorization: basic('ann', 'ann-pw'), 'x-user-id': '7', 'x-api-key': 'k', cookie: 'a=b' };
    assert.equal((await app.post('/notes/echo', { text: 'x' }, sent)).status, 200);
    assert.equal((await ann.call('/notes/echo', { text: 'x' }, { 'x-user-id': '7' })).status, 200);
    const calls = inner.requests('echo');
    assert.equal(calls.length, 2);
    for (const { headers } of calls) {
      assert.match(headers.authorization ?? '', /^Bearer ey/);
      for (const name of ['x-user-id', 'x-api-key', 'cookie']) assert.equal(headers[name], undefined, name);
    }
    assert.equal(guard.wrong(), before, 'no other token was sent');
  });
});
