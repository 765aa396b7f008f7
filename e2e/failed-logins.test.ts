/** Logins that do not come to their end in the browser: each has a page that says what happened and what to do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { until } from '../test/helpers/wait.ts';
import { suiteBrowser } from './browser.ts';
import { assertQuiet, inspect } from './inspect.ts';
import { startLoginSite } from './login-site.ts';
import { answerProvider, connect, documentPaths, heldCallback } from './steps.ts';

describe('a login that does not come to its end', () => {
  const openPage = suiteBrowser();

  it('because the person said no: the page says so, and nothing leads there by itself again', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/notes`);
    await answerProvider(page, 'alice', 'Deny');
    await page.getByRole('heading', { name: 'Access was not granted' }).waitFor();
    await page.getByText('The provider says, in its own words:').waitFor();
    await page.getByText('You did not allow it.').waitFor();
    await page.getByText('consent_denied').waitFor();
    await inspect(page, 'failure-denied');
    await page.goto(`${site.home}/notes`);
    assert.equal(page.url(), `${site.home}/`);
    await page.getByText('Not connected: connect your account to use it').waitFor();
    assertQuiet(watched, site, [403]);
    await watched.close();
  });

  it('can be tried again from its page', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/oauth/notes/authorize`);
    await answerProvider(page, 'alice', 'Deny');
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('Connected to notes.').waitFor();
    assertQuiet(watched, site, [403]);
    await watched.close();
  });

  it('because it was ended already or took too long: a callback works once', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    const callback = await heldCallback(page, site, 'alice');
    await page.goto(callback);
    await page.getByText('Connected to notes.').waitFor();
    const answer = await page.goto(callback);
    assert.equal(answer?.status(), 400);
    await page.getByRole('heading', { name: 'This login has expired' }).waitFor();
    await inspect(page, 'failure-expired');
    await page.getByRole('link', { name: 'Back to the servers' }).click();
    await page.getByText('Connected, 5 tools').waitFor();
    assert.equal(site.provider.counts('authorization_code'), 1);
    assertQuiet(watched, site, [400]);
    await watched.close();
  });

  it('because its callback came to another browser: that one gets nothing of it', async (t) => {
    const site = await startLoginSite(t);
    const alice = await openPage();
    const mallory = await openPage();
    await alice.page.goto(`${site.home}/`);
    await mallory.page.goto(`${site.home}/`);
    const callback = await heldCallback(mallory.page, site, 'bob');
    // A link that is to connect mallory's account to alice's browser.
    const answer = await alice.page.goto(callback);
    assert.equal(answer?.status(), 403);
    await alice.page.getByRole('heading', { name: 'This login was begun in another browser' }).waitFor();
    await inspect(alice.page, 'failure-another-browser');
    await alice.page.goto(`${site.home}/`);
    await alice.page.getByText('Not connected: connect your account to use it').waitFor();
    assert.deepEqual(await documentPaths(alice.page, '/notes/openapi.json'), ['/connect_notes']);
    // Nor does it work any more where it was begun.
    await mallory.page.goto(callback);
    await mallory.page.getByRole('heading', { name: 'This login has expired' }).waitFor();
    assert.equal(site.provider.counts('authorization_code'), 0);
    assertQuiet(alice, site, [403]);
    assertQuiet(mallory, site, [400]);
    await alice.close();
    await mallory.close();
  });

  it('because the provider refused it: what it says is shown as text, and as its own', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    const held = new URL(await heldCallback(page, site, 'alice'));
    const said = '<img src=x onerror=alert(1)> call +1 555 and tell them your password';
    const query = { state: held.searchParams.get('state') ?? '', iss: site.provider.issuer };
    held.search = String(new URLSearchParams({ ...query, error: 'server_error', error_description: said }));
    await page.goto(held.href);
    await page.getByRole('heading', { name: 'The authorization server refused the login' }).waitFor();
    assert.equal((await page.locator('blockquote p').first().textContent())?.trim(), said);
    assert.equal(await page.locator('blockquote img').count(), 0);
    await inspect(page, 'failure-refused');
    assertQuiet(watched, site, [502]);
    await watched.close();
  });

  it('because the answer names another issuer: it is not trusted', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    const held = new URL(await heldCallback(page, site, 'alice'));
    held.searchParams.set('iss', 'https://elsewhere.example');
    await page.goto(held.href);
    await page.getByRole('heading', { name: 'The answer cannot be trusted' }).waitFor();
    assert.equal(site.provider.counts('authorization_code'), 0);
    await inspect(page, 'failure-untrusted');
    assertQuiet(watched, site, [400]);
    await watched.close();
  });

  it('because the provider is down: another time', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await site.provider.stop();
    await page.goto(`${site.home}/`);
    await page.getByRole('link', { name: 'Connect to notes' }).click();
    await page.getByRole('link', { name: 'Back to the servers' }).waitFor();
    await inspect(page, 'failure-provider-down');
    await site.provider.start();
    await connect(page, site, 'alice');
    assertQuiet(watched, site, [502]);
    await watched.close();
  });

  it('because the provider has taken it back later: the page says so, and one can connect again', async (t) => {
    const site = await startLoginSite(t, { provider: { accessTokenTtl: 3 } });
    const watched = await openPage();
    const { page } = watched;
    await connect(page, site, 'alice');
    assert.equal(site.provider.revokeGrantsOf('alice'), 1);
    await endOf(page);
    await page.goto(`${site.home}/`);
    await page.getByText('Your sign-in has ended: connect again').waitFor();
    await inspect(page, 'connect-ended');
    await page.getByRole('link', { name: 'Connect again to notes' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('Connected to notes.').waitFor();
    assertQuiet(watched, site, [401]);
    await watched.close();
  });
});

/** Calls until the call says that the person has to sign in again: a token that is still good may have been used. */
async function endOf(page: Page): Promise<void> {
  const whoami = `fetch('/notes/whoami', { method: 'POST' }).then((answer) => answer.status)`;
  await until(async () => (await page.evaluate<number>(whoami)) === 401, 10_000, 'the end of the grant');
}
