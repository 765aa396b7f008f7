/** Somebody who opens a link from a chat in a browser that latchkey does not know, and signs in at the provider. */
import assert from 'node:assert/strict';
import { Browser, signIn } from '../../test/helpers/sign-in.ts';

const MOST_REDIRECTS = 5;

/** What the last page said. */
export interface Outcome {
  readonly title: string;
  /** What has to be brought back to the chat; undefined: the page shows none. */
  readonly code: string | undefined;
}

/** Follows the link of a tool's answer to the end, and signs in as `user`. */
export async function openLink(link: string, user: 'alice' | 'bob'): Promise<Outcome> {
  const browser = new Browser();
  const asked = await (await browser.fetch(link)).text();
  const onward = /href="([^"]*[?&;]go=[^"]*)"/.exec(asked)?.[1];
  assert.ok(onward !== undefined, `the page behind the link leads nowhere: ${inWords(asked)}`);
  // As a browser does that follows a link of the page.
  const begun = await browser.fetch(new URL(onward.replaceAll('&amp;', '&'), link), { headers: { referer: link } });
  const location = begun.headers.get('location');
  assert.ok(location !== null, `the login did not begin: ${inWords(await begun.text())}`);
  const page = await follow(browser, await signIn(location, { user, browser }));
  return {
    title: /<h1[^>]*>(.*?)<\/h1>/s.exec(page)?.[1]?.trim() ?? '',
    code: /\b[0-9A-Z]{5}-[0-9A-Z]{5}\b/.exec(page)?.[0],
  };
}

async function follow(browser: Browser, address: URL): Promise<string> {
  let at = address;
  for (let step = 0; step < MOST_REDIRECTS; step += 1) {
    const response = await browser.fetch(at);
    const location = response.headers.get('location');
    const body = await response.text();
    if (location === null) return body;
    at = new URL(location, at);
  }
  return assert.fail('redirects without end');
}

function inWords(page: string): string {
  return page.replace(/<[^>]*>|\s+/g, ' ').slice(-500);
}
