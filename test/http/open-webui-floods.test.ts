/** Made-up tokens over HTTP count for the address of the client, in headers and cookies alike. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sessionToken } from '../helpers/open-webui-users.ts';
import { AuthsServer } from '../identity/open-webui/auths-server.ts';
import { startStory } from './login-story.ts';
import { offerIn } from './open-webui-sign-in.ts';
import { raw } from './raw.ts';

const MOST_REFUSALS = 30;

it('Open WebUI is asked no more for an address whose tokens it refused too often, and goes on for others', async (t) => {
  const openWebui = await AuthsServer.start();
  t.after(() => openWebui.stop());
  openWebui.users.set('ann', {});
  const { app } = await startStory(t, {
    argv: ['--trust-proxy', '127.0.0.0/8'],
    keys: { open_webui: { url: openWebui.url, public_url: 'http://localhost:8080' } },
  });
  const call = async (from: string, id: string, jti: number) => {
    const authorization = `Bearer ${await sessionToken(id, { claims: { jti } })}`;
    const answer = await app.post('/notes/connect_notes', {}, { authorization, 'x-forwarded-for': from });
    return [answer.status, answer.headers.get('x-latchkey-error')];
  };
  const offer = async (from: string, id: string, jti: number) => {
    const cookie = `token=${await sessionToken(id, { claims: { jti } })}`;
    return offerIn(await raw(app.url, { headers: ['cookie', cookie, 'accept', 'text/html', 'x-forwarded-for', from] }));
  };
  const [first, second, third] = ['203.0.113.1', '203.0.113.2', '203.0.113.3'];
  for (let jti = 0; jti <= MOST_REFUSALS; jti += 1) {
    assert.deepEqual(await call(first, 'nobody', jti), [401, 'invalid_credentials']);
    assert.equal(await offer(second, 'nobody', 100 + jti), undefined);
  }
  assert.equal(openWebui.seen.length, 2 * (MOST_REFUSALS + 1));
  for (const from of [first, second]) {
    assert.deepEqual(await call(from, 'ann', 1), [429, 'too_many_attempts']);
    assert.equal(await offer(from, 'ann', 2), undefined);
  }
  assert.equal(openWebui.seen.length, 2 * (MOST_REFUSALS + 1), 'nobody was asked');
  assert.equal((await call(third, 'ann', 1))[0], 200);
  assert.ok(await offer(third, 'ann', 2));
});
