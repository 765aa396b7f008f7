/** The list of servers in every state, for people to look at; and the pictures of the README. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startFor } from '../test/http/start-for.ts';
import { picture, suiteBrowser } from './browser.ts';
import { assertQuiet, inspect } from './inspect.ts';
import { startLoginSite, toolsFor } from './login-site.ts';
import { answerProvider, connect } from './steps.ts';

/** The folder of the README's pictures, where they are to be made anew. */
const { LATCHKEY_PICTURES } = process.env;
const README_SIZE = { width: 860, height: 300 };
const MOST_BYTES = 150_000;

describe('the list of servers', () => {
  const openPage = suiteBrowser();

  it('shows every state that a server can be in, those that wait for the person first', async (t) => {
    const time = await toolsFor(t);
    const down = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' };
    const site = await startLoginSite(t, { names: ['notes', 'calendar'], mcpServers: { time, down } });
    const watched = await openPage();
    const { page } = watched;
    await connect(page, site, 'alice');
    assert.deepEqual(await page.getByRole('heading', { level: 3 }).allTextContents(), [
      'calendar',
      'notes',
      'time',
      'down',
    ]);
    await inspect(page, 'home-every-state');
    assertQuiet(watched, site);
    await watched.close();
  });

  it('shows a server whose one login serves everybody', async (t) => {
    const site = await startLoginSite(t, { oauth: { multi_user: false } });
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/`);
    await page.getByText('Not connected: waiting for a login').waitFor();
    await inspect(page, 'home-shared-needed');
    await connect(page, site, 'alice');
    await page.getByText('One login serves everyone who may use this gateway.').waitFor();
    await inspect(page, 'home-shared-connected');
    assertQuiet(watched, site);
    await watched.close();
  });

  it('shows the addresses of sessions of a file with servers', async (t) => {
    const servers = { files: { command: 'no-such-program' }, time: await toolsFor(t) };
    const app = await startFor(t, { servers });
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${app.settings.publicUrl.origin}/`);
    assert.equal(await page.getByText('Starts when it is needed').count(), 2);
    const address = page.getByText(`${app.settings.publicUrl.origin}/api/time`, { exact: true });
    await address.waitFor();
    await page.getByRole('button', { name: 'Copy the address with sessions of time' }).waitFor();
    await inspect(page, 'home-servers-file');
    assert.deepEqual(watched.complaints, []);
    await watched.close();
  });

  it('shows where to sign in, with an account or with the key', async (t) => {
    const credentials = [{ username: 'anna', password: 'secret' }];
    const keys = { auth: { basic: { enabled: true, credentials } } };
    const site = await startLoginSite(t, { keys, argv: ['--api-key', 'correct-horse'] });
    const watched = await openPage();
    const { page } = watched;
    await page.goto(`${site.home}/notes/docs`);
    await page.getByRole('heading', { name: 'With a key or token' }).waitFor();
    await inspect(page, 'login-both');
    assertQuiet(watched, site);
    await watched.close();
  });

  it('makes the pictures of the README', { skip: LATCHKEY_PICTURES === undefined }, async (t) => {
    // Without the part for admins of Open WebUI, which is longer than all the rest.
    const keys = { verify_jwt: true };
    const site = await startLoginSite(t, { names: ['notes', 'calendar'], keys, argv: ['--port', '8000'] });
    const { page, close } = await openPage({ viewport: README_SIZE });
    await page.goto(`${site.home}/notes`);
    await answerProvider(page, 'alice');
    await page.goto(`${site.home}/`);
    const folder = LATCHKEY_PICTURES ?? '';
    for (const [colorScheme, name] of [
      ['light', 'connect'],
      ['dark', 'connect-dark'],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await picture(page, name, folder);
      assert.ok(statSync(join(folder, `${name}.png`)).size < MOST_BYTES, 'a small file');
    }
    await close();
  });
});
