/** What the offer to go on as a user of Open WebUI costs, where somebody asks for it over and over. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sessionToken } from '../helpers/open-webui-users.ts';
import { AuthsServer } from '../identity/open-webui/auths-server.ts';
import { startStory } from './login-story.ts';
import { offerIn } from './open-webui-sign-in.ts';
import { raw } from './raw.ts';

const MOST_VISITS = 60;

it('Open WebUI is asked about no more strangers of an address that made too many sessions', async (t) => {
  const openWebui = await AuthsServer.start();
  t.after(() => openWebui.stop());
  openWebui.users.set('ann', {});
  const { app } = await startStory(t, {
    keys: { open_webui: { url: openWebui.url, public_url: 'http://localhost:8080' } },
  });
  const [token, another] = [await sessionToken('ann'), await sessionToken('ann', { claims: { jti: 'another' } })];
  const visit = (value: string) => raw(app.url, { headers: ['cookie', `token=${value}`, 'accept', 'text/html'] });
  for (let count = 0; count <= MOST_VISITS; count += 1) assert.ok(offerIn(await visit(token)), `visit ${count}`);
  const late = await visit(another);
  assert.deepEqual([late.status, offerIn(late), late.headers['set-cookie']], [200, undefined, undefined]);
  assert.equal(openWebui.seen.length, 1);
});
