/** A person connects an account in the browser, uses the tools as that person, and disconnects again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { suiteBrowser } from './browser.ts';
import { assertQuiet, inspect } from './inspect.ts';
import { startLoginSite } from './login-site.ts';
import { answerProvider, call, connect, documentPaths, tryTool } from './steps.ts';

describe('a person who connects an account in the browser', () => {
  const openPage = suiteBrowser();

  it('comes back to a page that says so, and tries the tools as that person', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    await page.getByText('Not connected: connect your account to use it').waitFor();
    await inspect(page, 'connect-needed');
    await connect(page, site, 'alice');
    await page.getByText('Connected, 5 tools').waitFor();
    await inspect(page, 'connect-done');
    await page.getByRole('link', { name: 'Try the tools of notes' }).click();
    assert.deepEqual(await tryTool(page, 'add_note', { text: 'milk' }), { status: '200', text: '"You have 1 notes"' });
    assert.deepEqual(await tryTool(page, 'whoami'), { status: '200', text: '"alice"' });
    await inspect(page, 'connect-docs');
    assert.deepEqual(
      site.notes.answered('whoami').map(({ account }) => account),
      ['alice'],
    );
    assertQuiet(watched, site);
    await watched.close();
  });

  it('is not told so by a link of somebody else, where it is not true', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/?connected=notes`);
    assert.equal(await page.getByText('Connected to notes.').count(), 0);
    await page.goto(`${site.home}/?disconnected=<b>x</b>`);
    assert.equal(await page.getByText('Disconnected from').count(), 0);
    assertQuiet(watched, site);
    await watched.close();
  });

  it("is sent to Connect by the server's own address, and then to its tools", async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/notes`);
    await answerProvider(page, 'bob');
    await page.waitForURL(`${site.home}/notes/docs`);
    assert.deepEqual(await tryTool(page, 'whoami'), { status: '200', text: '"bob"' });
    await page.goto(`${site.home}/notes`);
    assert.equal(page.url(), `${site.home}/notes/docs`);
    assertQuiet(watched, site);
    await watched.close();
  });

  it('disconnects: the token dies at the provider, the tools are gone, and nothing leads round in circles', async (t) => {
    const site = await startLoginSite(t, { keys: { anonymous_catalog: 'connect-only' } });
    const watched = await openPage();
    const { page } = watched;
    await connect(page, site, 'alice');
    assert.equal(site.provider.grantsOf('alice'), 1);
    await page.getByRole('button', { name: 'Disconnect notes' }).click();
    await page.getByText('Disconnected from notes.').waitFor();
    await inspect(page, 'connect-undone');
    assert.equal(site.provider.refreshTokensOf('alice'), 0);
    assert.equal(site.provider.counts('revoke') > 0, true);
    assert.deepEqual(await documentPaths(page, '/notes/openapi.json'), ['/connect_notes']);
    const { status, body } = await call(page, '/notes/whoami');
    assert.equal(status, 401);
    assert.equal((body as { authorize_url: string }).authorize_url, `${site.home}/oauth/notes/authorize`);
    await page.goto(`${site.home}/notes`);
    assert.equal(page.url(), `${site.home}/`);
    await page.getByRole('link', { name: 'Connect to notes' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('Connected to notes.').waitFor();
    assertQuiet(watched, site, [401]);
    await watched.close();
  });
});
