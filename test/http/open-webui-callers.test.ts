/** Callers whom Open WebUI names: whose account their calls use, and everything that must not count. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { SignJWT } from 'jose';
import type { AppSetup } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { bearer, sessionToken, USER_JWT_SECRET, userJwt, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { API_KEY, NOBODY, REFUSED, whoami } from './callers.ts';
import { grantFor } from './grant-for.ts';
import { coded, type Story, startStory } from './login-story.ts';
import { raw } from './raw.ts';
import { startFor } from './start-for.ts';

const SECRET = { webui_secret_key: WEBUI_SECRET };

/** A gateway that knows users by the shared secret; both have connected an account of their own. */
async function startWithSecret(t: TestContext, setup: AppSetup = {}): Promise<Story> {
  const story = await startStory(t, { keys: SECRET, ...setup });
  await grantFor(story.app, 'openwebui:u-alice', { user: 'alice' });
  await grantFor(story.app, 'openwebui:u-bob', { user: 'bob' });
  return story;
}

describe('a call with the token of a session', () => {
  it('uses the account of the user that it names, under the older forms of the token as well', async (t) => {
    const story = await startWithSecret(t);
    assert.equal(await whoami(story, await bearer('u-alice')), 'alice');
    assert.equal(await whoami(story, await bearer('u-bob')), 'bob');
    const older = { typ: undefined, auth_method: undefined, jti: undefined, iat: undefined };
    assert.equal(await whoami(story, await bearer('u-alice', { claims: older })), 'alice');
    for (const typ of ['automation', 'subagent']) {
      assert.equal(await whoami(story, await bearer('u-bob', { claims: { typ } })), 'bob', typ);
    }
  });

  it('needs no other credential, and nothing else lets in', async (t) => {
    const { app } = await startWithSecret(t);
    const plain = await app.post('/notes/whoami', {});
    assert.deepEqual([plain.status, plain.headers.get('x-latchkey-error')], [401, 'missing_credentials']);
    const asKey = await app.post('/notes/whoami', {}, { authorization: 'Bearer some-key' });
    assert.deepEqual([asKey.status, asKey.headers.get('x-latchkey-error')], [403, 'invalid_credentials']);
  });

  it('is 401 with the remedy where it does not count', async (t) => {
    const story = await startWithSecret(t);
    const now = Math.floor(Date.now() / 1000);
    const good = await sessionToken('u-alice');
    const [head = '', body = '', signature = ''] = good.split('.');
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const forged = encode({ id: 'u-alice', exp: now + 600 });
    const unsigned = `${encode({ alg: 'none', typ: 'JWT' })}.${forged}.`;
    const rs256Head = encode({ alg: 'RS256', typ: 'JWT' });
    const macAsRs = createHmac('sha256', WEBUI_SECRET).update(`${rs256Head}.${forged}`).digest('base64url');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rs256 = await new SignJWT({ id: 'u-alice' })
      .setProtectedHeader({ alg: 'RS256' })
      .setExpirationTime('1h')
      .sign(privateKey);
    const hs512 = await sessionToken('u-alice', { header: { alg: 'HS512' } });
    const claims = (more: Record<string, unknown>): Promise<string> => sessionToken('u-alice', { claims: more });
    const cases: Record<string, [string, RegExp]> = {
      'alg none': [unsigned, /HS256/],
      'RS256, its signature made with the secret': [`${rs256Head}.${forged}.${macAsRs}`, /HS256/],
      'RS256 proper': [rs256, /HS256/],
      HS512: [hs512, /HS256/],
      'no id': [await claims({ id: undefined }), /id/],
      'empty id': [await claims({ id: '' }), /id/],
      'id of 10 kB': [await claims({ id: 'x'.repeat(10_000) }), /./],
      'id with a line break': [await claims({ id: 'u\nalice' }), /id/],
      'id that is no text': [await claims({ id: 5 }), /id/],
      'from the future': [await claims({ iat: now + 3600, exp: now + 7200 }), /future|clock/i],
      'not yet': [await claims({ nbf: now + 3600 }), /future|clock|yet/i],
      'without exp': [await claims({ exp: undefined }), /exp/],
      'another typ': [await claims({ typ: 'refresh' }), /typ|kind|session/],
      'another secret': [await sessionToken('u-alice', { secret: USER_JWT_SECRET }), /webui_secret_key/],
      'tampered claims': [`${head}.${forged}.${signature}`, /webui_secret_key/],
      'tampered signature': [`${head}.${body}.${signature.slice(0, -4)}AAAA`, /webui_secret_key/],
      'an API key of Open WebUI': ['sk-0123456789abcdef0123456789abcdef', /API key of Open WebUI/],
    };
    for (const [name, [token, remedy]] of Object.entries(cases)) {
      const answer = await story.app.post('/notes/whoami', {}, { authorization: `Bearer ${token}` });
      assert.deepEqual([answer.status, answer.headers.get('x-latchkey-error')], REFUSED, name);
      const text = await answer.text();
      assert.match(text, remedy, name);
      assert.ok(!text.includes(token.slice(0, 20)), `${name}: the token is in the answer`);
    }
    const expired = await story.app.post('/notes/whoami', {}, await bearer('u-alice', { claims: { exp: now - 1 } }));
    assert.deepEqual([expired.status, expired.headers.get('x-latchkey-error')], [401, 'token_expired']);
    assert.deepEqual(
      story.notes.seen.filter(({ name }) => name === 'whoami'),
      [],
      'nothing of this reached the server',
    );
  });

  it('is not answered with two Authorization headers', async (t) => {
    const { app } = await startWithSecret(t);
    const [alice, bob] = [await sessionToken('u-alice'), await sessionToken('u-bob')];
    const headers = [
      'Authorization',
      `Bearer ${alice}`,
      'authorization',
      `Bearer ${bob}`,
      'content-type',
      'application/json',
    ];
    const answer = await raw(app.url, { method: 'POST', path: '/notes/whoami', headers, body: '{}' });
    assert.deepEqual(coded(answer), [400, 'duplicate_authorization']);
  });

  it('is nobody else because of cookies or headers that it carries', async (t) => {
    const story = await startWithSecret(t, { argv: ['--api-key', API_KEY] });
    const cookie = `token=${await sessionToken('u-bob')}`;
    const named = { 'x-openwebui-user-id': 'u-bob', 'x-openwebui-user-jwt': await userJwt('u-bob') };
    assert.equal(await whoami(story, { ...(await bearer('u-alice')), cookie, ...named }), 'alice');
    assert.deepEqual(await whoami(story, { cookie, ...named }), [401, 'missing_credentials']);
    assert.deepEqual(await whoami(story, { authorization: `Bearer ${API_KEY}`, ...named }), NOBODY);
  });

  it('without exp counts where that is allowed, and an old one no longer where an age is set', async (t) => {
    const open_webui = { allow_tokens_without_exp: true, max_token_age_hours: 1 };
    const story = await startWithSecret(t, { keys: { ...SECRET, open_webui } });
    assert.equal(await whoami(story, await bearer('u-alice', { claims: { exp: undefined } })), 'alice');
    const iat = Math.floor(Date.now() / 1000) - 3700;
    assert.deepEqual(await whoami(story, await bearer('u-alice', { claims: { iat } })), [401, 'token_expired']);
  });
});

describe('the page of a gateway that people use from Open WebUI alone', () => {
  it('offers no way in that is none, and says where there is one', async (t) => {
    const { app } = await startStory(t, { keys: SECRET });
    const page = await (await app.get('/', { accept: 'text/html' })).text();
    assert.match(page, /Ask for one of its tools in Open WebUI/);
    assert.doesNotMatch(page, /Sign in|\/authorize/);
    const { app: withKey } = await startStory(t, { keys: SECRET, argv: ['--api-key', API_KEY] });
    assert.match(await (await withKey.get('/', { accept: 'text/html' })).text(), /Sign in/);
  });
});

describe('headers beside the API key', () => {
  const key = { authorization: `Bearer ${API_KEY}` };

  it('name the user where they are signed', async (t) => {
    const keys = { open_webui: { user_jwt_secret: USER_JWT_SECRET } };
    const story = await startWithSecret(t, { keys, argv: ['--api-key', API_KEY] });
    const signed = async (id: string, options = {}): Promise<Record<string, string>> => ({
      ...key,
      'x-openwebui-user-jwt': await userJwt(id, options),
    });
    assert.equal(await whoami(story, await signed('u-alice')), 'alice');
    assert.equal(await whoami(story, await signed('u-bob')), 'bob');
    assert.deepEqual(await whoami(story, key), NOBODY);
    assert.deepEqual(
      await whoami(story, { ...key, 'x-openwebui-user-id': 'u-alice' }),
      NOBODY,
      'plain ones do not count',
    );
    assert.deepEqual(await whoami(story, await signed('u-alice', { secret: WEBUI_SECRET })), REFUSED);
    assert.deepEqual(await whoami(story, await signed('u-alice', { claims: { iss: 'somebody' } })), REFUSED);
    const now = Math.floor(Date.now() / 1000);
    assert.deepEqual(await whoami(story, await signed('u-alice', { claims: { exp: now - 1 } })), [
      401,
      'token_expired',
    ]);
    const { authorization: _, ...without } = await signed('u-alice');
    assert.deepEqual(await whoami(story, without), [401, 'missing_credentials'], 'without the key they are nothing');
    const wrong = { ...(await signed('u-alice')), authorization: 'Bearer wrong-key' };
    assert.deepEqual(await whoami(story, wrong), [403, 'invalid_credentials']);
  });

  it('that name nobody are no guesses at the key', async (t) => {
    const keys = { open_webui: { trust_forwarded_user: true } };
    const { app } = await startStory(t, { keys, argv: ['--api-key', API_KEY] });
    for (let count = 0; count < 25; count += 1) {
      const answer = await app.post('/notes/whoami', {}, { ...key, 'x-openwebui-user-id': 'two words' });
      assert.equal(answer.status, 400);
    }
  });

  it('are refused where they are sent twice', async (t) => {
    const keys = { open_webui: { user_jwt_secret: USER_JWT_SECRET } };
    const { app } = await startWithSecret(t, { keys, argv: ['--api-key', API_KEY] });
    const two = [await userJwt('u-alice'), await userJwt('u-bob')];
    const headers = ['authorization', key.authorization, 'content-type', 'application/json'];
    headers.push('x-openwebui-user-jwt', two[0] ?? '', 'X-OpenWebUI-User-Jwt', two[1] ?? '');
    const answer = await raw(app.url, { method: 'POST', path: '/notes/whoami', headers, body: '{}' });
    assert.deepEqual(coded(answer), [400, 'bad_request']);
  });

  it('name the user plainly only where the operator trusts them', async (t) => {
    const plain = { ...key, 'x-openwebui-user-id': 'u-alice', 'x-openwebui-user-name': 'Alice%20A.' };
    const trusting = await startWithSecret(t, {
      keys: { open_webui: { trust_forwarded_user: true } },
      argv: ['--api-key', API_KEY],
    });
    assert.equal(await whoami(trusting, plain), 'alice');
    const { authorization: _, ...without } = plain;
    assert.deepEqual(await whoami(trusting, without), [401, 'missing_credentials']);
    const empty = await whoami(trusting, { ...key, 'x-openwebui-user-id': '' });
    assert.ok(Array.isArray(empty), 'an empty id names nobody');
    const other = await startWithSecret(t, { keys: {}, argv: ['--api-key', API_KEY] });
    assert.deepEqual(await whoami(other, plain), NOBODY);
  });
});

describe('a link under --strict-auth', () => {
  it('opens nothing but the page that it leads to', async (t) => {
    const { app } = await startStory(t, { keys: SECRET, argv: ['--strict-auth'] });
    const ticket = 'A'.repeat(43);
    for (const path of [
      `/oauth/notes/status?x=/authorize?ticket=${ticket}`,
      `/oauth/notes/status?ticket=${ticket}`,
      `/oauth/notes/authorize?ticket=${'A'.repeat(42)}`,
      `/oauth/notes/authorize?xticket=${ticket}`,
      `/oauth/nope/status?x=/authorize?ticket=${ticket}`,
    ]) {
      assert.deepEqual(coded(await raw(app.url, { path })), [401, 'missing_credentials'], path);
    }
    const headers = ['accept', 'text/html'];
    const page = await raw(app.url, { path: `/oauth/notes/authorize?ticket=${ticket}`, headers });
    assert.deepEqual(coded(page), [400, 'ticket_unknown']);
  });
});

describe('a server that all share', () => {
  it('lets in whoever has a verified token, and is not handed what proved it', async (t) => {
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const client_header_forwarding = { enabled: true };
    const app = await startFor(t, {
      keys: { ...SECRET, open_webui: { user_jwt_secret: USER_JWT_SECRET } },
      argv: ['--api-key', API_KEY],
      mcpServers: { time: { type: 'streamable-http', url: server.url.href, client_header_forwarding } },
    });
    const received = async (headers: Record<string, string>): Promise<IncomingHttpHeaders> => {
      server.seen.length = 0;
      const answer = await app.post('/time/echo', { text: 'x' }, { 'x-openwebui-user-id': 'u-alice', ...headers });
      assert.equal(answer.status, 200);
      return server.requests('echo')[0]?.headers ?? {};
    };
    const jwt = await userJwt('u-alice');
    const byToken = await received({ ...(await bearer('u-alice')), 'x-openwebui-user-jwt': jwt });
    assert.deepEqual([byToken.authorization, byToken['x-openwebui-user-jwt']], [undefined, jwt]);
    const byHeader = await received({ authorization: `Bearer ${API_KEY}`, 'x-openwebui-user-jwt': jwt });
    assert.deepEqual([byHeader.authorization, byHeader['x-openwebui-user-jwt']], [undefined, undefined]);
    assert.equal(byHeader['x-openwebui-user-id'], 'u-alice', 'names are no secret');
    assert.equal((await app.post('/time/echo', { text: 'x' })).status, 401);
  });
});
