/** What people do on the pages, step by step. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { signIn } from '../test/helpers/authorization-server.ts';
import type { LoginSite } from './login-site.ts';

type Account = 'alice' | 'bob';

/** On the provider's pages, where the password is the name. */
export async function answerProvider(
  page: Page,
  account: Account,
  decision: 'Allow' | 'Deny' = 'Allow',
): Promise<void> {
  await page.getByLabel('Name').fill(account);
  await page.getByLabel('Password').fill(account);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: decision }).click();
}

/** From the list of servers to the provider and back. */
export async function connect(page: Page, { home }: LoginSite, account: Account, server = 'notes'): Promise<void> {
  await page.goto(`${home}/`);
  await page.getByRole('link', { name: `Connect to ${server}`, exact: true }).click();
  await answerProvider(page, account);
  await page.getByText(`Connected to ${server}.`).waitFor();
}

/** Begins a login in the page's browser, and answers the provider elsewhere: the callback is not asked for yet. */
export async function heldCallback(page: Page, { home }: LoginSite, account: Account): Promise<string> {
  const response = await page.context().request.get(`${home}/oauth/notes/authorize`, { maxRedirects: 0 });
  const location = response.headers().location;
  assert.ok(location !== undefined, await response.text());
  return (await signIn(location, { user: account })).href;
}

/** On the gateway's own sign-in page. */
export async function signInHere(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export interface Answer {
  readonly status: string;
  readonly text: string;
}

/** Runs a tool in Swagger UI; `body` replaces the example. */
export async function tryTool(page: Page, path: string, body?: object): Promise<Answer> {
  const operation = operationAt(page, path);
  const execute = operation.getByRole('button', { name: 'Execute' });
  if (!(await execute.isVisible())) await operation.locator('.opblock-summary-control').click();
  if (body !== undefined) await operation.locator('textarea').fill(JSON.stringify(body));
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await execute.click();
  await answered;
  const table = operation.locator('.live-responses-table');
  await table.waitFor();
  const status = (await table.locator('.response-col_status').last().textContent()) ?? '';
  const text = (await table.locator('.response-col_description pre').first().textContent()) ?? '';
  return { status: status.trim().slice(0, 3), text: text.trim() };
}

export function operationAt(page: Page, path: string): Locator {
  return page.locator(`.opblock:has([data-path$="/${path}"])`);
}

/** The paths of a document, fetched by the page itself. */
export function documentPaths(page: Page, url: string): Promise<string[]> {
  return page.evaluate<string[]>(
    `fetch(${JSON.stringify(url)}).then((answer) => answer.json()).then(({ paths }) => Object.keys(paths))`,
  );
}

/** What a call from the page itself answers. */
export function call(page: Page, path: string, body: object = {}): Promise<{ status: number; body: unknown }> {
  const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return page.evaluate<{ status: number; body: unknown }>(
    `fetch(${JSON.stringify(path)}, ${JSON.stringify(options)}).then(async (answer) => ({ status: answer.status, body: await answer.json() }))`,
  );
}

/** What has the focus, as a screen reader names it. */
export function focused(page: Page): Promise<string> {
  return page.evaluate<string>(`(() => {
    const element = document.activeElement;
    return (element.getAttribute('aria-label') ?? element.textContent).replace(/\\s+/g, ' ').trim();
  })()`);
}

/** The names and values of the browser's cookies for the gateway. */
export async function cookiesOf(page: Page, { home }: LoginSite): Promise<Record<string, string>> {
  const cookies = await page.context().cookies(home);
  return Object.fromEntries(cookies.map(({ name, value }) => [name, value]));
}
