/** A login that begins in a chat: the link, the question, the code; and what a link is worth in the hands of somebody else. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { bearer, sessionToken, WEBUI_SECRET } from '../test/helpers/open-webui-users.ts';
import { until } from '../test/helpers/wait.ts';
import { suiteBrowser, type Watched } from './browser.ts';
import { assertQuiet, inspect } from './inspect.ts';
import { type LoginSite, startLoginSite } from './login-site.ts';
import { answerProvider } from './steps.ts';

const KEYS = { webui_secret_key: WEBUI_SECRET };
/** Under our own host name, so that its cookie comes to us as well. */
const SAME_HOST = { ...KEYS, open_webui: { url: 'http://localhost:3000' } };

/** What the chat of a user gets to read when the model calls a tool. */
async function say(
  site: LoginSite,
  user: string,
  tool: string,
  body: object = {},
): Promise<{ status: number; text: string }> {
  const answer = await site.app.post(`/notes/${tool}`, body, await bearer(user));
  return { status: answer.status, text: await answer.text() };
}

/** The link that a user is told in the chat. */
async function linkFor(site: LoginSite, user: string): Promise<string> {
  const { status, text } = await say(site, user, 'whoami');
  assert.equal(status, 401, text);
  const { error, message, authorize_url: link } = JSON.parse(text);
  assert.equal(error, 'authorization_required');
  assert.ok(message.includes(link), 'the model reads the link in a sentence');
  return link;
}

/** Opens the link, says yes, signs in at the provider. */
async function follow({ page }: Watched, link: string, account: 'alice' | 'bob'): Promise<void> {
  await page.goto(link);
  await page.getByRole('link', { name: 'Connect notes' }).click();
  await answerProvider(page, account);
}

async function codeOn({ page }: Watched): Promise<string> {
  await page.getByRole('heading', { name: 'Bring this code to your chat' }).waitFor();
  const code = await page.locator('.code code').textContent();
  assert.match(code ?? '', /^[0-9A-Z]{5}-[0-9A-Z]{5}$/);
  return code ?? '';
}

async function signedInAtOpenWebui(context: BrowserContext, site: LoginSite, user: string, path = '/'): Promise<void> {
  const { hostname } = new URL(site.home);
  const value = await sessionToken(user);
  await context.addCookies([{ name: 'token', value, domain: hostname, path, httpOnly: true, sameSite: 'Lax' }]);
}

describe('a login that begins in a chat', () => {
  const openPage = suiteBrowser();

  async function open(t: TestContext): Promise<Watched> {
    const watched = await openPage();
    t.after(() => watched.close());
    return watched;
  }

  it('takes two people to their own accounts by a code each', async (t) => {
    const site = await startLoginSite(t, { keys: KEYS });
    const [alice, bob] = [await open(t), await open(t)];
    await alice.page.goto(await linkFor(site, 'u-alice'));
    await alice.page.getByText('Only go on if you asked for this yourself').waitFor();
    await inspect(alice.page, 'chat-question');
    await alice.page.getByRole('link', { name: 'Connect notes' }).click();
    await answerProvider(alice.page, 'alice');
    const code = await codeOn(alice);
    await inspect(alice.page, 'chat-code');
    assert.equal((await say(site, 'u-alice', 'whoami')).status, 401, 'not before the code is in the chat');
    await alice.page.reload();
    assert.equal(await codeOn(alice), code, 'a reload shows it again');
    await follow(bob, await linkFor(site, 'u-bob'), 'bob');
    const [fromAlice, fromBob] = await Promise.all([
      say(site, 'u-alice', 'connect_notes', { code: ` ${code.toLowerCase()} ` }),
      say(site, 'u-bob', 'connect_notes', { code: await codeOn(bob) }),
    ]);
    assert.deepEqual([fromAlice.status, fromBob.status], [200, 200]);
    assert.equal((await say(site, 'u-alice', 'whoami')).text, '"alice"');
    assert.equal((await say(site, 'u-bob', 'whoami')).text, '"bob"');
    await alice.page.reload();
    await alice.page.getByRole('heading', { name: 'This code is over' }).waitFor();
    await inspect(alice.page, 'chat-code-over');
    assertQuiet(alice, site);
    assertQuiet(bob, site);
  });

  it('gives nothing to who sent their own link to somebody else; who takes it back revokes it', async (t) => {
    const site = await startLoginSite(t, { keys: KEYS });
    const bob = await open(t);
    await follow(bob, await linkFor(site, 'u-mallory'), 'bob');
    const code = await codeOn(bob);
    assert.equal((await say(site, 'u-mallory', 'whoami')).status, 401);
    assert.match((await say(site, 'u-mallory', 'connect_notes')).text, /A sign-in .* waits for its code/);
    assert.equal(
      (await say(site, 'u-alice', 'connect_notes', { code })).status,
      409,
      'the code is for one caller alone',
    );
    await bob.page.getByRole('button', { name: 'I did not ask for this: cancel' }).click();
    await bob.page.getByRole('heading', { name: 'Cancelled' }).waitFor();
    await inspect(bob.page, 'chat-cancelled');
    assert.equal(site.provider.refreshTokensOf('bob'), 0);
    assert.equal((await say(site, 'u-mallory', 'connect_notes', { code })).status, 409);
    assertQuiet(bob, site);
  });

  it('gives nothing to who guesses the code, and revokes what waited for it', async (t) => {
    const site = await startLoginSite(t, { keys: KEYS });
    const bob = await open(t);
    await follow(bob, await linkFor(site, 'u-mallory'), 'bob');
    const code = await codeOn(bob);
    const guesses = Array.from({ length: 20 }, (_, at) => `00000-0000${at.toString(32)}`);
    const answers = await Promise.all(guesses.map((guess) => say(site, 'u-mallory', 'connect_notes', { code: guess })));
    assert.equal(answers.filter(({ text }) => text.includes('code_rejected')).length, 5);
    assert.equal((await say(site, 'u-mallory', 'connect_notes', { code })).status, 409, 'the right one comes too late');
    await until(() => site.provider.refreshTokensOf('bob') === 0);
  });

  it('needs no code where Open WebUI itself says who is at the browser', async (t) => {
    const site = await startLoginSite(t, { keys: SAME_HOST });
    const alice = await open(t);
    await signedInAtOpenWebui(alice.page.context(), site, 'u-alice');
    const link = await linkFor(site, 'u-alice');
    await alice.page.goto(link);
    await alice.page.getByText('as Open WebUI in this browser says').waitFor();
    await inspect(alice.page, 'chat-question-known');
    await follow(alice, link, 'alice');
    await alice.page.getByRole('heading', { name: 'Connected' }).waitFor();
    await inspect(alice.page, 'chat-done');
    assert.equal((await say(site, 'u-alice', 'whoami')).text, '"alice"');
    await alice.page.goto(link);
    await alice.page.getByRole('heading', { level: 1 }).waitFor();
    await inspect(alice.page, 'chat-link-used');
    assertQuiet(alice, site, [400]);
  });

  it('ends at a browser that is somebody else, and takes the code where two cookies contradict', async (t) => {
    const site = await startLoginSite(t, { keys: SAME_HOST });
    const bob = await open(t);
    await signedInAtOpenWebui(bob.page.context(), site, 'u-bob');
    const link = await linkFor(site, 'u-mallory');
    const refused = await bob.page.goto(link);
    assert.equal(refused?.status(), 403);
    await inspect(bob.page, 'chat-link-of-another');
    await signedInAtOpenWebui(bob.page.context(), site, 'u-mallory', '/oauth');
    await follow(bob, link, 'bob');
    await codeOn(bob);
    assert.equal((await say(site, 'u-mallory', 'whoami')).status, 401);
    assertQuiet(bob, site, [403]);
  });

  it('makes somebody of Open WebUI at home on the page only when they say so', async (t) => {
    const site = await startLoginSite(t, { keys: SAME_HOST });
    const { page } = await open(t);
    await signedInAtOpenWebui(page.context(), site, 'u-alice');
    await page.goto(`${site.home}/`);
    assert.equal(await page.getByRole('link', { name: 'Connect to notes' }).count(), 0, 'not by the cookie alone');
    await inspect(page, 'chat-home-offer');
    await page.getByRole('button', { name: /^Continue as/ }).click();
    await page.getByRole('link', { name: 'Connect to notes' }).click();
    await answerProvider(page, 'alice');
    await page.getByText('Connected to notes.').waitFor();
    await inspect(page, 'chat-home-connected');
    assert.equal((await say(site, 'u-alice', 'whoami')).text, '"alice"', 'the same person in the chat');
  });
});
