/** A person makes an access token, pastes what the page shows, and takes the token back. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { suiteBrowser } from './browser.ts';
import { assertQuiet, inspect } from './inspect.ts';
import { startLoginSite, toolsFor } from './login-site.ts';
import { connect, signInHere } from './steps.ts';

const CREDENTIALS = [{ username: 'anna', password: 'anna-password' }];
const auth = { basic: { enabled: true, credentials: CREDENTIALS } };

describe('access tokens on the pages', () => {
  const openPage = suiteBrowser();

  it('are made, pasted into a terminal, listed with their last use, and revoked', async (t) => {
    const time = await toolsFor(t);
    const site = await startLoginSite(t, { keys: { auth }, mcpServers: { time } });
    const watched = await openPage({ permissions: ['clipboard-read', 'clipboard-write'] });
    const { page } = watched;
    await page.goto(`${site.home}/`);
    await signInHere(page, 'anna', 'anna-password');
    await connect(page, site, 'alice');
    await inspect(page, 'tokens-none');
    await make(page, 'Laptop, Claude Code');
    await page.getByRole('heading', { name: 'Your new access token' }).waitFor();
    await inspect(page, 'tokens-new');
    await page.getByRole('button', { name: 'Copy the token' }).click();
    const token = await page.evaluate<string>('navigator.clipboard.readText()');
    assert.match(token, /^lk_[\w-]{43}$/);
    await page.getByRole('button', { name: 'Copy the text for curl' }).click();
    const listed = JSON.parse(await run(await page.evaluate<string>('navigator.clipboard.readText()')));
    assert.ok(Object.keys(listed.paths).includes('/notes/whoami'), 'as it is typed');
    assert.equal(await whoami(site.home, token), '"alice"');

    await page.getByRole('link', { name: 'Back to the servers' }).click();
    await page.getByText(/last used \d/).waitFor();
    assert.equal(await page.getByText(token).count(), 0);
    await make(page, 'server', '7 days');
    await page.goto(`${site.home}/`);
    await page.getByRole('button', { name: 'Revoke server' }).waitFor();
    await page.getByText('Add to Claude Code, Cursor, VS Code: notes').click();
    await page.getByText('Add to Claude Code, Cursor, VS Code: all servers').click();
    await inspect(page, 'tokens-listed');
    await page.getByRole('button', { name: 'Revoke Laptop, Claude Code' }).click();
    await page.getByText('The access token "Laptop, Claude Code" is revoked.').waitFor();
    await inspect(page, 'tokens-revoked');
    assert.match(await whoami(site.home, token), /does not count here/);
    await make(page, 'server');
    await page.getByText('You have a token "server" already').waitFor();
    await inspect(page, 'tokens-refused');
    assertQuiet(watched, site, [409]);
    await watched.close();
  });

  it('need no script', async (t) => {
    const site = await startLoginSite(t, { keys: { auth } });
    const watched = await openPage({ javaScriptEnabled: false });
    const { page } = watched;
    await page.goto(`${site.home}/`);
    await signInHere(page, 'anna', 'anna-password');
    await make(page, 'laptop', '365 days');
    const token = (await page.getByText(/^lk_/).textContent()) ?? '';
    assert.match(await whoami(site.home, token), /authorization_required/);
    await page.getByRole('link', { name: 'Back to the servers' }).click();
    await page.getByText(/in 365 days/).waitFor();
    await page.getByRole('button', { name: 'Revoke laptop' }).click();
    await page.getByText('The access token "laptop" is revoked.').waitFor();
    assertQuiet(watched, site);
    await watched.close();
  });

  it('are not spoken of where nobody signs in; the addresses are there, and work as they are', async (t) => {
    const time = await toolsFor(t);
    const site = await startLoginSite(t, { mcpServers: { "it's & <time>": time } });
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    assert.equal(await page.getByText('Access tokens').count(), 0);
    await page.getByText("Add to Claude Code, Cursor, VS Code: it's & <time>").click();
    await inspect(page, 'tokens-open');
    const command = page.locator('pre:visible code', { hasText: 'curl' });
    assert.ok(Object.keys(JSON.parse(await run((await command.textContent()) ?? '')).paths).includes('/echo'));
    assertQuiet(watched, site);
    await watched.close();
  });
});

async function make(page: Page, name: string, lifetime?: string): Promise<void> {
  await page.getByLabel('Name').fill(name);
  if (lifetime !== undefined) await page.getByLabel('Expires in').selectOption(lifetime);
  await page.getByRole('button', { name: 'Make a token' }).click();
}

/** What a program gets that shows the token. */
async function whoami(home: string, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${home}/notes/whoami`, { method: 'POST', headers });
  return answer.text();
}

/** What a command prints; the gateway is in this very process. */
function run(command: string): Promise<string> {
  return text(spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] }).stdout);
}
