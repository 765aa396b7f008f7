/** Configurations that change while people are connected, and several servers at one provider. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startProtectedServer } from '../helpers/protected-server.ts';
import { until } from '../helpers/wait.ts';
import { coded, Person, protectedEntry, reload, startProvider, startStory } from './login-story.ts';
import { startFor } from './start-for.ts';

const pathsOf = async (person: Person): Promise<string[]> =>
  Object.keys(JSON.parse((await person.fetch('/notes/openapi.json')).body).paths);

describe('a reload', () => {
  it('that removes a server ends its routes, and leaves other logins alone', async (t) => {
    const { app, as, notes } = await startStory(t);
    const more = await startProtectedServer({ authorization: as });
    t.after(() => more.close());
    await reload(app, { notes: protectedEntry(notes), more: protectedEntry(more) });
    const ann = new Person(app);
    await ann.connect({}, 'notes');
    await ann.connect({}, 'more');
    const callback = await ann.allow({}, 'more');
    await reload(app, { notes: protectedEntry(notes) });
    assert.deepEqual(coded(await ann.call('/more/whoami')), [404, 'not_found']);
    assert.deepEqual(coded(await ann.go('/oauth/more/authorize')), [404, 'not_found']);
    assert.deepEqual(coded(await ann.comeBack(callback)), [404, 'not_found']);
    assert.equal((await ann.call('/notes/whoami')).status, 200);
    await reload(app, { notes: protectedEntry(notes), more: protectedEntry(more) });
    assert.equal((await ann.call('/more/whoami')).status, 200, 'the same server again: the grant still counts');
  });

  it('that moves a server to another address makes old grants and logins worth nothing there', async (t) => {
    const { app, as } = await startStory(t);
    const moved = await startProtectedServer({ authorization: as });
    t.after(() => moved.close());
    const ann = new Person(app);
    await ann.connect();
    assert.equal((await ann.call('/notes/whoami')).status, 200);
    const callback = await ann.allow();
    await reload(app, { notes: protectedEntry(moved) });
    assert.deepEqual(coded(await ann.call('/notes/whoami')), [401, 'authorization_required']);
    assert.equal((await ann.status()).state, 'needs-login');
    assert.deepEqual(await pathsOf(ann), ['/connect_notes']);
    assert.deepEqual(coded(await ann.comeBack(callback)), [400, 'flow_unknown']);
    assert.ok(
      moved.seen.every(({ hadToken }) => !hadToken),
      'no token went to the new address',
    );
    await ann.connect({ user: 'bob' });
    assert.equal((await ann.call('/notes/whoami')).body, '"bob"');
  });

  it('that changes nothing of the login keeps people connected, and Disconnect working', async (t) => {
    const { app, as, notes } = await startStory(t, { keys: { anonymous_catalog: 'connect-only' } });
    const ann = new Person(app);
    await ann.connect({ user: 'alice' });
    await ann.call('/notes/whoami');
    await reload(app, { notes: { ...protectedEntry(notes), timeout: 7 } });
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    assert.ok((await pathsOf(ann)).includes('/count_words'));
    await ann.disconnect();
    assert.equal(as.refreshTokensOf('alice'), 0);
    assert.deepEqual(await pathsOf(ann), ['/connect_notes']);
    assert.deepEqual(coded(await ann.call('/notes/no-such-tool')), [401, 'authorization_required']);
    await ann.connect({ user: 'bob' });
    assert.ok(!(await pathsOf(ann)).includes('/count_words'), 'a tool of alice alone');
    assert.equal((await ann.call('/notes/whoami')).body, '"bob"');
    assert.deepEqual(notes.sharedSessions(), []);
  });

  it('that ends logins at a server opens it to all, and the other way round closes it', async (t) => {
    const { app, notes } = await startStory(t);
    const ann = new Person(app);
    await ann.connect();
    const { oauth: _, ...open } = protectedEntry(notes);
    await reload(app, { notes: open });
    assert.deepEqual(coded(await ann.go('/oauth/notes/authorize')), [404, 'login_not_offered']);
    await until(
      async () => (await ann.call('/notes/whoami')).status === 503 || (await ann.call('/notes/whoami')).status === 502,
    );
    await reload(app, { notes: protectedEntry(notes) });
    assert.equal((await ann.call('/notes/whoami')).status, 200);
  });

  it('that goes from one login for all to one for each lends the one to nobody', async (t) => {
    const { app, notes } = await startStory(t, { oauth: { multi_user: false } });
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    assert.equal((await ben.call('/notes/whoami')).body, '"alice"');
    await reload(app, { notes: protectedEntry(notes) });
    await ben.go('/');
    for (const person of [ann, ben]) {
      assert.deepEqual(coded(await person.call('/notes/whoami')), [401, 'authorization_required']);
    }
  });
});

describe('two servers at one provider', () => {
  it('are disconnected one by one', async (t) => {
    const { as, notes } = await startProvider(t);
    const more = await startProtectedServer({ authorization: as });
    t.after(() => more.close());
    const app = await startFor(t, { mcpServers: { notes: protectedEntry(notes), more: protectedEntry(more) } });
    const [ann, ben] = [new Person(app), new Person(app)];
    for (const server of ['notes', 'more']) {
      await ann.connect({ user: 'alice' }, server);
      await ben.connect({ user: 'bob' }, server);
    }
    assert.equal(as.refreshTokensOf('alice'), 2);
    await ann.disconnect('notes');
    assert.equal(as.refreshTokensOf('alice'), 1, 'the token is dead at the provider too');
    assert.deepEqual(coded(await ann.call('/notes/whoami')), [401, 'authorization_required']);
    assert.equal((await ann.call('/more/whoami')).body, '"alice"');
    assert.equal((await ben.call('/notes/whoami')).body, '"bob"');
    assert.equal(as.refreshTokensOf('bob'), 2);
  });

  it('are both disconnected where a browser is forgotten, and nobody else is', async (t) => {
    const { as, notes } = await startProvider(t);
    const more = await startProtectedServer({ authorization: as });
    t.after(() => more.close());
    const app = await startFor(t, { mcpServers: { notes: protectedEntry(notes), more: protectedEntry(more) } });
    const [ann, ben] = [new Person(app), new Person(app)];
    for (const server of ['notes', 'more']) {
      await ann.connect({ user: 'alice' }, server);
      await ben.connect({ user: 'bob' }, server);
    }
    await ann.signOut();
    assert.deepEqual([as.refreshTokensOf('alice'), as.refreshTokensOf('bob')], [0, 2]);
  });

  it('end sessions upstream when a person disconnects', async (t) => {
    const { app, notes } = await startStory(t);
    const ann = new Person(app);
    await ann.connect();
    await ann.call('/notes/whoami');
    assert.equal(notes.notes.sessions.size, 1);
    await ann.disconnect();
    await until(() => notes.seen.some(({ http }) => http === 'DELETE'));
  });
});
