/** `/login` and `/logout`: what signing in gives, what it takes away, and what ends it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { accounts, coded, onward, Person, protectedEntry, startProvider, startStory } from './login-story.ts';
import { basic, raw } from './raw.ts';

const KEY = 'correct horse battery';

async function withKey(person: Person, key = KEY): Promise<number> {
  const _csrf = await person.formToken('/login');
  return (await person.submit('/login', { _csrf, key, next: '/' })).status;
}

describe('signing in', () => {
  it('admits a browser with the API key, which stays the visitor that it was', async (t) => {
    const { app } = await startStory(t, { argv: ['--api-key', KEY] });
    const ann = new Person(app);
    await ann.go('/login');
    assert.ok(ann.session, 'a session, which admits nobody');
    assert.deepEqual(coded(await ann.call('/notes/connect_notes')), [401, 'missing_credentials']);
    assert.match((await ann.go('/oauth/notes/authorize')).headers.location ?? '', /^\/login\?next=/);
    assert.equal(await withKey(ann, 'wrong'), 403);
    assert.deepEqual(coded(await ann.call('/notes/connect_notes')), [401, 'missing_credentials']);
    assert.equal(await withKey(ann), 303);
    await ann.connect({ user: 'alice' });
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    const ben = new Person(app);
    assert.equal(await withKey(ben), 303);
    assert.deepEqual(coded(await ben.call('/notes/whoami')), [401, 'authorization_required'], 'the key is no person');
    assert.notEqual((await ben.status()).user_id, (await ann.status()).user_id);
  });

  it('keeps a bare API key from holding an account', async (t) => {
    const { app } = await startStory(t, { argv: ['--api-key', KEY] });
    const program = await app.post('/notes/whoami', {}, { authorization: `Bearer ${KEY}` });
    assert.deepEqual([program.status, program.headers.get('x-latchkey-error')], [401, 'identity_required']);
    const authorize = await app.get('/oauth/notes/authorize', { authorization: `Bearer ${KEY}` });
    assert.deepEqual([authorize.status, authorize.headers.get('x-latchkey-error')], [401, 'identity_required']);
  });

  it('gives the session another id, and kills the old one and its forms', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann') });
    const [ann, eve] = [new Person(app), new Person(app)];
    const _csrf = await ann.formToken('/login');
    for (const [name, cookie] of ann.cookies) eve.cookies.set(name, cookie);
    const planted = ann.session?.value;
    assert.equal((await ann.submit('/login', { _csrf, username: 'ann', password: 'ann-pw', next: '/' })).status, 303);
    assert.notEqual(ann.session?.value, planted);
    assert.equal((await eve.status()).user_id, 'unknown', 'the id from before is worth nothing');
    assert.deepEqual(coded(await ann.submit('/logout', { _csrf })), [403, 'form_expired']);
    assert.equal((await ann.status()).user_id, 'ann...');
  });

  it('and out again makes the browser the visitor that it was, under a third id', async (t) => {
    const { app } = await startStory(t, { argv: ['--api-key', KEY], keys: accounts('ann') });
    const [ann, eve] = [new Person(app), new Person(app)];
    await withKey(ann);
    const { user_id: visitor } = await ann.status();
    await ann.connect({ user: 'alice' });
    await ann.signIn('ann');
    assert.equal((await ann.status()).user_id, 'ann...');
    assert.deepEqual(coded(await ann.call('/notes/whoami')), [401, 'authorization_required'], 'nothing was moved over');
    await ann.connect({ user: 'bob' });
    for (const [name, cookie] of ann.cookies) eve.cookies.set(name, cookie);
    assert.equal((await ann.signOut()).status, 303);
    assert.equal((await eve.status()).user_id, 'unknown');
    assert.equal((await ann.status()).user_id, 'unknown', 'a visitor whom nothing lets in');
    await withKey(ann);
    assert.equal((await ann.status()).user_id, visitor);
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    await ann.signIn('ann');
    assert.equal((await ann.call('/notes/whoami')).body, '"bob"', 'connections stay with the account');
  });

  it('is kept while the visitor UUID is, also over callbacks', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.go('/');
    const ids = new Set([ann.session?.value]);
    const { user_id } = await ann.status();
    await ann.connect();
    ids.add(ann.session?.value);
    await ann.connect();
    ids.add(ann.session?.value);
    assert.equal(ids.size, 3, 'each login that comes back gives another id');
    // Any page could send a browser to a callback, and take it away before a new id has arrived.
    await ann.comeBack(await ann.allow({ decision: 'deny' }));
    await ann.go('/oauth/notes/callback?state=x');
    assert.ok(ids.has(ann.session?.value));
    assert.equal((await ann.status()).user_id, user_id);
    assert.equal((await ann.call('/notes/whoami')).status, 200);
  });
});

describe('forgetting a browser', () => {
  it('ends its session, and its grants at the provider as well', async (t) => {
    const { app, as } = await startStory(t);
    const [ann, eve] = [new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    for (const [name, cookie] of ann.cookies) eve.cookies.set(name, cookie);
    assert.equal(as.refreshTokensOf('alice'), 1);
    const answer = await ann.signOut();
    assert.equal(answer.headers.location, '/');
    assert.equal(ann.session, undefined);
    assert.equal(as.refreshTokensOf('alice'), 0);
    assert.deepEqual(coded(await eve.call('/notes/whoami')), [401, 'identity_required']);
  });
});

describe('a changed configuration', () => {
  it('ends the sessions of changed passwords, removed accounts and another key, and of no others', async (t) => {
    const { notes } = await startProvider(t);
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-sign-in-'));
    t.after(() => rm(folder, { recursive: true }));
    const start = (key: string, users: Record<string, string>) => {
      const credentials = Object.entries(users).map(([username, password]) => ({ username, password }));
      return startApp({
        mcpServers: { notes: protectedEntry(notes) },
        keys: { auth: { basic: { enabled: true, credentials } } },
        argv: [
          '--store',
          `sqlite:${join(folder, 'store.db')}`,
          '--public-url',
          'http://gate.internal',
          '--api-key',
          key,
        ],
      });
    };
    const before = await start(KEY, { ann: 'ann-pw', ben: 'ben-pw', cem: 'cem-pw' });
    const people = Array.from({ length: 4 }, () => new Person(before));
    const [ann, ben, cem, keyed] = people as [Person, Person, Person, Person];
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    await ben.signIn('ben');
    await cem.signIn('cem');
    assert.equal(await withKey(keyed), 303);
    const ids = async (): Promise<unknown[]> => Promise.all(people.map(async (one) => (await one.status()).user_id));
    const first = await ids();
    assert.deepEqual(first.slice(0, 3), ['ann...', 'ben...', 'cem...']);
    await before.close();
    const same = await start(KEY, { ann: 'ann-pw', ben: 'ben-pw', cem: 'cem-pw' });
    for (const person of people) person.moveTo(same);
    assert.deepEqual(await ids(), first, 'a restart alone ends nothing');
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    await same.close();
    const changed = await start('another key', { ann: 'ann-pw', ben: 'new-pw' });
    t.after(() => changed.close());
    for (const person of people) person.moveTo(changed);
    assert.deepEqual(await ids(), ['ann...', 'unknown', 'unknown', 'unknown']);
    for (const person of [ben, cem, keyed]) {
      assert.deepEqual(coded(await person.call('/notes/whoami')), [401, 'missing_credentials']);
    }
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
  });
});

describe('the sign-in page', () => {
  it('is only where there is something to sign in to', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    const answer = await ann.go('/login?next=/notes');
    assert.deepEqual([answer.status, answer.headers.location], [303, '/']);
    assert.doesNotMatch((await ann.go('/')).body, /href="\/login"/);
    const _csrf = await ann.formToken();
    const posted = await ann.submit('/login', { _csrf, key: 'x', next: '/' });
    assert.notEqual(posted.status, 200);
    assert.equal((await ann.status()).state, 'needs-login');
  });

  it('asks for what there is: a key, an account, or either', async (t) => {
    const asks = async (setup: Parameters<typeof startStory>[1]): Promise<[boolean, boolean]> => {
      const { app } = await startStory(t, setup);
      const { body } = await new Person(app).go('/login');
      return [body.includes('name="key"'), body.includes('name="username"')];
    };
    assert.deepEqual(await asks({ argv: ['--api-key', KEY] }), [true, false]);
    assert.deepEqual(await asks({ keys: accounts('ann') }), [false, true]);
    assert.deepEqual(await asks({ argv: ['--api-key', KEY], keys: accounts('ann') }), [true, true]);
  });

  it('is where a person without a credential is sent, and leads back', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann') });
    const ann = new Person(app);
    const sent = await ann.go('/notes');
    assert.deepEqual([sent.status, sent.headers.location], [303, '/login?next=%2Fnotes']);
    const page = await ann.go(sent.headers.location ?? '');
    assert.match(page.body, /name="next" value="\/notes"/);
    assert.equal(onward(await ann.signIn('ann', 'ann-pw', '/notes')), '/notes');
    const again = await ann.go('/login?next=/notes', { 'sec-fetch-site': 'cross-site' });
    assert.equal(onward(again), '/notes', 'who is in already goes on');
  });
});

describe('a program', () => {
  it('needs no page: its header says who it is, and it gets no cookie', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann') });
    const headers = ['authorization', basic('ann', 'ann-pw'), 'accept', 'text/html'];
    for (const path of ['/', '/notes', '/oauth/notes/status']) {
      const answer = await raw(app.url, { path, headers });
      assert.ok(answer.status < 400, `${path} ${answer.status}`);
      assert.equal(answer.headers['set-cookie'], undefined, path);
    }
  });
});
