/** `/api` at servers where each person signs in: whose account a session uses, and what becomes of it when that ends. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RestSession } from '../../acehoss/rest-client.ts';
import { grantFor } from '../grant-for.ts';
import { accounts, coded, Person, startStory } from '../login-story.ts';
import { basic } from '../raw.ts';
import { callAround } from './call-around.ts';

const as = (name: string): readonly string[] => ['authorization', basic(name, `${name}-pw`)];

it('who has no account there is told where to get one, for any tool', async (t) => {
  const { app, notes } = await startStory(t, { keys: accounts('ann'), argv: ['--api-key', 'key'] });
  const ann = new RestSession(app.url, as('ann'));
  for (const tool of ['whoami', 'no-such-tool']) {
    const answer = await ann.post(`notes/${tool}`);
    assert.deepEqual(coded(answer), [401, 'authorization_required'], tool);
    const { authorize_url, error } = JSON.parse(answer.body);
    assert.equal(error, 'authorization_required');
    assert.match(authorize_url, /\/oauth\/notes\/authorize/);
  }
  const anybody = await new RestSession(app.url, ['authorization', 'Bearer key']).post('notes/whoami');
  assert.deepEqual(coded(anybody), [401, 'identity_required']);
  assert.equal(notes.seen.length, 0);
});

it('each person calls with an account of their own, until they disconnect it', async (t) => {
  const { app } = await startStory(t, { keys: accounts('ann', 'ben') });
  const [ann, ben] = [new RestSession(app.url, as('ann'), 'same'), new RestSession(app.url, as('ben'), 'same')];
  await grantFor(app, 'basic:ann', { user: 'alice' });
  await grantFor(app, 'basic:ben', { user: 'bob' });
  assert.equal(await ann.text('notes/whoami'), 'alice');
  assert.equal(await ben.text('notes/whoami'), 'bob');
  const browser = new Person(app);
  await browser.signIn('ann');
  await browser.disconnect();
  assert.deepEqual(coded(await ann.post('notes/whoami')), [401, 'authorization_required']);
  assert.equal(await ben.text('notes/whoami'), 'bob');
  await grantFor(app, 'basic:ann', { user: 'bob' });
  assert.equal(await ann.text('notes/whoami'), 'bob');
});

it('nobody calls with the account of a browser that has signed out while the body arrived', async (t) => {
  const { app, notes } = await startStory(t, { keys: accounts('ann') });
  await grantFor(app, 'basic:ann', { user: 'alice' });
  const browser = new Person(app);
  await browser.signIn('ann');
  const [[name, { value }] = assert.fail('no cookie')] = [...browser.cookies].filter(
    ([, cookie]) => cookie === browser.session,
  );
  const { host } = new URL(browser.origin);
  const headers = { host, origin: browser.origin, 'sec-fetch-site': 'same-origin', cookie: `${name}=${value}` };
  const call = (meanwhile: () => Promise<unknown>) =>
    callAround(app.url, '/api/notes/whoami?sessionId=x', meanwhile, headers);
  assert.match((await call(async () => undefined)).body, /alice/);
  const before = notes.seen.length;
  assert.deepEqual(coded(await call(() => browser.signOut())), [401, 'identity_required']);
  assert.equal(notes.seen.length, before);
});
