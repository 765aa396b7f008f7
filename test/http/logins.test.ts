/** A person's own account at a server, from the browser to the call: the whole story, with two people. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signIn } from '../helpers/authorization-server.ts';
import { accounts, coded, Person, protectedEntry, startProvider, startStory } from './login-story.ts';
import { basic } from './raw.ts';
import { startFor } from './start-for.ts';

describe('a login', () => {
  it('connects each visitor to their own account, and calls run as them', async (t) => {
    const { app, as, notes } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    const before = await ann.call('/notes/whoami');
    assert.deepEqual(coded(before), [401, 'identity_required'], 'no session was asked for yet');
    await ann.connect({ user: 'alice' });
    assert.deepEqual(coded(await ben.call('/notes/whoami')), [401, 'identity_required']);
    await ben.connect({ user: 'bob' });
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    assert.equal((await ben.call('/notes/whoami')).body, '"bob"');
    assert.equal((await ann.call('/notes/add_note', { text: 'mine' })).status, 200);
    assert.equal((await ben.call('/notes/list_notes')).body, '[]');
    assert.equal((await ann.call('/notes/list_notes')).body, '["mine"]');
    assert.deepEqual(notes.sharedSessions(), []);
    assert.equal(as.clients(), 1, 'both came as the same client');
  });

  it('follows an account to another browser, and to a program', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann', 'ben') });
    const [here, there] = [new Person(app), new Person(app)];
    await here.signIn('ann');
    await here.connect({ user: 'alice' });
    assert.equal((await here.call('/notes/whoami')).body, '"alice"');
    await there.signIn('ann');
    assert.equal((await there.call('/notes/whoami')).body, '"alice"');
    const program = await app.post('/notes/whoami', {}, { authorization: basic('ann', 'ann-pw') });
    assert.equal(await program.json(), 'alice');
    const other = await app.post('/notes/whoami', {}, { authorization: basic('ben', 'ben-pw') });
    assert.deepEqual([other.status, other.headers.get('x-latchkey-error')], [401, 'authorization_required']);
  });

  it('is made for a configured bearer token too, whose holder is one person', async (t) => {
    const keys = { auth: { bearer: { enabled: true, tokens: ['tok-ann', 'tok-ben'] } } };
    const { app } = await startStory(t, { keys });
    const ann = new Person(app);
    const _csrf = await ann.formToken('/login');
    assert.equal((await ann.submit('/login', { _csrf, key: 'tok-ann', next: '/' })).status, 303);
    await ann.connect({ user: 'alice' });
    const asToken = (token: string) => app.post('/notes/whoami', {}, { authorization: `Bearer ${token}` });
    assert.equal(await (await asToken('tok-ann')).json(), 'alice');
    assert.equal((await asToken('tok-ben')).status, 401);
  });

  it('goes on to where the person wanted to be, else to the servers with a word of it', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    const first = await ann.go('/notes');
    assert.deepEqual([first.status, first.headers.location], [303, '/oauth/notes/authorize?next=%2Fnotes%2Fdocs']);
    const callback = await ann.allow({}, 'notes', '/notes/docs?a=1');
    assert.equal((await ann.comeBack(callback)).headers.location, '/notes/docs?a=1');
    const again = await ann.comeBack(await ann.allow());
    assert.equal(again.headers.location, '/?connected=notes');
    assert.match((await ann.go('/?connected=notes')).body, /Connected to notes\./);
  });

  it('works in two tabs at once, in any order', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.go('/');
    const first = await ann.allow({ user: 'alice' });
    const second = await ann.allow({ user: 'alice' });
    assert.equal((await ann.comeBack(second)).status, 303);
    assert.equal((await ann.comeBack(first)).status, 303);
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
  });

  it('sends a visitor to Connect at once only the first time: neither a denial nor Disconnect leads in circles', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.go('/');
    assert.match((await ann.go('/notes')).headers.location ?? '', /^\/oauth\/notes\/authorize/);
    const denied = await ann.comeBack(await ann.allow({ decision: 'deny' }));
    assert.deepEqual(coded(denied), [403, 'consent_denied']);
    assert.equal((await ann.go('/notes')).headers.location, '/');
    await ann.connect();
    assert.equal((await ann.go('/notes')).headers.location, '/notes/docs');
    await ann.disconnect();
    assert.equal((await ann.go('/notes')).headers.location, '/');
  });

  it('works below a root path, where cookies stay', async (t) => {
    const { app } = await startStory(t, { argv: ['--root-path', '/gate'] });
    const ann = new Person(app);
    const started = await ann.go('/gate/oauth/notes/authorize');
    const callback = await signIn(started.headers.location ?? '');
    assert.equal(callback.pathname, '/gate/oauth/notes/callback');
    const done = await ann.comeBack(callback);
    assert.equal(done.headers.location, '/gate/?connected=notes');
    assert.equal((await ann.call('/gate/notes/whoami')).body, '"alice"');
    for (const { path } of ann.cookies.values()) assert.match(path, /^\/gate/);
  });

  it('works for a server whose name holds a slash, behind a path prefix', async (t) => {
    const { notes } = await startProvider(t);
    const mcpServers = { 'team/notes 1': protectedEntry(notes) };
    const app = await startFor(t, { mcpServers, argv: ['--path-prefix', '/tools'] });
    const ann = new Person(app);
    await ann.connect({ user: 'bob' }, 'team/notes%201');
    assert.equal((await ann.call('/tools/team/notes%201/whoami')).body, '"bob"');
  });
});
