/** A person at a browser, without the browser: follows redirects, keeps cookies, fills in the login and consent pages. */
import assert from 'node:assert/strict';

export interface SignIn {
  /** The password is the name. */
  readonly user?: 'alice' | 'bob';
  readonly decision?: 'allow' | 'deny';
  /** Kept between logins where the account is to stay signed in; default: a fresh one. */
  readonly browser?: Browser;
}

/** Cookies by origin and name; enough for one thing after the other. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  /** One request without following redirects; answers' cookies are kept. */
  async fetch(url: URL | string, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(url);
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, jar);
    const headers = new Headers(init.headers);
    headers.set('accept', 'text/html');
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) keep(jar, line);
    return response;
  }
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';');
  const name = pair.slice(0, pair.indexOf('=')).trim();
  const value = pair.slice(pair.indexOf('=') + 1).trim();
  const expires = /;\s*expires=([^;]+)/i.exec(line)?.[1];
  const isGone =
    value === '' || /;\s*max-age=0/i.test(line) || (expires !== undefined && Date.parse(expires) <= Date.now());
  if (isGone) jar.delete(name);
  else jar.set(name, value);
}

const MOST_STEPS = 12;

/**
 * Walks from the authorization request at the authorization server through its pages.
 * @returns the address of the client's callback, with its query, which was not asked for yet.
 * @throws AssertionError with the page's text where the server shows an error instead.
 */
export async function signIn(url: URL | string, options: SignIn = {}): Promise<URL> {
  const { user = 'alice', decision = 'allow', browser = new Browser() } = options;
  const callback = new URL(url).searchParams.get('redirect_uri') ?? 'none:';
  let at = new URL(url);
  let response = await browser.fetch(at);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const location = response.headers.get('location');
    if (location !== null) {
      await response.arrayBuffer();
      at = new URL(location, at);
      if (isSamePlace(at, new URL(callback))) return at;
      response = await browser.fetch(at);
      continue;
    }
    const page = await response.text();
    assert.match(
      page,
      /<form method="post">/,
      `${response.status} ${at.pathname}: ${page.replace(/<[^>]*>|\s+/g, ' ')}`,
    );
    const fields = page.includes('name="password"') ? { login: user, password: user } : { decision };
    response = await browser.fetch(at, { method: 'POST', body: new URLSearchParams(fields) });
  }
  assert.fail(`the login did not end within ${MOST_STEPS} steps: ${at.pathname}`);
}

function isSamePlace(one: URL, other: URL): boolean {
  return one.origin === other.origin && one.pathname === other.pathname;
}
