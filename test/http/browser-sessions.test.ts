/** The session of a browser: who gets one, what the cookie is like, how long it lasts, and what a forged one is worth. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { HttpServer } from '../helpers/http-server.ts';
import { accounts, coded, Person, startStory } from './login-story.ts';
import { basic, raw } from './raw.ts';
import { startFor } from './start-for.ts';

const MINUTE = 60_000;

describe('the cookie of a visit', () => {
  it('is made by the first page, is read by no script, and is not sent with requests of other sites', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.go('/');
    assert.match(
      ann.session?.line ?? '',
      /^latchkey_[0-9a-f]{8}=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const first = ann.session?.value;
    const again = await ann.go('/');
    assert.equal(ann.session?.value, first, 'the same session');
    assert.equal(again.headers['set-cookie'], undefined, 'whose life is counted in the store');
  });

  it('is secure where the public URL is https, whatever the connection is', async (t) => {
    const { app } = await startStory(t, { argv: ['--public-url', 'https://tools.example.org'] });
    const ann = new Person(app);
    await ann.begin();
    assert.equal(ann.cookies.size, 2, 'the session and the flow');
    for (const { line } of ann.cookies.values()) assert.match(line, /; HttpOnly; Secure; SameSite=Lax$/);
  });

  it('belongs to the root path, and to one gateway of several on a host', async (t) => {
    const { app } = await startStory(t, { argv: ['--root-path', '/gate'] });
    const ann = new Person(app);
    await ann.go('/gate/');
    assert.equal(ann.session?.path, '/gate');
    const { app: other } = await startStory(t);
    const ben = new Person(other);
    await ben.go('/');
    assert.notEqual([...ann.cookies.keys()][0], [...ben.cookies.keys()][0]);
  });

  it('is not made for programs, documents, calls, or where nothing needs it', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    for (const path of [
      '/openapi.json',
      '/notes/openapi.json',
      '/notes/docs',
      '/docs',
      '/healthz',
      '/oauth/notes/status',
    ]) {
      await ann.go(path);
      await ann.fetch(path);
    }
    await ann.fetch('/');
    await ann.fetch('/notes');
    await ann.call('/notes/whoami');
    await ann.go('/', { authorization: 'Bearer anything' });
    await ann.go('/notes', { authorization: 'Bearer anything' });
    assert.equal(ann.cookies.size, 0);
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const plain = await startFor(t, { mcpServers: { time: { type: 'streamable-http', url: server.url.href } } });
    const ben = new Person(plain);
    for (const path of ['/', '/time', '/login']) await ben.go(path);
    assert.equal(ben.cookies.size, 0, 'no server has logins');
  });

  it('is not made by a visit where a key is asked for, but by the page that asks', async (t) => {
    const { app } = await startStory(t, { argv: ['--api-key', 'the-key'] });
    const ann = new Person(app);
    await ann.go('/');
    await ann.go('/notes');
    assert.equal(ann.cookies.size, 0);
    await ann.go('/login');
    assert.ok(ann.session);
  });

  it('is not made for thousands: after sixty within a minute the page comes alone', async (t) => {
    const { app } = await startStory(t);
    const visit = async (path: string): Promise<number> => {
      const ann = new Person(app);
      const { status } = await ann.go(path);
      return ann.cookies.size === 0 ? -status : status;
    };
    for (let count = 0; count <= 60; count += 1)
      assert.equal(await visit(count % 2 === 0 ? '/' : '/notes'), count % 2 === 0 ? 200 : 303);
    assert.equal(await visit('/'), -200);
    assert.equal(await visit('/notes'), -429);
  });
});

describe('the life of a session', () => {
  it('is thirty idle minutes, which begin anew with each use', async (t) => {
    const { app } = await startStory(t);
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    t.after(() => mock.timers.reset());
    const ann = new Person(app);
    await ann.go('/');
    const { user_id: before } = await ann.status();
    for (let count = 0; count < 3; count += 1) {
      mock.timers.tick(29 * MINUTE);
      assert.equal((await ann.status()).user_id, before);
    }
    mock.timers.tick(31 * MINUTE);
    assert.equal((await ann.status()).user_id, 'unknown');
    await ann.go('/');
    assert.notEqual((await ann.status()).user_id, before);
  });

  it('is as long as the longest that a server gives to visitors', async (t) => {
    const { app } = await startStory(t, { oauth: { session_timeout_minutes: 120 } });
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    t.after(() => mock.timers.reset());
    const ann = new Person(app);
    await ann.go('/');
    const { user_id: before } = await ann.status();
    mock.timers.tick(119 * MINUTE);
    assert.equal((await ann.status()).user_id, before);
  });
});

describe('a cookie that we did not make', () => {
  it('is nobody, gives a new session to a visitor, and harms nobody', async (t) => {
    const { app } = await startStory(t);
    const [ann, eve] = [new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    const [name = ''] = [...ann.cookies.keys()];
    const good = ann.session?.value ?? '';
    const flipped = (good.startsWith('A') ? 'B' : 'A') + good.slice(1);
    for (const value of [
      flipped,
      good.slice(1),
      `${good}x`,
      `${good}.${good}`,
      'A'.repeat(43),
      '..%2f',
      'x'.repeat(7_000),
      '"',
    ]) {
      const answer = await eve.call('/notes/whoami', {}, { cookie: `${name}=${value}` });
      assert.deepEqual(coded(answer), [401, 'identity_required'], value);
    }
    await eve.go('/', { cookie: `${name}=${flipped}` });
    assert.match(eve.session?.value ?? '', /^[\w-]{43}$/);
    assert.notEqual(eve.session?.value, flipped);
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    const stolen = await eve.call('/notes/whoami', {}, { cookie: `${name}=${good}` });
    assert.equal(
      stolen.body,
      '"alice"',
      'the same request with the true cookie: the forged ones failed for being forged',
    );
  });
});

describe('cookies', () => {
  it('are ignored beside an Authorization header, good or bad', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann', 'ben') });
    const ann = new Person(app);
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    const ben = await ann.call('/notes/whoami', {}, { authorization: basic('ben', 'ben-pw') });
    assert.deepEqual(coded(ben), [401, 'authorization_required'], 'Ben, who is not connected');
    for (const authorization of [basic('ann', 'wrong'), 'Bearer wrong', 'Bearer', 'Digest x', 'x']) {
      const answer = await ann.call('/notes/whoami', {}, { authorization });
      assert.match(answer.headers['x-latchkey-error'] as string, /^(missing|invalid)_credentials$/, authorization);
    }
  });

  it('are ignored beside an Authorization header also where no credential is asked for', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.connect();
    assert.equal((await ann.call('/notes/whoami')).status, 200);
    for (const authorization of ['Bearer of-somebody-else', '']) {
      const answer = await ann.call('/notes/whoami', {}, { authorization });
      assert.deepEqual(coded(answer), [401, 'identity_required'], authorization);
    }
  });

  it('count for our own pages and typed addresses, and for no page of anybody else', async (t) => {
    const { app, notes } = await startStory(t, { keys: accounts('ann') });
    const ann = new Person(app);
    await ann.signIn('ann');
    await ann.connect();
    const { port } = app.settings;
    for (const headers of [{}, { 'sec-fetch-site': 'none' }, { origin: `http://127.0.0.1:${port}` }]) {
      assert.equal((await ann.call('/notes/whoami', {}, headers)).status, 200);
    }
    const ran = notes.answered('whoami').length;
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://localhost:${port + 1}`, 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'odd' },
    ];
    for (const headers of foreign) {
      const answer = await ann.call('/notes/whoami', {}, headers);
      assert.deepEqual(coded(answer), [401, 'missing_credentials'], JSON.stringify(headers));
      const document = await ann.fetch('/notes/openapi.json', headers);
      assert.equal(document.status, 401, JSON.stringify(headers));
    }
    assert.equal(notes.answered('whoami').length, ran, 'nothing ran');
  });

  it('count where another site sends the person to a page of ours, and only there', async (t) => {
    const { app } = await startStory(t, { keys: { anonymous_catalog: 'connect-only' } });
    const ann = new Person(app);
    await ann.connect();
    const from = { 'sec-fetch-site': 'cross-site' };
    assert.match((await ann.go('/', from)).body, /Connected/);
    assert.equal((await ann.go('/notes', from)).headers.location, '/notes/docs', 'Ann, who is connected');
    const document = JSON.parse((await ann.go('/notes/openapi.json', from)).body);
    assert.deepEqual(Object.keys(document.paths), ['/connect_notes']);
  });

  it('cannot be overwritten by a page of somebody else', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.connect();
    const before = ann.session?.value;
    // Pages at other ports of one host are of the same site: browsers send and take SameSite cookies there.
    const sneaky = { accept: 'text/html', 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-site' };
    for (const path of ['/', '/notes', '/login', '/oauth/notes/authorize', '/oauth/notes/callback?state=x']) {
      await ann.fetch(path, sneaky);
      assert.equal(ann.session?.value, before, path);
    }
    assert.equal((await ann.call('/notes/whoami')).status, 200);
    const stranger = await new Person(app).fetch('/', sneaky);
    assert.deepEqual([stranger.status, stranger.headers['set-cookie']], [200, undefined], 'the page comes alone');
    const { app: guarded } = await startStory(t, { keys: accounts('ann') });
    const member = new Person(guarded);
    await member.signIn('ann');
    const signedIn = member.session?.value;
    for (const path of ['/', '/login']) await member.fetch(path, sneaky);
    assert.equal(member.session?.value, signedIn);
  });

  it('of two with one name are refused: one of them is somebody else’s', async (t) => {
    const { app } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    const [name = ''] = [...ann.cookies.keys()];
    const cookie = `${name}=${ann.session?.value}; ${name}=${ben.session?.value}`;
    const headers = ['cookie', cookie, 'content-type', 'application/json'];
    for (const [method, path] of [
      ['POST', '/notes/whoami'],
      ['GET', '/oauth/notes/authorize'],
      ['GET', '/'],
    ] as const) {
      const answer = await raw(app.url, { method, path, headers });
      assert.deepEqual([answer.status, /two sessions/.test(answer.body)], [400, true], path);
    }
    const twice = `${name}=${ann.session?.value}; ${name}=${ann.session?.value}`;
    const same = await raw(app.url, { method: 'POST', path: '/notes/whoami', headers: ['cookie', twice] });
    assert.equal(same.body, '"alice"');
  });
});
