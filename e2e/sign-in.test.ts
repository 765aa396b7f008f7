/** People sign in at the gateway itself, are led to where they wanted to go, and find their connections everywhere. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { suiteBrowser } from './browser.ts';
import { assertQuiet, inspect } from './inspect.ts';
import { startLoginSite } from './login-site.ts';
import { answerProvider, connect, cookiesOf, signInHere, tryTool } from './steps.ts';

const CREDENTIALS = ['anna', 'ben'].map((username) => ({ username, password: `${username}-password` }));
const auth = { basic: { enabled: true, credentials: CREDENTIALS } };
const FOREIGN = [
  '//evil.example/',
  '/\\evil.example/',
  'https://evil.example/',
  '/\t/evil.example',
  '/%5cevil.example/..//evil.example',
  'javascript:alert(1)',
  '/.//evil.example',
];

describe('signing in at the gateway', () => {
  const openPage = suiteBrowser();

  it('makes connections follow a person to another browser, and to nobody else', async (t) => {
    const site = await startLoginSite(t, { keys: { auth } });
    const [first, second, bens] = [await openPage(), await openPage(), await openPage()];
    await first.page.goto(`${site.home}/`);
    assert.equal(first.page.url(), `${site.home}/login?next=%2F`);
    await signInHere(first.page, 'anna', 'wrong');
    await first.page.getByRole('alert').getByText('That did not match.').waitFor();
    await inspect(first.page, 'login-refused');
    await signInHere(first.page, 'anna', 'anna-password');
    await first.page.getByText('Signed in as anna.').waitFor();
    await connect(first.page, site, 'alice');
    await inspect(first.page, 'home-signed-in');
    await second.page.goto(`${site.home}/`);
    await signInHere(second.page, 'anna', 'anna-password');
    await second.page.getByText('Connected, 5 tools').waitFor();
    await second.page.goto(`${site.home}/notes/docs`);
    assert.deepEqual(await tryTool(second.page, 'whoami'), { status: '200', text: '"alice"' });
    await bens.page.goto(`${site.home}/`);
    await signInHere(bens.page, 'ben', 'ben-password');
    await bens.page.getByText('Not connected: connect your account to use it').waitFor();
    assertQuiet(first, site, [403]);
    for (const watched of [second, bens]) assertQuiet(watched, site);
    for (const watched of [first, second, bens]) await watched.close();
  });

  it('comes back to where one wanted to go, also where that leads on to the provider', async (t) => {
    const site = await startLoginSite(t, { keys: { auth } });
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/notes`);
    await signInHere(page, 'anna', 'anna-password');
    await answerProvider(page, 'alice');
    await page.waitForURL(`${site.home}/notes/docs`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`${site.home}/docs?from=elsewhere`);
    await signInHere(page, 'anna', 'anna-password');
    await page.waitForURL(`${site.home}/docs?from=elsewhere`);
    assertQuiet(watched, site);
    await watched.close();
  });

  it('shows for a moment that it worked, and leads on also where the browser does not by itself', async (t) => {
    const site = await startLoginSite(t, { keys: { auth } });
    const watched = await openPage();
    const { page } = watched;
    await page.route('**/login', async (route) => {
      const response = await route.fetch();
      const { refresh: _, ...headers } = response.headers();
      await route.fulfill({ response, headers });
    });
    await page.goto(`${site.home}/notes/docs`);
    await signInHere(page, 'anna', 'anna-password');
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
    await page.getByText('Signed in as anna.').waitFor();
    await inspect(page, 'login-onward');
    await page.getByRole('link', { name: 'go on' }).click();
    await page.waitForURL(`${site.home}/notes/docs`);
    assertQuiet(watched, site);
    await watched.close();
  });

  it('is asked for once: who is signed in follows links from elsewhere, and pages of all kinds open', async (t) => {
    const site = await startLoginSite(t, { argv: ['--api-key', 'correct-horse', '--strict-auth'] });
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/docs`);
    await page.getByLabel('API key or token').fill('correct-horse');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${site.home}/docs`);
    for (const path of ['/notes/docs', '/docs', '/openapi.json', '/?x=y']) {
      // The provider is another site to the browser.
      await page.goto(`${site.provider.origin}/.well-known/openid-configuration`);
      await page.evaluate(`location.href = ${JSON.stringify(site.home + path)}`);
      await page.waitForURL(site.home + path);
    }
    assertQuiet(watched, site);
    await watched.close();
  });

  it('with the API key opens the gateway to a browser, whose connections are its own', async (t) => {
    const site = await startLoginSite(t, { argv: ['--api-key', 'correct-horse'] });
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    await page.getByText('Sign in to see your connection').waitFor();
    await inspect(page, 'home-sign-in-first');
    await page.getByRole('link', { name: 'Sign in to notes' }).click();
    await inspect(page, 'login-key');
    await page.getByLabel('API key or token').fill('correct-horse');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await answerProvider(page, 'bob');
    await page.getByText('Connected to notes.').waitFor();
    await page.getByRole('link', { name: 'Try the tools of notes' }).click();
    assert.deepEqual(await tryTool(page, 'whoami'), { status: '200', text: '"bob"' });
    assertQuiet(watched, site);
    await watched.close();
  });

  it('ends with signing out: connections stay, and this browser shows them no more', async (t) => {
    const site = await startLoginSite(t, { keys: { auth } });
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    await signInHere(page, 'anna', 'anna-password');
    await connect(page, site, 'alice');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to latchkey' }).waitFor();
    await page.goto(`${site.home}/notes/docs`);
    await page.waitForURL(/\/login\?next=/);
    assert.equal(site.provider.refreshTokensOf('alice'), 1);
    await signInHere(page, 'anna', 'anna-password');
    await page.waitForURL(`${site.home}/notes/docs`);
    assert.deepEqual(await tryTool(page, 'whoami'), { status: '200', text: '"alice"' });
    assertQuiet(watched, site);
    await watched.close();
  });

  it('gives the browser a new session, so that a planted one is worth nothing', async (t) => {
    const site = await startLoginSite(t, { keys: { auth } });
    const mallory = await openPage();
    const anna = await openPage();
    await mallory.page.goto(`${site.home}/login`);
    const [planted] = Object.entries(await cookiesOf(mallory.page, site));
    assert.ok(planted !== undefined);
    await anna.page.context().addCookies([{ name: planted[0], value: planted[1], url: site.home }]);
    await anna.page.goto(`${site.home}/`);
    await signInHere(anna.page, 'anna', 'anna-password');
    await anna.page.getByText('Signed in as anna.').waitFor();
    const signedIn = (await cookiesOf(anna.page, site))[planted[0]];
    assert.notEqual(signedIn, planted[1]);
    await mallory.page.goto(`${site.home}/`);
    await mallory.page.waitForURL(/\/login\?next=/);
    await connect(anna.page, site, 'alice');
    assert.notEqual((await cookiesOf(anna.page, site))[planted[0]], signedIn, 'the callback, too');
    for (const watched of [anna, mallory]) assertQuiet(watched, site);
    for (const watched of [anna, mallory]) await watched.close();
  });

  it('does not lead to another site, whatever `next` says', async (t) => {
    const site = await startLoginSite(t, { keys: { auth } });
    const watched = await openPage();
    const { page } = watched;
    for (const next of FOREIGN) {
      await page.goto(`${site.home}/login?next=${encodeURIComponent(next)}`);
      await signInHere(page, 'anna', 'anna-password');
      await page.waitForURL(`${site.home}/`);
      await page.goto(`${site.home}/oauth/notes/authorize?next=${encodeURIComponent(next)}`);
      if (next === FOREIGN[0]) await answerProvider(page, 'alice');
      else await page.getByRole('button', { name: 'Allow' }).click();
      await page.waitForURL(`${site.home}/?connected=notes`);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(`${site.home}/login?next=%2F`);
    }
    assertQuiet(watched, site);
    await watched.close();
  });
});

describe('a visitor', () => {
  const openPage = suiteBrowser();

  it('is forgotten with everything that the browser has connected, here and at the provider', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await connect(page, site, 'alice');
    const before = await cookiesOf(page, site);
    await page.getByRole('button', { name: 'Forget this browser' }).click();
    await page.getByText('Not connected: connect your account to use it').waitFor();
    assert.equal(site.provider.refreshTokensOf('alice'), 0);
    const after = await cookiesOf(page, site);
    assert.equal(
      Object.entries(before).some(([name, value]) => after[name] === value),
      false,
    );
    assertQuiet(watched, site);
    await watched.close();
  });

  it('gets a new session with the callback, so that a planted one is worth nothing', async (t) => {
    const site = await startLoginSite(t);
    const mallory = await openPage();
    const victim = await openPage();
    await mallory.page.goto(`${site.home}/`);
    const [planted] = Object.entries(await cookiesOf(mallory.page, site));
    assert.ok(planted !== undefined);
    await victim.page.context().addCookies([{ name: planted[0], value: planted[1], url: site.home }]);
    await connect(victim.page, site, 'alice');
    await mallory.page.goto(`${site.home}/`);
    await mallory.page.getByText('Not connected: connect your account to use it').waitFor();
    for (const watched of [victim, mallory]) assertQuiet(watched, site);
    for (const watched of [victim, mallory]) await watched.close();
  });
});
