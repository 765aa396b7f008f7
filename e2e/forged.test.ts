/** What a page of somebody else can do to a person who is signed in here and has connected an account: nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { type Listening, listen } from '../test/helpers/listen.ts';
import { type OpenPage, suiteBrowser, type Watched } from './browser.ts';
import { type LoginSite, startLoginSite } from './login-site.ts';
import { connect, cookiesOf, signInHere } from './steps.ts';

const PEOPLE = ['anna', 'mallory'];
const credentials = PEOPLE.map((username) => ({ username, password: `${username}-password` }));
const keys = { auth: { basic: { enabled: true, credentials } } };

describe('a page of somebody else', () => {
  const openPage = suiteBrowser();
  let foreign: Listening;
  /** The latter is the same site to the browser, which sends cookies there. */
  let origins: readonly string[];
  before(async () => {
    foreign = await listen((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>evil</title>');
    });
    const { port } = new URL(foreign.origin);
    origins = [`http://evil.example:${port}`, `http://localhost:${port}`];
  });
  after(async () => {
    await foreign.stop();
  });

  it('cannot disconnect, sign out or sign in anybody with a form, whatever token it has of its own', async (t) => {
    const { site, watched } = await connected(t);
    const { page } = watched;
    const mallorys = await tokenOf(openPage, site);
    const before = await cookiesOf(page, site);
    for (const origin of origins) {
      for (const _csrf of ['', mallorys]) {
        await forge(page, origin, `${site.home}/oauth/notes/disconnect`, { _csrf });
        await forge(page, origin, `${site.home}/logout`, { _csrf });
        const account = { username: 'mallory', password: 'mallory-password' };
        await forge(page, origin, `${site.home}/login`, { _csrf, ...account });
        await forge(page, origin, `${site.home}/login`, { _csrf, ...account, next: '/notes' });
      }
    }
    assert.deepEqual(await cookiesOf(page, site), before);
    await page.goto(`${site.home}/`);
    await page.getByText('Signed in as anna.').waitFor();
    await page.getByText('Connected, 5 tools').waitFor();
    assert.equal(site.provider.counts('revoke'), 0);
    await watched.close();
  });

  it('cannot do it with fetch either, nor read a document or an answer', async (t) => {
    const { site, watched } = await connected(t);
    const { page } = watched;
    for (const origin of origins) {
      await page.goto(`${origin}/`);
      for (const path of ['/oauth/notes/disconnect', '/logout', '/notes/whoami']) {
        const answer = await tried(page, site.home + path, { method: 'POST', credentials: 'include' });
        assert.ok(answer === 'blocked' || [401, 403].includes(JSON.parse(answer).status), `${path}: ${answer}`);
      }
      for (const path of ['/', '/notes/openapi.json', '/oauth/notes/status', '/notes/docs']) {
        const answer = await tried(page, site.home + path, { credentials: 'include' });
        assert.doesNotMatch(answer, /count_words|anna|Connected/, path);
      }
    }
    assert.deepEqual(site.notes.answered('whoami'), []);
    await page.goto(`${site.home}/`);
    await page.getByText('Connected, 5 tools').waitFor();
    assert.equal(site.provider.counts('revoke'), 0);
    await watched.close();
  });

  it('cannot show one of ours in a frame', async (t) => {
    const { site, watched } = await connected(t);
    const { page } = watched;
    for (const origin of origins) {
      for (const path of ['/', '/login', '/notes/docs', '/docs', '/oauth/notes/callback?state=x']) {
        await page.goto(`${origin}/`);
        assert.equal(await framed(page, site.home + path), 'nothing of it', `${origin} ${path}`);
      }
    }
    await watched.close();
  });

  async function connected(t: TestContext): Promise<{ site: LoginSite; watched: Watched }> {
    const site = await startLoginSite(t, { keys });
    const watched = await openPage();
    await watched.page.goto(`${site.home}/login`);
    await signInHere(watched.page, 'anna', 'anna-password');
    await connect(watched.page, site, 'alice');
    return { site, watched };
  }
});

/** A token for forms that is good in mallory's own browser. */
async function tokenOf(openPage: OpenPage, { home }: LoginSite): Promise<string> {
  const { page, close } = await openPage();
  await page.goto(`${home}/login`);
  const token = await page.locator('input[name=_csrf]').first().inputValue();
  await close();
  return token;
}

/** Goes to the foreign page, which at once posts a form to `action`. */
async function forge(page: Page, origin: string, action: string, fields: Record<string, string>): Promise<void> {
  await page.goto(`${origin}/`);
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  const arrived = page.waitForURL(action);
  await page.evaluate(`(() => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: ${JSON.stringify(action)} });
    for (const [name, value] of Object.entries(${JSON.stringify(fields)})) {
      form.append(Object.assign(document.createElement('input'), { name, value }));
    }
    document.body.append(form);
    form.submit();
  })()`);
  const status = (await answered).status();
  assert.ok(status === 401 || status === 403, `${action} from ${origin}: ${status}`);
  await arrived;
}

/** `blocked`, or what the foreign page gets to read. */
function tried(page: Page, url: string, options: object): Promise<string> {
  return page.evaluate<string>(`fetch(${JSON.stringify(url)}, ${JSON.stringify(options)}).then(
    async (answer) => JSON.stringify({ status: answer.status, text: await answer.text() }), () => 'blocked')`);
}

/** What a frame around `url` shows. */
async function framed(page: Page, url: string): Promise<string> {
  await page.evaluate(`new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.src = ${JSON.stringify(url)};
    frame.onload = frame.onerror = resolve;
    document.body.append(frame);
  })`);
  const inner = page.frames().find((frame) => frame !== page.mainFrame());
  const text = await inner?.evaluate<string>('document.body.innerText');
  return inner === undefined || /latchkey/.test(text ?? '') ? `"${text}"` : 'nothing of it';
}
