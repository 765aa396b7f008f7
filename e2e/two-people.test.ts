/** Two people at two browsers use one server at the same time: nothing of the one ever reaches the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { suiteBrowser } from './browser.ts';
import { assertQuiet } from './inspect.ts';
import { type LoginSite, startLoginSite } from './login-site.ts';
import { call, connect, documentPaths, tryTool } from './steps.ts';

const ROUNDS = 10;

describe('two people side by side', () => {
  const openPage = suiteBrowser();

  it('have their own documents, their own answers and their own end', async (t) => {
    const site = await startLoginSite(t);
    const alice = await openPage();
    const bob = await openPage();
    await Promise.all([connect(alice.page, site, 'alice'), connect(bob.page, site, 'bob')]);
    await alice.page.getByText('Connected, 5 tools').waitFor();
    await bob.page.getByText('Connected, 4 tools').waitFor();
    assert.equal((await documentPaths(alice.page, '/notes/openapi.json')).includes('/count_words'), true);
    assert.equal((await documentPaths(bob.page, '/notes/openapi.json')).includes('/count_words'), false);
    await Promise.all([work(alice.page, 'alice'), work(bob.page, 'bob')]);
    assert.deepEqual(site.notes.sharedSessions(), []);

    await alice.page.getByRole('button', { name: 'Disconnect notes' }).click();
    await alice.page.getByText('Disconnected from notes.').waitFor();
    assert.equal((await call(alice.page, '/notes/whoami')).status, 401);
    assert.deepEqual(await call(bob.page, '/notes/whoami'), { status: 200, body: 'bob' });
    await trying(bob.page, site, 'bob');
    assertQuiet(alice, site, [401]);
    assertQuiet(bob, site);
    await alice.close();
    await bob.close();
  });

  it('leave nothing behind in the history of a browser that was forgotten', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await connect(page, site, 'alice');
    await page.getByRole('button', { name: 'Forget this browser' }).click();
    await page.getByText('Not connected: connect your account to use it').waitFor();
    await page.goBack();
    assert.equal(page.url(), `${site.home}/?connected=notes`);
    assert.equal(await page.getByText('Connected, 5 tools').count(), 0);
    assert.equal(site.provider.refreshTokensOf('alice'), 0);
    assertQuiet(watched, site);
    await watched.close();
  });
});

/** Both at once: each answer must be one's own. */
async function work(page: Page, account: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const text = `${account} ${round}`;
    const [who, added, document] = await Promise.all([
      call(page, '/notes/whoami'),
      call(page, '/notes/add_note', { text }),
      documentPaths(page, '/openapi.json'),
    ]);
    assert.deepEqual(who, { status: 200, body: account });
    assert.deepEqual(added, { status: 200, body: `You have ${round + 1} notes` });
    assert.equal(document.includes('/notes/count_words'), account === 'alice');
  }
  const notes = await call(page, '/notes/list_notes');
  assert.deepEqual(
    notes.body,
    Array.from({ length: ROUNDS }, (_, round) => `${account} ${round}`),
  );
}

async function trying(page: Page, { home }: LoginSite, account: string): Promise<void> {
  await page.goto(`${home}/notes/docs`);
  assert.deepEqual(await tryTool(page, 'whoami'), { status: '200', text: `"${account}"` });
}
