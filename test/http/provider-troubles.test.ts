/** What people see while their authorization server is away, forgets, moves or loses an answer, through the whole gateway. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { until } from '../helpers/wait.ts';
import { accounts, coded, Person, protectedEntry, startProvider, startStory } from './login-story.ts';

/** In seconds: as short as a slow machine allows. */
const SHORT = 2;

/** Waits until the access token is over by the clock; the next ones last, however slow the machine is. */
async function expired(person: Person, as: AuthorizationServer): Promise<void> {
  as.accessTokenTtl = 600;
  const { expires_at: end } = await person.status();
  await until(() => Date.now() > Date.parse(String(end)), 5_000);
}

function temporaryStore(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-troubles-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return `sqlite:${join(folder, 'store.db')}`;
}

const body = (answer: { readonly body: string }): Record<string, unknown> => JSON.parse(answer.body);

test('a token that is over is renewed by itself, once for many calls at a time', async (t) => {
  const { as, app } = await startStory(t, { provider: { accessTokenTtl: SHORT } });
  const alice = new Person(app);
  await alice.connect({ user: 'alice' });
  await expired(alice, as);
  const answers = await Promise.all(Array.from({ length: 20 }, () => alice.call('/notes/whoami')));
  assert.deepEqual(new Set(answers.map(({ status, body: text }) => `${status} ${text}`)), new Set(['200 "alice"']));
  assert.equal(as.happened('refresh-token-reused'), 0);
});

test('while the authorization server is away a call says so, and works again when it is back', async (t) => {
  const { as, app } = await startStory(t, { provider: { accessTokenTtl: SHORT } });
  const alice = new Person(app);
  await alice.connect({ user: 'alice' });
  await expired(alice, as);
  await as.stop();
  const away = await alice.call('/notes/whoami');
  assert.deepEqual(coded(away), [503, 'provider_unavailable']);
  assert.match(String(away.headers['retry-after']), /^\d+$/);
  assert.match(String(body(away).message), /does not answer/);
  assert.equal((await alice.status()).state, 'connected');
  await as.start();
  await until(async () => (await alice.call('/notes/whoami')).status === 200, 10_000);
  assert.equal(as.happened('refresh-token-reused'), 0);
});

test('an answer that was lost after the rotation asks for one new login, and does not loop', async (t) => {
  const { as, app } = await startStory(t, { provider: { accessTokenTtl: SHORT } });
  const alice = new Person(app);
  await alice.connect({ user: 'alice' });
  await expired(alice, as);
  as.fail('token', 'drop');
  assert.equal((await alice.call('/notes/whoami')).status, 503);
  await until(async () => (await alice.call('/notes/whoami')).status === 401, 10_000);
  const before = as.counts('refresh_token');
  const refused = await alice.call('/notes/whoami');
  assert.deepEqual(coded(refused), [401, 'authorization_required']);
  assert.match(String(body(refused).authorize_url), /\/oauth\/notes\/authorize$/);
  assert.equal(as.counts('refresh_token'), before);
  await alice.connect({ user: 'alice' });
  assert.equal((await alice.call('/notes/whoami')).body, '"alice"');
});

test('a server that moved to another authorization server sends people there, with a client of its own', async (t) => {
  const { as, notes, app } = await startStory(t);
  const alice = new Person(app);
  await alice.connect({ user: 'alice' });
  const other = await startAuthorizationServer({});
  t.after(() => other.close());
  notes.moveTo(other);
  notes.refuse('alice');
  const refused = await until(async () => {
    const answer = await alice.call('/notes/whoami');
    return answer.status === 401 && answer;
  }, 10_000);
  assert.equal(coded(refused)[1], 'authorization_required');
  const address = await alice.begin();
  assert.equal(address.origin, other.origin);
  await alice.connect({ user: 'alice' });
  assert.equal(other.counts('register'), 1);
  const known = as.seen.find(({ clientId }) => clientId !== undefined)?.clientId;
  assert.ok(known !== undefined && !JSON.stringify(other.seen).includes(known), 'our id at the first stays there');
});

test('where the old authorization server is gone for good the move is seen all the same', async (t) => {
  const { as, notes, app } = await startStory(t, { provider: { accessTokenTtl: SHORT } });
  const alice = new Person(app);
  await alice.connect({ user: 'alice' });
  const other = await startAuthorizationServer({});
  t.after(() => other.close());
  notes.moveTo(other);
  await expired(alice, as);
  await as.stop();
  await until(async () => coded(await alice.call('/notes/whoami'))[1] === 'authorization_required', 10_000);
  await alice.connect({ user: 'alice' });
});

test('a provider that forgot us asks people to connect again, and that registers anew', async (t) => {
  const { as, app } = await startStory(t, { provider: { accessTokenTtl: SHORT } });
  const alice = new Person(app);
  await alice.connect({ user: 'alice' });
  await expired(alice, as);
  as.forgetClients();
  await until(async () => coded(await alice.call('/notes/whoami'))[1] === 'authorization_required', 10_000);
  await alice.connect({ user: 'alice' });
  assert.equal(as.counts('register'), 2);
  assert.equal((await alice.call('/notes/whoami')).status, 200);
});

test('after a restart with an expired access token nobody has to come again', async (t) => {
  const { as, notes } = await startProvider(t, { accessTokenTtl: SHORT });
  const store = temporaryStore(t);
  const setup = {
    mcpServers: { notes: protectedEntry(notes) },
    keys: accounts('alice', 'bob'),
    argv: ['--store', store],
    env: { LATCHKEY_SECRET: 'x'.repeat(32) },
  };
  const first = await startApp(setup);
  const people = { alice: new Person(first), bob: new Person(first) };
  for (const [name, person] of Object.entries(people)) {
    await person.signIn(name);
    await person.connect({ user: name as 'alice' | 'bob' });
  }
  await expired(people.bob, as);
  await first.close();
  const second = await startApp(setup);
  t.after(() => second.close());
  const logins = as.counts('authorization_code');
  for (const name of ['alice', 'bob']) {
    const authorization = `Basic ${Buffer.from(`${name}:${name}-pw`).toString('base64')}`;
    const answer = await second.post('/notes/whoami', {}, { authorization });
    assert.equal(await answer.text(), JSON.stringify(name));
  }
  assert.equal(as.counts('authorization_code'), logins);
});

test('disconnecting ends the grant at the provider, and leaves the other server of the person alone', async (t) => {
  const { as, notes } = await startProvider(t);
  const app = await startApp({ mcpServers: { notes: protectedEntry(notes), more: protectedEntry(notes) } });
  t.after(() => app.close());
  const alice = new Person(app);
  await alice.connect({ user: 'alice' });
  await alice.connect({ user: 'alice' }, 'more');
  assert.equal((await alice.disconnect()).status, 303);
  assert.equal(as.happened('grant-revoked'), 1);
  assert.deepEqual(coded(await alice.call('/notes/whoami')), [401, 'authorization_required']);
  assert.equal((await alice.call('/more/whoami')).body, '"alice"');
});
