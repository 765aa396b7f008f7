/** Connecting and disconnecting with the keyboard alone, and without any script. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { picture, suiteBrowser } from './browser.ts';
import { assertQuiet } from './inspect.ts';
import { startLoginSite } from './login-site.ts';
import { answerProvider, focused, signInHere } from './steps.ts';

const MOST_TABS = 20;

describe('connecting', () => {
  const openPage = suiteBrowser();

  it('needs nothing but a keyboard, and so does disconnecting', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    await tabTo(page, 'Connect to notes');
    await picture(page, 'keyboard-connect');
    await page.keyboard.press('Enter');
    await page.getByLabel('Name').waitFor();
    await page.keyboard.type('alice');
    await page.keyboard.press('Tab');
    await page.keyboard.type('alice');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
    await tabTo(page, 'Allow');
    await page.keyboard.press('Enter');
    await page.getByText('Connected to notes.').waitFor();
    await tabTo(page, 'Disconnect notes');
    await picture(page, 'keyboard-disconnect');
    await page.keyboard.press('Enter');
    await page.getByText('Disconnected from notes.').waitFor();
    await tabTo(page, 'Forget this browser');
    await page.keyboard.press('Enter');
    await page.getByText('Not connected: connect your account to use it').waitFor();
    assertQuiet(watched, site);
    await watched.close();
  });

  it('is near for those who skip what is on every page', async (t) => {
    const site = await startLoginSite(t);
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to the content');
    const box = await page.getByRole('link', { name: 'Skip to the content' }).boundingBox();
    assert.ok(box !== null && box.width > 50 && box.height > 20, 'it can be seen');
    await picture(page, 'keyboard-skip');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Copy the REST address of notes');
    assertQuiet(watched, site);
    await watched.close();
  });

  it('needs no script, and neither do signing in and out, a refusal and disconnecting', async (t) => {
    const keys = { auth: { basic: { enabled: true, credentials: [{ username: 'anna', password: 'secret' }] } } };
    const site = await startLoginSite(t, { keys });
    const watched = await openPage({ javaScriptEnabled: false });
    const { page } = watched;
    await page.goto(`${site.home}/notes`);
    await signInHere(page, 'anna', 'secret');
    await answerProvider(page, 'alice', 'Deny');
    await page.getByRole('heading', { name: 'Access was not granted' }).waitFor();
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('Connected, 5 tools').waitFor();
    await page.getByText(/^(\d{1,2} \w+ \d{4}, )?\d{2}:\d{2} UTC$/).waitFor();
    await picture(page, 'no-javascript-connected');
    await page.getByRole('button', { name: 'Disconnect notes' }).click();
    await page.getByText('Disconnected from notes.').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to latchkey' }).waitFor();
    assertQuiet(watched, site, [403]);
    await watched.close();
  });
});

/** Presses Tab until `name` has the focus; everything on the way there must show that it has it. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    assert.equal(await showsFocus(page), true, `one sees that "${at}" has the focus`);
    if (at === name) return;
  }
  assert.fail(`"${name}" cannot be reached with ${MOST_TABS} tabs`);
}

function showsFocus(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  })()`);
}
