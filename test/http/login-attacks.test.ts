/** Logins that are forged, replayed, stolen or mixed up, at the callback of a real gateway. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { signIn } from '../helpers/authorization-server.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { accounts, coded, Person, protectedEntry, startProvider, startStory } from './login-story.ts';
import { startFor } from './start-for.ts';

const RANDOM = 'A'.repeat(43);

/** The same answer of the provider with other parameters; an empty value takes one away. */
function altered(callback: URL, parameters: Record<string, string>): URL {
  const url = new URL(callback);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url;
}

describe('a callback', () => {
  it('ends a login once, however often it is repeated', async (t) => {
    const { app, as } = await startStory(t);
    const ann = new Person(app);
    const callback = await ann.allow();
    const answers = await Promise.all([ann.comeBack(callback), ann.comeBack(callback), ann.comeBack(callback)]);
    const done = answers.filter(({ status }) => status === 303);
    assert.equal(done.length, 1, answers.map(({ status }) => status).join());
    assert.deepEqual(coded(await ann.comeBack(callback)), [400, 'flow_unknown']);
    assert.equal(as.happened('code-exchanged'), 1);
  });

  it('is neither begun nor ended by who only looks at an address', async (t) => {
    const { app, as } = await startStory(t);
    const ann = new Person(app);
    const callback = await ann.allow();
    for (const path of [callback.pathname + callback.search, '/oauth/notes/authorize']) {
      const { status } = await fetch(app.url + path, { method: 'HEAD', redirect: 'manual' });
      assert.equal(status, 404, path);
    }
    assert.equal(as.happened('code-exchanged'), 0);
    assert.equal((await ann.comeBack(callback)).status, 303);
  });

  it('leaves a session as it is where a page elsewhere sends a browser there and takes it away', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.connect({ user: 'alice' });
    const id = ann.session?.value;
    for (const query of ['', '?i', `?state=${RANDOM}&code=x`, `?error=access_denied&state=${RANDOM}`]) {
      const answer = await ann.go(`/oauth/notes/callback${query}`, { 'sec-fetch-site': 'cross-site' });
      assert.deepEqual([answer.status, answer.headers['set-cookie']], [400, undefined], query);
    }
    assert.equal(ann.session?.value, id);
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
  });

  it('makes nobody forget a client that has served somebody, whatever an address says', async (t) => {
    const { app, as } = await startStory(t);
    const [ann, eve] = [new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    for (let round = 0; round < 3; round += 1) {
      const state = (await eve.begin()).searchParams.get('state') ?? '';
      const said = new URLSearchParams({ state, error: 'invalid_client', iss: as.issuer });
      assert.deepEqual(coded(await eve.go(`/oauth/notes/callback?${said}`)), [502, 'provider_refused']);
    }
    await new Person(app).begin();
    assert.equal(as.counts('register'), 1);
  });

  it('is not counted as an attempt of the person where a page elsewhere fetches it', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    for (let count = 0; count < 70; count += 1) {
      const { status } = await app.get(`/oauth/notes/${count % 2 === 0 ? 'callback' : 'authorize'}`, foreign);
      assert.equal(status, 403);
    }
    await ann.connect();
  });

  it('needs the state of a login that was begun', async (t) => {
    const { app, as } = await startStory(t);
    const ann = new Person(app);
    const callback = await ann.allow();
    for (const state of [RANDOM, 'x', '', `${callback.searchParams.get('state')}x`, '../x', '%00']) {
      assert.deepEqual(coded(await ann.comeBack(altered(callback, { state }))), [400, 'flow_unknown'], state);
    }
    const twice = new URL(callback);
    twice.searchParams.append('state', RANDOM);
    assert.deepEqual(coded(await ann.comeBack(twice)), [400, 'flow_unknown']);
    assert.equal(as.counts('token'), 0, 'the provider was not asked');
    assert.equal((await ann.comeBack(callback)).status, 303, 'the true one still works');
  });

  it('is worth nothing in another browser, and nothing to its owner after that', async (t) => {
    const { app, as } = await startStory(t);
    const [ann, eve] = [new Person(app), new Person(app)];
    await eve.connect({ user: 'bob' });
    const callback = await ann.allow({ user: 'alice' });
    assert.deepEqual(coded(await eve.comeBack(callback)), [403, 'flow_wrong_browser']);
    assert.equal((await eve.call('/notes/whoami')).body, '"bob"');
    assert.deepEqual(coded(await ann.comeBack(callback)), [400, 'flow_unknown']);
    assert.equal((await ann.status()).state, 'needs-login');
    assert.equal(as.happened('code-exchanged'), 1, "Eve's own");
  });

  it('does not connect the victim of a sent link to the account of the sender', async (t) => {
    const { app } = await startStory(t);
    const [ann, eve] = [new Person(app), new Person(app)];
    await ann.go('/');
    const sent = await eve.allow({ user: 'bob' });
    assert.deepEqual(coded(await ann.comeBack(sent)), [403, 'flow_wrong_browser']);
    assert.equal((await ann.status()).state, 'needs-login');
  });

  it("is worth nothing with the flow's cookie in somebody else's session", async (t) => {
    const { app } = await startStory(t);
    const [ann, eve] = [new Person(app), new Person(app)];
    await eve.go('/');
    const callback = await ann.allow({ user: 'alice' });
    for (const [name, cookie] of ann.cookies) if (name.startsWith('latchkey_flow_')) eve.cookies.set(name, cookie);
    assert.deepEqual(coded(await eve.comeBack(callback)), [403, 'flow_wrong_person']);
    assert.equal((await eve.status()).state, 'needs-login');
  });

  it('belongs to who began, not to who is signed in by then', async (t) => {
    const { app, as } = await startStory(t, { argv: ['--api-key', 'the-key'], keys: accounts('ann', 'ben') });
    const browser = new Person(app);
    await browser.signIn('ann');
    const callback = await browser.allow({ user: 'alice' });
    await browser.signOut();
    await browser.signIn('ben');
    const answer = await browser.comeBack(callback);
    assert.deepEqual(coded(answer), [403, 'flow_wrong_person']);
    assert.equal((await browser.status()).state, 'needs-login');
    await browser.signIn('ann');
    assert.equal((await browser.status()).state, 'needs-login');
    assert.equal(as.happened('code-exchanged'), 0);
  });

  it('is not taken for another server at the same provider', async (t) => {
    const { as, notes } = await startProvider(t);
    const app = await startFor(t, { mcpServers: { notes: protectedEntry(notes), more: protectedEntry(notes) } });
    const ann = new Person(app);
    const callback = await ann.allow();
    const crossed = new URL(callback);
    crossed.pathname = '/oauth/more/callback';
    assert.deepEqual(coded(await ann.comeBack(crossed)), [400, 'flow_unknown']);
    assert.equal((await ann.status('more')).state, 'needs-login');
    assert.equal(as.happened('code-exchanged'), 0);
  });

  it('carries no code of somebody else: the verifier does not fit', async (t) => {
    const { app } = await startStory(t);
    const [ann, eve] = [new Person(app), new Person(app)];
    const stolen = (await ann.allow({ user: 'alice' })).searchParams.get('code') ?? '';
    const own = await eve.allow({ user: 'bob' });
    const answer = await eve.comeBack(altered(own, { code: stolen }));
    assert.deepEqual(coded(answer), [502, 'token_request_failed']);
    assert.equal((await eve.status()).state, 'needs-login');
    assert.doesNotMatch(answer.body, new RegExp(stolen));
  });

  it('comes from the provider of the login', async (t) => {
    const { app, as } = await startStory(t);
    const ann = new Person(app);
    for (const iss of ['https://evil.example', `${as.issuer}/`, '']) {
      const answer = await ann.comeBack(altered(await ann.allow(), { iss }));
      assert.deepEqual(coded(answer), [400, 'response_rejected'], iss);
    }
    const forged = { iss: 'https://evil.example', code: '', error: 'access_denied', error_description: 'from Eve' };
    const answer = await ann.comeBack(altered(await ann.allow(), forged));
    assert.deepEqual(coded(answer), [400, 'response_rejected']);
    assert.doesNotMatch(answer.body, /from Eve/);
    assert.equal(as.counts('token'), 0);
  });

  it('gives a planted session no part in the login', async (t) => {
    const { app } = await startStory(t);
    const [ann, eve] = [new Person(app), new Person(app)];
    await eve.go('/');
    for (const [name, cookie] of eve.cookies) ann.cookies.set(name, cookie);
    await ann.connect({ user: 'alice' });
    assert.equal((await ann.call('/notes/whoami')).body, '"alice"');
    assert.deepEqual(coded(await eve.call('/notes/whoami')), [401, 'identity_required']);
    assert.equal((await eve.status()).user_id, 'unknown');
  });

  it('comes within ten minutes', async (t) => {
    const { app } = await startStory(t);
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    t.after(() => mock.timers.reset());
    const ann = new Person(app);
    const early = await ann.begin();
    assert.match([...ann.cookies.values()].map(({ line }) => line).join(), /Max-Age=600; Path=\/oauth\//);
    mock.timers.tick(599_000);
    assert.equal((await ann.comeBack(await signIn(early))).status, 303);
    const late = await ann.begin();
    mock.timers.tick(601_000);
    const answer = await ann.comeBack(await signIn(late));
    assert.deepEqual(coded(answer), [400, 'flow_unknown']);
    assert.match(answer.body, /longer than ten minutes/);
  });
});

describe('a login that fails', () => {
  it('says the same to people and to programs, with the code, the request and a way on', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.go('/');
    const program = { accept: 'application/json' };
    const denied = async (headers: Record<string, string>) =>
      ann.go(await ann.allow({ decision: 'deny' }), { 'sec-fetch-site': 'cross-site', ...headers });
    const page = await denied({});
    assert.match(page.headers['content-type'] ?? '', /^text\/html/);
    assert.match(String(page.headers['content-security-policy']), /frame-ancestors 'none'/);
    assert.equal(page.headers['cache-control'], 'private, no-store');
    assert.match(page.body, /Access was not granted/);
    assert.match(page.body, /in its own words:.*You did not allow it\..*access_denied/s);
    assert.match(page.body, /href="\/oauth\/notes\/authorize">Try again/);
    assert.ok(page.body.includes(`<code>consent_denied</code>`));
    assert.ok(page.body.includes(`<code>${page.headers['x-request-id']}</code>`));
    const json = await denied(program);
    assert.deepEqual(coded(json), coded(page));
    const body = JSON.parse(json.body);
    assert.equal(body.error, 'consent_denied');
    assert.equal(body.provider_error, 'access_denied');
    assert.equal(body.provider_message, 'You did not allow it.');
    assert.equal(body.request_id, json.headers['x-request-id']);
  });

  it("shows the provider's text as text, short and marked as theirs", async (t) => {
    const { app, as } = await startStory(t);
    const ann = new Person(app);
    const text = `<script>alert(1)</script>"'&\u202e${'x'.repeat(1000)}\r\nset-cookie: a=b`;
    const told = { code: '', iss: as.issuer, error: 'odd<b>', error_description: text };
    const { body, status, headers } = await ann.comeBack(altered(await ann.allow(), told));
    assert.equal(status, 502);
    assert.equal(headers['x-latchkey-error'], 'provider_refused');
    assert.doesNotMatch(body, /<script>alert|<b>|\u202e|x{300}/);
    assert.match(body, /The provider says, in its own words:.*&lt;script&gt;alert\(1\)/s);
  });

  it('is 404 for what is not there, and says so where nobody signs in', async (t) => {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const { app } = await startStory(t, { servers: { time: { type: 'streamable-http', url: server.url.href } } });
    const ann = new Person(app);
    for (const page of ['authorize', 'callback', 'status', 'client-metadata.json']) {
      assert.deepEqual(coded(await ann.go(`/oauth/nowhere/${page}`)), [404, 'not_found'], page);
      assert.deepEqual(coded(await ann.go(`/oauth/time/${page}`)), [404, 'login_not_offered'], page);
      assert.deepEqual(coded(await ann.fetch(`/oauth/time/${page}`)), [404, 'login_not_offered'], page);
    }
    for (const path of [
      '/oauth/',
      '/oauth/notes',
      '/oauth/notes/',
      '/oauth/notes/other',
      '/oauth//authorize',
      '/oauth/__proto__/authorize',
      '/oauth/notes/authorize/x',
    ]) {
      assert.deepEqual(coded(await ann.go(path)), [404, 'not_found'], path);
    }
    for (const page of ['authorize', 'callback', 'status']) {
      assert.deepEqual(coded(await ann.submit(`/oauth/notes/${page}`, {})), [404, 'not_found'], page);
    }
    const get = await ann.go('/oauth/notes/disconnect');
    assert.deepEqual(coded(get), [404, 'not_found'], 'a link disconnects nobody');
  });

  it('is no way to flood a provider: 429 for an address that tries too often', async (t) => {
    const { app, as } = await startStory(t);
    const ann = new Person(app);
    const callback = await ann.allow();
    const forged = altered(callback, { state: RANDOM });
    for (let count = 0; count < 60; count += 1) assert.equal((await ann.comeBack(forged)).status, 400);
    const seen = as.seen.length;
    for (const answer of [await ann.go('/oauth/notes/authorize'), await ann.comeBack(callback)]) {
      assert.deepEqual(coded(answer), [429, 'too_many_attempts']);
      assert.match(answer.headers['retry-after'] ?? '', /^\d+$/);
      assert.match(answer.body, /Wait a moment/);
    }
    assert.equal(as.seen.length, seen);
    assert.equal((await ann.go('/')).status, 200, 'all else goes on');
    assert.equal((await ann.status()).state, 'needs-login');
  });

  it('builds its addresses from the public URL, whatever the request says', async (t) => {
    const { app } = await startStory(t, { argv: ['--public-url', 'https://tools.example.org'] });
    const ann = new Person(app);
    const headers = { host: '192.168.7.7:99', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' };
    const { location } = (await ann.go('/oauth/notes/authorize', headers)).headers;
    const redirect = new URL(location ?? '').searchParams.get('redirect_uri');
    assert.equal(redirect, 'https://tools.example.org/oauth/notes/callback');
  });
});
