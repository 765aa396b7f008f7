/** A person opens the pages in a browser, tries a tool, and sees its answer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { AppSetup } from '../test/helpers/app.ts';
import { HttpServer } from '../test/helpers/http-server.ts';
import { startPrefixProxy } from '../test/http/prefix-proxy.ts';
import { startFor } from '../test/http/start-for.ts';
import { picture, suiteBrowser } from './browser.ts';
import { focused } from './steps.ts';

const SCHEMES = ['light', 'dark'] as const;

describe('the pages in a browser', () => {
  const openPage = suiteBrowser();
  let tools: HttpServer;
  let setup: AppSetup;
  before(async () => {
    tools = await HttpServer.start();
    const down = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' };
    setup = { mcpServers: { 'test server': { type: 'streamable-http', url: tools.url.href }, down } };
  });
  after(async () => {
    await tools.stop();
  });

  for (const colorScheme of SCHEMES) {
    it(`lead from the list of servers to the answer of a tool (${colorScheme})`, async (t) => {
      const app = await startFor(t, setup);
      const { page, complaints, origins, close } = await openPage({ colorScheme });
      await page.goto(`${app.url}/`);
      assert.equal(await page.title(), 'latchkey');
      await page.getByText('Ready, 13 tools').waitFor();
      await picture(page, `home-${colorScheme}`);
      await page.getByRole('link', { name: 'Try the tools of test server' }).click();
      assert.equal(page.url(), `${app.url}/test%20server/docs`);
      await executeAdd(page);
      await picture(page, `docs-${colorScheme}`);
      assert.equal(await isDark(page), colorScheme === 'dark');
      assert.deepEqual(complaints, []);
      assert.deepEqual([...origins], [app.url]);
      await close();
    });
  }

  it('offer the tools of all servers on one page', async (t) => {
    const app = await startFor(t, setup);
    const { page, complaints, close } = await openPage();
    await page.goto(`${app.url}/`);
    await page.getByRole('link', { name: 'All tools' }).click();
    assert.equal(await page.title(), 'Tools of latchkey');
    await executeAdd(page);
    await picture(page, 'docs-all');
    await page.getByRole('link', { name: 'latchkey' }).click();
    await page.getByRole('heading', { name: 'Servers' }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });

  it('ask for the key where one is needed, and use it', async (t) => {
    const app = await startFor(t, { ...setup, argv: ['--api-key', 'correct-horse'] });
    const { page, complaints, close } = await openPage();
    await page.goto(`${app.url}/test%20server/docs`);
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    await page.getByRole('textbox', { name: 'auth-bearer-value' }).fill('correct-horse');
    await picture(page, 'docs-authorize');
    await page.getByRole('button', { name: 'Apply credentials' }).click();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await executeAdd(page);
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const mode of ['strip', 'keep'] as const) {
    it(`work behind a proxy that serves them under a path and would ${mode} it`, async (t) => {
      const app = await startFor(t, { ...setup, argv: ['--root-path', '/under/here'] });
      const proxy = await startPrefixProxy(app.url, '/under/here', mode);
      const { page, complaints, origins, close } = await openPage();
      await page.goto(`${proxy.origin}/under/here/`);
      await page.getByRole('link', { name: 'Try the tools of test server' }).click();
      await executeAdd(page);
      await page.getByRole('link', { name: 'All tools' }).click();
      await executeAdd(page);
      assert.deepEqual(complaints, []);
      assert.deepEqual([...origins], [proxy.origin]);
      await close();
      await proxy.stop();
    });
  }

  it('work under a name that is not the public one', async (t) => {
    const app = await startFor(t, setup);
    const { page, complaints, close } = await openPage();
    await page.goto(`http://mybox:${app.settings.port}/test%20server/docs`);
    await executeAdd(page);
    assert.deepEqual(
      complaints.filter((text) => !/Cross-Origin-Opener-Policy|Origin-Agent-Cluster/.test(text)),
      [],
    );
    await close();
  });

  it('fit a telephone', async (t) => {
    const app = await startFor(t, setup);
    for (const colorScheme of SCHEMES) {
      const { page, close } = await openPage({ colorScheme, viewport: { width: 360, height: 740 } });
      for (const path of ['/', '/test%20server/docs']) {
        await page.goto(app.url + path);
        await page.getByText(path === '/' ? 'Ready, 13 tools' : '/structured-only').waitFor();
        await picture(page, `phone-${path === '/' ? 'home' : 'docs'}-${colorScheme}`);
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
        assert.ok(overflow <= 0, `${path} is ${overflow} pixels too wide`);
      }
      await close();
    }
  });

  it('say everything without JavaScript', async (t) => {
    const app = await startFor(t, setup);
    const { page, close } = await openPage({ javaScriptEnabled: false });
    await page.goto(`${app.url}/`);
    await picture(page, 'home-no-javascript');
    assert.equal(await page.getByRole('button').count(), 0);
    await page.getByText(`http://localhost:${app.settings.port}/test%20server`, { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Try the tools of test server' }).click();
    await page.locator('main').getByRole('link', { name: '/test%20server/openapi.json' }).click();
    assert.equal(page.url(), `${app.url}/test%20server/openapi.json`);
    await close();
  });

  it('can be used with the keyboard alone, and copy an address', async (t) => {
    const app = await startFor(t, setup);
    const { page, complaints, close } = await openPage({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.goto(`${app.url}/`);
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to the content');
    const order: string[] = [];
    for (let step = 0; step < 9; step += 1) {
      await page.keyboard.press('Tab');
      order.push(await focused(page));
    }
    await picture(page, 'home-focus');
    const address = 'address of test server';
    assert.deepEqual(order.slice(0, 6), [
      'latchkey',
      'All tools',
      'OpenAPI',
      `Copy the REST ${address}`,
      `Copy the OpenAPI ${address}`,
      `Copy the MCP ${address}`,
    ]);
    assert.deepEqual(order.slice(6), [
      'Try the tools of test server',
      'Document of test server',
      'Add to Claude Code, Cursor, VS Code: test server',
    ]);
    await page.getByRole('button', { name: `Copy the REST ${address}` }).press('Enter');
    await page.getByRole('status').getByText('Copied').waitFor();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    assert.equal(copied, `http://localhost:${app.settings.port}/test%20server`);
    assert.deepEqual(complaints, []);
    await close();
  });
});

/** Runs the tool `add` in Swagger UI and waits for its answer. */
async function executeAdd(page: Page): Promise<void> {
  const operation = page.locator('.opblock:has([data-path$="/add"])');
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('textarea').fill('{"a": 40, "b": 2}');
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table');
  await answer.waitFor();
  assert.match((await answer.locator('.response-col_status').last().textContent()) ?? '', /^200/);
  assert.equal((await answer.locator('.response-col_description pre').first().textContent())?.trim(), '42');
}

/** Whether light text stands on a dark ground. */
function isDark(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const sum = (color) => color.match(/\\d+/g).slice(0, 3).reduce((all, part) => all + Number(part), 0);
    const text = document.querySelector('.swagger-ui .info .title');
    return sum(getComputedStyle(text).color) > sum(getComputedStyle(document.body).backgroundColor);
  })()`);
}
