/** What a page of somebody else can do to a gateway without a key, in a real browser: nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { type RunningApp, startApp } from '../test/helpers/app.ts';
import { HttpServer } from '../test/helpers/http-server.ts';
import { type Listening, listen } from '../test/helpers/listen.ts';
import { until } from '../test/helpers/wait.ts';
import { startFor } from '../test/http/start-for.ts';
import { suiteBrowser, type Watched } from './browser.ts';

const TOOL = '/time/structured';

describe('a foreign page', () => {
  const openPage = suiteBrowser();
  let tools: HttpServer;
  let site: Listening;
  let app: RunningApp;
  let watched: Watched;
  before(async () => {
    tools = await HttpServer.start();
    site = await listen((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>evil</title>');
    });
    app = await startApp({ mcpServers: { time: { type: 'streamable-http', url: tools.url.href } } });
    watched = await openPage();
    await watched.page.goto(`http://evil.example:${new URL(site.origin).port}/`);
  });
  after(async () => {
    await app.close();
    await site.stop();
    await tools.stop();
  });

  /** How many requests the gateway has refused because of their origin. */
  const refused = () =>
    app.records.filter(({ code, status }) => code === 'origin_not_allowed' && status === 403).length;

  const attempt = async (script: string): Promise<unknown> => {
    const before = refused();
    const outcome = await watched.page.evaluate(script);
    await until(() => refused() > before, 5_000, 'the refusal');
    assert.deepEqual(tools.record.calls, []);
    return outcome;
  };

  it('cannot call a tool with fetch, whether or not it may read the answer', async () => {
    const url = app.url + TOOL;
    const variants = [
      '{}',
      "{ mode: 'no-cors' }",
      "{ body: '{}' }",
      "{ body: '{}', headers: { 'content-type': 'application/json' } }",
    ];
    for (const options of [...variants, "{ body: new URLSearchParams('a=b'), mode: 'no-cors' }"]) {
      const status = await attempt(
        `fetch('${url}', { method: 'POST', ...${options} }).then((r) => r.type === 'opaque' ? 'opaque' : r.status, () => 'blocked')`,
      );
      assert.ok(status === 'blocked' || status === 'opaque', String(status));
    }
  });

  it('cannot read a document', async () => {
    assert.equal(
      await attempt(`fetch('${app.url}/time/openapi.json').then((r) => r.text(), () => 'blocked')`),
      'blocked',
    );
  });

  it('cannot call a tool through a form in a sandboxed frame, whose origin is null', async () => {
    const form = `<form method=post action='${app.url}${TOOL}'></form><script>document.forms[0].submit()</script>`;
    await attempt(`(() => {
      const frame = document.createElement('iframe');
      frame.sandbox = 'allow-forms allow-scripts';
      frame.srcdoc = ${JSON.stringify(form)};
      document.body.append(frame);
    })()`);
  });

  it('cannot call a tool through a form, and the person reads why', async () => {
    const { page } = watched;
    await submitForm(page, app.url + TOOL);
    await page.waitForURL(app.url + TOOL);
    assert.match((await page.textContent('body')) ?? '', /--cors-allow-origins/);
    assert.deepEqual(tools.record.calls, []);
  });

  it('cannot pose as the gateway under a name of its own (DNS rebinding)', async () => {
    const { page } = watched;
    const response = await page.goto(`http://evil.example:${app.settings.port}/`);
    assert.equal(response?.status(), 403);
    const status = await page.evaluate(`fetch('${TOOL}', { method: 'POST' }).then((r) => r.status)`);
    assert.equal(status, 403);
    assert.deepEqual(tools.record.calls, []);
  });

  it('may do all that once the operator allows it', async (t) => {
    const origin = `http://evil.example:${new URL(site.origin).port}`;
    const open = await startFor(t, {
      mcpServers: { time: { type: 'streamable-http', url: tools.url.href } },
      argv: ['--cors-allow-origins', origin],
    });
    const { page, close } = await openPage();
    await page.goto(`${origin}/`);
    const json = `{ method: 'POST', headers: { 'content-type': 'application/json', 'x-session-id': 's' }, body: '{}' }`;
    assert.deepEqual(await page.evaluate(`fetch('${open.url}${TOOL}', ${json}).then((r) => r.json())`), { sum: 3 });
    assert.equal(tools.record.count('structured'), 1);
    await close();
  });
});

async function submitForm(page: Page, action: string): Promise<void> {
  await page.evaluate(`(() => {
    const form = document.createElement('form');
    form.method = 'post';
    form.action = '${action}';
    document.body.append(form);
    form.submit();
  })()`);
}
