/** `GET /oauth/<server>/status`: the fields of mcpo and more, each caller's own, and no secret. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accounts, Person, startStory } from './login-story.ts';
import { basic } from './raw.ts';

describe('the status of a login', () => {
  it('is what is known of a visitor before and after', async (t) => {
    const { app, as } = await startStory(t);
    const ann = new Person(app);
    const authorize_url = `http://localhost:${app.settings.port}/oauth/notes/authorize`;
    const nobody = await ann.status();
    assert.deepEqual(nobody, {
      authenticated: false,
      server: 'notes',
      user_id: 'unknown',
      session_created: null,
      last_activity: null,
      state: 'sign-in-first',
      expires_at: null,
      renews: false,
      scope: null,
      wanted_scope: null,
      issuer: null,
      connected_at: null,
      tools: null,
      authorize_url,
    });
    await ann.go('/');
    const visitor = await ann.status();
    assert.deepEqual([visitor.authenticated, visitor.state], [false, 'needs-login']);
    assert.match(String(visitor.user_id), /^[0-9a-f]{8}\.\.\.$/);
    assert.match(String(visitor.session_created), /^\d{4}-\d\d-\d\dT/);
    await ann.connect();
    const connected = await ann.status();
    assert.deepEqual(
      [connected.authenticated, connected.state, connected.issuer, connected.renews, connected.tools],
      [true, 'connected', as.issuer, true, 5],
    );
    assert.match(String(connected.scope), /notes:read/);
    const lasts = Date.parse(String(connected.expires_at)) - Date.parse(String(connected.connected_at));
    assert.ok(lasts > 590_000 && lasts < 610_000, `${lasts} ms`);
    await ann.disconnect();
    assert.deepEqual((await ann.status()).state, 'needs-login');
  });

  it("is the caller's own, and tells nobody's name in full", async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann-with-a-long-name', 'ben') });
    const ann = new Person(app);
    await ann.signIn('ann-with-a-long-name');
    await ann.connect();
    assert.equal((await ann.status()).user_id, 'ann-with...');
    const get = async (headers: Record<string, string>) =>
      (await (await app.get('/oauth/notes/status', headers)).json()) as Record<string, unknown>;
    const ben = await get({ authorization: basic('ben', 'ben-pw') });
    assert.deepEqual([ben.user_id, ben.state, ben.issuer], ['ben...', 'needs-login', null]);
    assert.equal((await app.get('/oauth/notes/status')).status, 401);
    const wrong = { authorization: basic('ann-with-a-long-name', 'wrong') };
    assert.equal((await app.get('/oauth/notes/status', wrong)).status, 403);
  });

  it('of one login for all is told to those alone who may use it', async (t) => {
    const { app } = await startStory(t, { oauth: { multi_user: false }, argv: ['--api-key', 'the-key'] });
    const ann = new Person(app);
    const _csrf = await ann.formToken('/login');
    await ann.submit('/login', { _csrf, key: 'the-key', next: '/' });
    await ann.connect();
    const get = async (headers: Record<string, string>) =>
      (await (await app.get('/oauth/notes/status', headers)).json()) as Record<string, unknown>;
    const program = await get({ authorization: 'Bearer the-key' });
    assert.deepEqual([program.state, program.tools], ['connected', 5]);
    const wrong = await app.get('/oauth/notes/status', { authorization: 'Bearer wrong' });
    assert.deepEqual([wrong.status, wrong.headers.get('x-latchkey-error')], [403, 'invalid_credentials']);
    const { state, issuer, scope, expires_at, tools } = await get({});
    assert.deepEqual([state, issuer, scope, expires_at, tools], ['sign-in-first', null, null, null, null]);
  });

  it('is kept by no cache', async (t) => {
    const { app } = await startStory(t);
    assert.equal((await app.get('/oauth/notes/status')).headers.get('cache-control'), 'no-store');
  });

  it('answers while the provider and the server are away', async (t) => {
    const { app, as, notes } = await startStory(t);
    const ann = new Person(app);
    await ann.connect();
    await as.stop();
    await notes.stop();
    assert.equal((await ann.status()).state, 'connected');
  });
});
