/** A call needs more than a person has allowed: the call says so, the page asks for it, and then it works. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { suiteBrowser } from './browser.ts';
import { assertQuiet, inspect } from './inspect.ts';
import { startLoginSite } from './login-site.ts';
import { connect, operationAt, tryTool } from './steps.ts';

describe('a call that needs more rights', () => {
  const openPage = suiteBrowser();

  it('is refused with the address where to grant them, and works after connecting again', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await connect(page, site, 'alice');
    await page.getByRole('link', { name: 'Try the tools of notes' }).click();
    await tryTool(page, 'add_note', { text: 'milk' });
    const refused = await tryTool(page, 'delete_all');
    assert.equal(refused.status, '403');
    const body = JSON.parse(refused.text);
    assert.equal(body.error, 'insufficient_scope');
    assert.equal(body.authorize_url, `${site.home}/oauth/notes/authorize`);
    await operationAt(page, 'delete_all').screenshot({ path: '.artifacts/docs-more-rights.png' });

    await page.goto(`${site.home}/`);
    await page.getByText('Needs more rights: connect again').waitFor();
    await page.getByText('notes:write', { exact: true }).waitFor();
    await inspect(page, 'connect-more-rights');
    await page.getByRole('link', { name: 'Connect again to notes' }).click();
    await page.getByText(': delete your notes').waitFor();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('Connected to notes.').waitFor();
    await page.getByText('notes:read notes:write', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Try the tools of notes' }).click();
    assert.deepEqual(await tryTool(page, 'delete_all'), { status: '200', text: '"Deleted 1 notes"' });
    assertQuiet(watched, site, [403]);
    await watched.close();
  });

  it('leaves what was allowed before in force where the person says no', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await connect(page, site, 'alice');
    await page.getByRole('link', { name: 'Try the tools of notes' }).click();
    assert.equal((await tryTool(page, 'delete_all')).status, '403');
    await page.goto(`${site.home}/oauth/notes/authorize`);
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('link', { name: 'Back to the servers' }).click();
    await page.getByText('Needs more rights: connect again').waitFor();
    await page.getByRole('link', { name: 'Try the tools of notes' }).click();
    assert.deepEqual(await tryTool(page, 'whoami'), { status: '200', text: '"alice"' });
    assertQuiet(watched, site, [403, 403]);
    await watched.close();
  });
});
