/** Where tokens of Open WebUI count in another way than by the gateway's own secret: at one server alone, or unverified. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpServer } from '../helpers/http-server.ts';
import { bearer, USER_JWT_SECRET, userJwt, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { API_KEY, NOBODY, REFUSED, whoami } from './callers.ts';
import { grantFor } from './grant-for.ts';
import { coded, startStory } from './login-story.ts';
import { raw } from './raw.ts';

const SECRET = { webui_secret_key: WEBUI_SECRET };

describe('a secret of one server', () => {
  const OTHER = 'uX3nB8sK1vQ6zM4jT9wE2rY7oP5aL0dF';

  it('names callers there alone, and the secret of the gateway does not', async (t) => {
    const story = await startStory(t, { keys: SECRET, oauth: { webui_secret_key: OTHER } });
    await grantFor(story.app, 'openwebui:u-alice', { user: 'alice' });
    assert.equal(await whoami(story, await bearer('u-alice', { secret: OTHER })), 'alice');
    assert.deepEqual(await whoami(story, await bearer('u-alice')), REFUSED);
    const status = await story.app.get('/oauth/notes/status', await bearer('u-alice', { secret: OTHER }));
    assert.equal(((await status.json()) as { authenticated: boolean }).authenticated, true);
  });

  it("takes nobody else's word for who somebody is, and lets the API key in as nobody", async (t) => {
    const keys = { open_webui: { user_jwt_secret: USER_JWT_SECRET } };
    const story = await startStory(t, { keys, argv: ['--api-key', API_KEY], oauth: { webui_secret_key: OTHER } });
    await grantFor(story.app, 'openwebui:u-alice', { user: 'alice' });
    const signed = { authorization: `Bearer ${API_KEY}`, 'x-openwebui-user-jwt': await userJwt('u-alice') };
    assert.deepEqual(await whoami(story, signed), NOBODY);
    const answer = await story.app.get('/', { ...signed, accept: 'application/json' });
    const { servers } = (await answer.json()) as { servers: { connection: { state: string } }[] };
    assert.equal(servers[0]?.connection.state, 'sign-in-first');
  });

  it('means nothing where one login serves everybody', async (t) => {
    const { app } = await startStory(t, { oauth: { webui_secret_key: OTHER, multi_user: false } });
    await grantFor(app, 'shared:', { user: 'alice' });
    for (const headers of [{}, await bearer('u-alice')]) {
      const answer = await app.post('/notes/whoami', {}, headers);
      assert.deepEqual([answer.status, await answer.json()], [200, 'alice']);
    }
  });

  it('keeps its tokens from the servers beside it, which could use them', async (t) => {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const all = { type: 'streamable-http', url: server.url.href, client_header_forwarding: { enabled: true } };
    const { app } = await startStory(t, { oauth: { webui_secret_key: OTHER }, servers: { all } });
    const answer = await app.post('/all/echo', { text: 'x' }, await bearer('u-alice', { secret: OTHER }));
    assert.equal(answer.status, 200);
    assert.equal(server.requests('echo')[0]?.headers.authorization, undefined);
  });

  it('refuses two Authorization headers also in the document of all servers', async (t) => {
    const { app } = await startStory(t, { oauth: { webui_secret_key: OTHER } });
    const { authorization } = await bearer('u-alice', { secret: OTHER });
    const headers = ['authorization', authorization, 'Authorization', 'Bearer x.y.z'];
    assert.deepEqual(coded(await raw(app.url, { path: '/openapi.json', headers })), [400, 'duplicate_authorization']);
  });

  it('asks nothing of callers of other servers', async (t) => {
    const story = await startStory(t, { oauth: { webui_secret_key: OTHER } });
    await grantFor(story.app, 'openwebui:u-alice', { user: 'alice' });
    assert.equal(await whoami(story, await bearer('u-alice', { secret: OTHER })), 'alice');
    assert.deepEqual(await whoami(story, await bearer('u-alice')), REFUSED);
    assert.deepEqual(await whoami(story, {}), NOBODY);
    assert.equal((await story.app.get('/', { accept: 'application/json' })).status, 200);
  });

  it('shows a person their own tools there in the document of all servers', async (t) => {
    const { app } = await startStory(t, {
      keys: { ...SECRET, anonymous_catalog: 'connect-only' },
      oauth: { webui_secret_key: OTHER },
    });
    await grantFor(app, 'openwebui:u-alice', { user: 'alice' });
    const paths = async (headers: Record<string, string>): Promise<string[]> => {
      const answer = await app.get('/openapi.json', headers);
      return Object.keys(((await answer.json()) as { paths: object }).paths);
    };
    assert.ok((await paths(await bearer('u-alice', { secret: OTHER }))).includes('/notes/whoami'));
    assert.deepEqual(await paths(await bearer('u-alice')), ['/notes/connect_notes']);
    assert.deepEqual(await paths({}), ['/notes/connect_notes']);
  });
});

describe('a token that nothing can verify', () => {
  it('names somebody else than a verified one, and only from this machine itself', async (t) => {
    const story = await startStory(t);
    await grantFor(story.app, 'openwebui:u-alice', { user: 'alice' });
    await grantFor(story.app, 'unverified:u-alice', { user: 'bob' });
    const token = await bearer('u-alice', { secret: 'whatever-secret-there-may-be-0001' });
    assert.equal(await whoami(story, token), 'bob');
    for (const sign of ['x-forwarded-for', 'x-forwarded-proto', 'forwarded', 'via']) {
      assert.deepEqual(await whoami(story, { ...token, [sign]: '127.0.0.1' }), REFUSED, sign);
    }
    assert.deepEqual(await whoami(story, { ...token, origin: story.app.url }), REFUSED, 'a page');
  });

  it('does not count where a public address or a proxy says that others come in as well', async (t) => {
    const token = await bearer('u-alice', { secret: 'whatever-secret-there-may-be-0001' });
    for (const sign of ['x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip', 'x-forwarded']) {
      const story = await startStory(t);
      assert.deepEqual(await whoami(story, { ...token, [sign]: '203.0.113.9' }), REFUSED, sign);
    }
    for (const argv of [
      ['--public-url', 'https://tools.example.com'],
      ['--trust-proxy', '127.0.0.1'],
    ]) {
      const story = await startStory(t, { argv });
      assert.deepEqual(await whoami(story, token), REFUSED, argv[0]);
    }
    const { app } = await startStory(t, { argv: ['--allowed-host', 'tools.example.com'] });
    const headers = ['host', 'tools.example.com', 'authorization', token.authorization];
    headers.push('content-type', 'application/json');
    const named = await raw(app.url, { method: 'POST', path: '/notes/whoami', headers, body: '{}' });
    assert.deepEqual(coded(named), REFUSED, 'asked for by another name');
  });

  it('never lets in where a credential is asked for, and never counts where that was switched off', async (t) => {
    const token = await bearer('u-alice', { secret: 'whatever-secret-there-may-be-0001' });
    const guarded = await startStory(t, { argv: ['--api-key', API_KEY] });
    assert.deepEqual(await whoami(guarded, token), REFUSED);
    const strict = await startStory(t, { keys: { verify_jwt: true } });
    assert.deepEqual(await whoami(strict, token), REFUSED);
    const lax = await startStory(t, { keys: { verify_jwt: false } });
    const answer = await whoami(lax, { ...token, 'x-forwarded-for': '10.0.0.1' });
    assert.deepEqual(answer, [401, 'authorization_required'], 'known as unverified, and not connected');
  });
});
