/** What access tokens must not do: make more of themselves, open pages, be made for others, leave the house. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { HttpServer } from '../helpers/http-server.ts';
import { USER_JWT_SECRET, userJwt } from '../helpers/open-webui-users.ts';
import { signedInToOpenWebui, startNeighbourStory } from './hand-off-story.ts';
import { accounts, coded, Person, startStory } from './login-story.ts';
import { continueAs } from './open-webui-sign-in.ts';
import { raw } from './raw.ts';
import { bearerOf, listedTokens, makeToken, revokeToken, wish } from './token-forms.ts';

const KEYS = accounts('ann', 'ben');
const KEY = 'key-of-the-gateway';

describe('an access token in the wrong hands', () => {
  it('opens no page, makes and revokes no token, begins and ends no login', async (t) => {
    const { app } = await startStory(t, { keys: KEYS });
    const ann = new Person(app);
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    const authorization = `Bearer ${await makeToken(ann)}`;
    const _csrf = await ann.formToken();
    const cookie = [...ann.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ');
    const form = new URLSearchParams({ _csrf, name: 'more', days: '365', key: 'x', token: 'x' }).toString();
    const { host } = app.settings.publicUrl;
    const browser = ['accept', 'text/html', 'sec-fetch-mode', 'navigate', 'sec-fetch-site', 'none'];
    const paths = ['/', '/docs', '/login', '/login?next=/notes', '/notes', '/notes/docs', '/login/tokens'];
    const logins = ['/oauth/notes/authorize', `/oauth/notes/authorize?ticket=${'A'.repeat(43)}`];
    for (const path of [...paths, ...logins]) {
      const headers = ['host', host, 'authorization', authorization, 'cookie', cookie, ...browser];
      const answer = await raw(app.url, { path, headers });
      assert.deepEqual(coded(answer), [403, 'invalid_credentials'], path);
      assert.equal(answer.headers['set-cookie'], undefined, path);
    }
    for (const path of ['/login/tokens', '/login/tokens/revoke', '/login', '/logout', '/oauth/notes/disconnect']) {
      const type = ['content-type', 'application/x-www-form-urlencoded'];
      const headers = ['host', host, 'authorization', authorization, 'cookie', cookie, ...type];
      const answer = await raw(app.url, { method: 'POST', path, headers, body: form });
      assert.deepEqual(coded(answer), [403, 'invalid_credentials'], path);
    }
    assert.equal((await listedTokens(ann)).size, 1);
    assert.equal((await ann.status()).state, 'connected');
  });

  it('is not told why a server failed, and is no admin', async (t) => {
    const down = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' };
    const { app } = await startStory(t, { keys: KEYS, servers: { down } });
    const ann = new Person(app);
    await ann.signIn('ann');
    const token = bearerOf(await makeToken(ann));
    const reasonFor = async (headers: Record<string, string>): Promise<unknown> => {
      const { servers } = (await (await app.get('/', headers)).json()) as { servers: Record<string, unknown>[] };
      return servers.find(({ name }) => name === 'down')?.reason;
    };
    assert.equal(await reasonFor(token), undefined);
    assert.ok(await reasonFor({ authorization: `Basic ${btoa('ann:ann-pw')}` }));
  });

  it('does not sign in a browser', async (t) => {
    const { app } = await startStory(t, { keys: KEYS, argv: ['--api-key', KEY] });
    const [ann, eve] = [new Person(app), new Person(app)];
    await ann.signIn('ann');
    const token = await makeToken(ann);
    const fields = { _csrf: await eve.formToken('/login'), next: '/' };
    assert.equal((await eve.submit('/login', { ...fields, key: token })).status, 403);
    const asPassword = { ...fields, _csrf: await eve.formToken('/login'), username: 'ann', password: token };
    assert.equal((await eve.submit('/login', asPassword)).status, 403);
    assert.equal((await eve.status()).user_id, 'unknown');
  });

  it('leaves the house neither when it counts nor when it does not', async (t) => {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const all = { type: 'streamable-http', url: server.url.href, client_header_forwarding: { enabled: true } };
    const { app } = await startStory(t, { keys: KEYS, servers: { all } });
    const ann = new Person(app);
    await ann.signIn('ann');
    const token = await makeToken(ann);
    const headers = { ...bearerOf(token), 'x-kept': 'yes' };
    assert.equal((await app.post('/all/echo', { text: 'x' }, headers)).status, 200);
    assert.equal(server.requests('echo')[0]?.headers['x-kept'], 'yes');
    assert.equal(server.requests('echo')[0]?.headers.authorization, undefined);
    const open = await startStory(t, { servers: { all } });
    assert.equal((await open.app.post('/all/echo', { text: 'x' }, headers)).status, 401);
    assert.equal(server.requests('echo').length, 1);
  });

  it('goes before the cookies of a browser that sends both', async (t) => {
    const { app } = await startStory(t, { keys: KEYS });
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.signIn('ann');
    await ben.signIn('ben');
    const { authorization } = bearerOf(await makeToken(ann));
    const status = await ben.fetch('/oauth/notes/status', { authorization });
    assert.equal(JSON.parse(status.body).user_id, 'ann...');
    const wrong = await ben.fetch('/oauth/notes/status', bearerOf(`lk_${'A'.repeat(43)}`));
    assert.deepEqual(coded(wrong), [401, 'invalid_credentials']);
  });
});

describe('the form for access tokens', () => {
  it('is for people with an account: not for visitors, the API key, or nobody', async (t) => {
    const open = await startStory(t);
    const keyed = await startStory(t, { argv: ['--api-key', KEY] });
    const visitor = new Person(open.app);
    const holder = new Person(keyed.app);
    const key = { _csrf: await holder.formToken('/login'), key: KEY, next: '/' };
    assert.equal((await holder.submit('/login', key)).status, 303);
    for (const person of [visitor, holder]) {
      assert.doesNotMatch((await person.go('/')).body, /Access tokens/);
      assert.deepEqual(coded(await wish(person)), [403, 'invalid_credentials']);
      assert.deepEqual(coded(await revokeToken(person, 'x')), [403, 'invalid_credentials']);
    }
    const nobody = await open.app.post('/login/tokens', 'name=x&days=90', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    assert.deepEqual([nobody.status, nobody.headers.get('x-latchkey-error')], [403, 'form_expired']);
  });

  it('is for no caller without a browser, however they say who they are', async (t) => {
    const keys = { ...KEYS, open_webui: { user_jwt_secret: USER_JWT_SECRET } };
    const { app } = await startStory(t, { keys, argv: ['--api-key', KEY] });
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const headers of [
      { authorization: `Basic ${btoa('ann:ann-pw')}` },
      { authorization: `Bearer ${KEY}`, 'x-openwebui-user-jwt': await userJwt('u-1') },
    ]) {
      const answer = await app.post('/login/tokens', 'name=x&days=90', { ...type, ...headers });
      assert.deepEqual([answer.status, answer.headers.get('x-latchkey-error')], [403, 'form_expired']);
    }
  });

  it('counts only from our own page, of this session', async (t) => {
    const { app } = await startStory(t, { keys: KEYS });
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.signIn('ann');
    await ben.signIn('ben');
    const fields = { name: 'x', days: '90' };
    assert.deepEqual(coded(await ann.submit('/login/tokens', fields)), [403, 'form_expired']);
    const bens = await ben.formToken();
    assert.deepEqual(coded(await ann.submit('/login/tokens', { ...fields, _csrf: bens })), [403, 'form_expired']);
    const _csrf = await ann.formToken();
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    assert.notEqual((await ann.submit('/login/tokens', { ...fields, _csrf }, foreign)).status, 200);
    assert.equal((await listedTokens(ann)).size, 0);
    await makeToken(ann, 'x');
    const token = (await listedTokens(ann)).get('x') ?? '';
    assert.deepEqual(coded(await ann.submit('/login/tokens/revoke', { token })), [403, 'form_expired']);
    assert.equal((await listedTokens(ann)).size, 1);
  });

  it('is not for who was there before, where the cookie of Open WebUI names somebody else by now', async (t) => {
    const { app } = await startNeighbourStory(t);
    const browser = new Person(app);
    await continueAs(browser, 'ann-0001');
    const _csrf = await browser.formToken();
    await signedInToOpenWebui(browser, 'ben-0001');
    const answer = await browser.submit('/login/tokens', { _csrf, name: 'x', days: '90' });
    assert.deepEqual(coded(answer), [403, 'form_expired']);
    await continueAs(browser, 'ann-0001');
    assert.equal((await listedTokens(browser)).size, 0);
  });

  it('counts no more for who has signed out while it was on its way', async (t) => {
    const { app } = await startStory(t, { keys: KEYS });
    const ann = new Person(app);
    await ann.signIn('ann');
    const body = new URLSearchParams({ _csrf: await ann.formToken(), name: 'x', days: '90' }).toString();
    const cookie = [...ann.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ');
    const { host, hostname, port } = app.settings.publicUrl;
    const type = 'application/x-www-form-urlencoded';
    const headers = { host, cookie, 'content-type': type, 'content-length': body.length, expect: '100-continue' };
    const outgoing = request({ hostname, port, method: 'POST', path: '/login/tokens', headers, agent: false });
    outgoing.flushHeaders();
    await once(outgoing, 'continue');
    await ann.status();
    await ann.signOut();
    outgoing.end(body);
    const [answer] = await once(outgoing, 'response');
    assert.deepEqual([answer.statusCode, answer.headers['x-latchkey-error']], [403, 'invalid_credentials']);
    answer.resume();
    await ann.signIn('ann');
    assert.equal((await listedTokens(ann)).size, 0);
  });

  it('says what is wrong with a wish, and stays', async (t) => {
    const { app } = await startStory(t, { keys: KEYS });
    const ann = new Person(app);
    await ann.signIn('ann');
    for (const [name, days] of [
      ['', '90'],
      ['x'.repeat(61), '90'],
      ['x', '9000'],
      ['x', ''],
    ] as const) {
      const answer = await wish(ann, name, days);
      assert.deepEqual(coded(answer), [400, 'bad_request'], `${name} ${days}`);
      assert.match(answer.body, /<p class="notice problem">[^<]+<\/p>[\s\S]*Make a token/);
    }
    for (let made = 0; made < 20; made += 1) await makeToken(ann, `token ${made}`);
    const full = await wish(ann, 'one more');
    assert.deepEqual(coded(full), [409, 'bad_request']);
    assert.match(full.body, /You have 20 tokens, which is the most\. Revoke one/);
    assert.doesNotMatch(full.body, /Make a token/);
    assert.equal((await listedTokens(ann)).size, 20);
  });
});
