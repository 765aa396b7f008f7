/** The login and consent pages of the demo's authorization server, in a browser. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { type AuthorizationServer, startAuthorizationServer } from '../test/helpers/authorization-server.ts';
import { type Listening, listen } from '../test/helpers/listen.ts';
import { SimpleClient } from '../test/helpers/simple-client.ts';
import { picture, suiteBrowser } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('the login pages of the demo in a browser', () => {
  const openPage = suiteBrowser();
  let as: AuthorizationServer;
  let callback: Listening;
  let client: SimpleClient;
  before(async () => {
    as = await startAuthorizationServer();
    callback = await listen((_request, response) => void response.end('back at the client'));
    client = new SimpleClient(as.issuer, 'http://127.0.0.1:9/mcp', `${callback.origin}/callback`);
    await client.register();
  });
  after(async () => {
    await callback.stop();
    await as.close();
  });

  async function accessible(page: Page): Promise<void> {
    const found = (await page.evaluate(
      `${AXE}; axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))`,
    )) as string[];
    assert.deepEqual(found, []);
  }

  async function typeLogin(page: Page, name: string, password: string): Promise<void> {
    await page.keyboard.type(name);
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`lead to the client with the keyboard alone, and are accessible (${colorScheme})`, async () => {
      const { page, complaints, close } = await openPage({ colorScheme });
      await page.goto(client.authorizeUrl('notes:read notes:write').href);
      await accessible(page);
      await picture(page, `demo-login-${colorScheme}`);
      // The first field has the focus.
      await typeLogin(page, 'alice', 'wrong');
      await page.getByRole('alert').waitFor();
      await page.keyboard.press('ControlOrMeta+a');
      await typeLogin(page, 'alice', 'alice');
      await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
      await accessible(page);
      await picture(page, `demo-consent-${colorScheme}`);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByText('back at the client').waitFor();
      assert.match(page.url(), /[?&]code=/);
      assert.deepEqual(
        complaints.filter((text) => !text.includes('favicon')),
        [],
      );
      await close();
    });
  }

  it('work without JavaScript, and take no for an answer', async () => {
    const { page, close } = await openPage({ javaScriptEnabled: false });
    await page.goto(client.authorizeUrl().href);
    await page.getByLabel('Name').fill('bob');
    await page.getByLabel('Password').fill('bob');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByText('back at the client').waitFor();
    assert.match(page.url(), /error=access_denied/);
    await close();
  });
});
