/** A real Chromium, and a watch over what a page loads and complains about. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const ARTIFACTS = '.artifacts';

/** Names below `.example`, and the single-label name `mybox`, lead to this machine; nothing else is resolved. */
function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP *.example 127.0.0.1, MAP mybox 127.0.0.1',
    ],
  });
}

export interface Watched {
  readonly page: Page;
  /** Console errors and warnings, uncaught errors, refused loads and violations of the content security policy. */
  readonly complaints: string[];
  /** The origins of all requests. */
  readonly origins: ReadonlySet<string>;
  close(): Promise<void>;
}

export type OpenPage = (options?: BrowserContextOptions) => Promise<Watched>;

/** Has a browser for the suite that it is called in. What it returns opens a page there, with cookies of its own. */
export function suiteBrowser(): OpenPage {
  let browser: Browser | undefined;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  return (options) => {
    assert.ok(browser, 'no page before the suite has begun');
    return openPage(browser, options);
  };
}

async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => {
    // Asked for by the browser itself, where a page names no icon.
    if (message.location().url.endsWith('/favicon.ico')) return;
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText;
    // The page was left before it had everything.
    if (reason !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${reason}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) origins.add(new URL(request.url()).origin);
  });
  // Scripts for the page are text: this project is not typed against a browser.
  await context.addInitScript(`document.addEventListener('securitypolicyviolation', (event) => {
    console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI);
  })`);
  return { page, complaints, origins, close: () => context.close() };
}

/** A picture for people to look at; nothing is compared with it. */
export async function picture(page: Page, name: string, folder = ARTIFACTS): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
