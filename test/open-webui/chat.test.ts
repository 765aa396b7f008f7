/** A chat through Open WebUI's backend: one document fetched as nobody, and calls as each of the people who chat. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { sessionToken, USER_JWT_SECRET, userJwt, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { grantFor } from '../http/grant-for.ts';
import { startStory } from '../http/login-story.ts';
import { Backend } from './backend.ts';
import type { Connection, Person } from './client-model.ts';

const KEY = 'key-of-the-gateway';
const NOBODY = [401, 'identity_required'];
const SECRET = { webui_secret_key: WEBUI_SECRET };

async function person(id: string): Promise<Person> {
  const token = await sessionToken(id);
  const cookies = `token=${token}; oauth_session_id=1; theme=dark`;
  return { id, name: `${id} Ö`, email: `${id}@chat.example`, role: 'user', token, userJwt: await userJwt(id), cookies };
}

function shownNames(tools: readonly { readonly name: string }[]): string[] {
  return tools.map(({ name }) => name).sort();
}

describe('a chat', () => {
  it('begins with an operation to connect, and has all tools once somebody connected', async (t) => {
    const { app } = await startStory(t, { keys: SECRET });
    const [alice, bob] = [await person('alice'), await person('bob')];
    const backend = new Backend({ url: app.url, path: 'openapi.json', authType: 'session' });
    assert.deepEqual(shownNames(await backend.load()), ['connect_notes']);
    const told = await backend.call(alice, 'connect_notes');
    assert.equal(told.isFailure, false);
    assert.match(told.text, /http:\/\/localhost:\d+\/oauth\/notes\/authorize\?ticket=[\w-]{43}/);
    await grantFor(app, 'openwebui:alice', { user: 'alice' });
    assert.match((await backend.call(alice, 'connect_notes')).text, /^Connected at "notes"/);
    const direct = await app.get('/notes/openapi.json', { authorization: `Bearer ${alice.token}` });
    assert.equal(direct.status, 200);
    const names = shownNames(await backend.load());
    assert.ok(names.includes('notes_whoami') && names.includes('connect_notes'), names.join());
    assert.equal((await backend.call(alice, 'notes_whoami', { invented: true })).text, 'alice');
    const asBob = await backend.call(bob, 'notes_whoami');
    assert.deepEqual([asBob.answer.status, asBob.isFailure], [401, true]);
    const body = JSON.parse(JSON.parse(asBob.text).error.replace('HTTP error 401: ', ''));
    assert.equal(body.error, 'authorization_required');
    assert.match(body.message, /authorize\?ticket=/);
    await grantFor(app, 'openwebui:bob', { user: 'bob' });
    assert.equal((await backend.call(bob, 'notes_whoami')).text, 'bob');
    assert.equal((await backend.call(alice, 'notes_whoami')).text, 'alice');
  });

  it('tells what to do about a token that does not count', async (t) => {
    const { app } = await startStory(t, { keys: SECRET });
    await grantFor(app, 'openwebui:alice', { user: 'alice' });
    const backend = new Backend({ url: `${app.url}/notes`, path: 'openapi.json', authType: 'session' });
    const alice = await person('alice');
    await backend.load();
    const tokens: Record<string, string> = {
      expired: await sessionToken('alice', { claims: { exp: Math.floor(Date.now() / 1000) - 1 } }),
      'of another secret': await sessionToken('alice', { secret: 'Another0Secret1That2Nobody3Uses4' }),
      'an API key': 'sk-0123456789abcdef0123456789abcdef',
    };
    for (const [kind, token] of Object.entries(tokens)) {
      const { text, isFailure, answer } = await backend.call({ ...alice, token }, 'tool_connect_notes_post');
      assert.deepEqual([answer.status, isFailure], [401, true], kind);
      assert.match(text, /HTTP error 401: \{/, kind);
      assert.ok(!text.includes(token), kind);
    }
  });
});

describe('who chats', () => {
  /** As whom the calls of Alice and of Bob are made over a connection. */
  async function accountsBy(
    t: TestContext,
    keys: Record<string, unknown>,
    how: Partial<Connection>,
  ): Promise<unknown[]> {
    const argv = how.authType === 'bearer' ? ['--api-key', KEY] : [];
    const { app } = await startStory(t, { keys, argv });
    await grantFor(app, 'openwebui:alice', { user: 'alice' });
    await grantFor(app, 'openwebui:bob', { user: 'bob' });
    const url = `${app.url}/notes/`;
    const backend = new Backend({ url, path: 'openapi.json', authType: 'session', key: KEY, ...how });
    // So that the document has learned what there is.
    await app.gateway.servers.get('notes')?.catalogOf('openwebui:alice', 8_000);
    await backend.load();
    const answers: unknown[] = [];
    for (const id of ['alice', 'bob']) {
      const { text, answer } = await backend.call(await person(id), 'tool_whoami_post');
      answers.push(answer.status === 200 ? text : [answer.status, answer.headers['x-latchkey-error']]);
    }
    return answers;
  }

  it('is known by the token of the session, with forwarded cookies and headers of the admin besides', async (t) => {
    const headers = { 'x-any': 'one' };
    const forwarding = { authType: 'session', forwardCookies: true, userInfo: 'plain', headers } as const;
    assert.deepEqual(await accountsBy(t, SECRET, forwarding), ['alice', 'bob']);
  });

  it('is known by the signed header beside the key', async (t) => {
    const keys = { open_webui: { user_jwt_secret: USER_JWT_SECRET } };
    assert.deepEqual(await accountsBy(t, keys, { authType: 'bearer', userInfo: 'signed' }), ['alice', 'bob']);
  });

  it('is known by plain headers only where the operator trusts them', async (t) => {
    const trusting = { open_webui: { trust_forwarded_user: true } };
    assert.deepEqual(await accountsBy(t, trusting, { authType: 'bearer', userInfo: 'plain' }), ['alice', 'bob']);
    const nobody = await accountsBy(t, {}, { authType: 'bearer', userInfo: 'plain' });
    assert.deepEqual(nobody, [NOBODY, NOBODY]);
  });
});
