/** Two houses and people between them: a gateway with logins, its provider, and browsers that behave as browsers do. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import { type AppSetup, type RunningApp, startApp } from '../helpers/app.ts';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  type SignIn,
  signIn,
  startAuthorizationServer,
} from '../helpers/authorization-server.ts';
import {
  type ProtectedServer,
  type ProtectedServerOptions,
  startProtectedServer,
} from '../helpers/protected-server.ts';
import { type RawAnswer, raw } from './raw.ts';

export interface Story {
  readonly as: AuthorizationServer;
  readonly notes: ProtectedServer;
  readonly app: RunningApp;
  /** Every token and code that the provider has issued. */
  readonly secrets: ReadonlySet<string>;
}

export interface StorySetup extends Omit<AppSetup, 'mcpServers'> {
  /** Besides `notes`, which wants a login of each person. */
  readonly servers?: Record<string, unknown>;
  /** Of `notes`. */
  readonly oauth?: unknown;
  readonly provider?: AuthorizationServerOptions;
  readonly server?: Partial<ProtectedServerOptions>;
}

/** A provider, a server that it guards, and a gateway in front; all end with the test. */
export async function startStory(t: TestContext, setup: StorySetup = {}): Promise<Story> {
  const { servers = {}, oauth = true, provider, server, ...rest } = setup;
  const { as, notes, secrets } = await startProvider(t, provider, server);
  const app = await startApp({ ...rest, mcpServers: { notes: protectedEntry(notes, oauth), ...servers } });
  t.after(() => app.close());
  return { as, notes, app, secrets };
}

/** The provider and its server alone, for tests that start gateways themselves. */
export async function startProvider(
  t: TestContext,
  provider: AuthorizationServerOptions = {},
  server: Partial<ProtectedServerOptions> = {},
): Promise<Omit<Story, 'app'>> {
  const as = await startAuthorizationServer(provider);
  t.after(() => as.close());
  const secrets = secretsOf(as);
  const notes = await startProtectedServer({ authorization: as, ...server });
  t.after(() => notes.close());
  return { as, notes, secrets };
}

export function protectedEntry({ url }: { readonly url: URL }, oauth: unknown = true): Record<string, unknown> {
  return { type: 'streamable-http', url: url.href, oauth };
}

/** `auth.basic` with these people; the password of each is the name and `-pw`. */
export function accounts(...names: readonly string[]): Record<string, unknown> {
  const credentials = names.map((username) => ({ username, password: `${username}-pw` }));
  return { auth: { basic: { enabled: true, credentials } } };
}

/** The provider's events tell each token and code in full. */
function secretsOf({ provider }: AuthorizationServer): ReadonlySet<string> {
  const secrets = new Set<string>();
  const keep = ({ jti }: { readonly jti: string }): void => void secrets.add(jti);
  provider.on('refresh_token.saved', keep);
  provider.on('authorization_code.saved', keep);
  provider.on('access_token.issued', keep);
  return secrets;
}

/** What a reload of a changed file does. */
export async function reload({ gateway }: RunningApp, mcpServers: Record<string, unknown>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-reload-'));
  const path = join(folder, 'config.json');
  await writeFile(path, JSON.stringify({ mcpServers }));
  const configuration = await loadConfiguration({ kind: 'file', path }, { env: {}, pathPrefix: '/' });
  await rm(folder, { recursive: true });
  await gateway.apply(configuration);
}

interface Cookie {
  readonly value: string;
  readonly path: string;
  /** As it was set. */
  readonly line: string;
}

type Headers = Readonly<Record<string, string>>;

/** Somebody at a browser of the gateway, under its public name. */
export class Person {
  readonly cookies = new Map<string, Cookie>();
  /** Everything that this browser was answered: heads and bodies, but for cookies and addresses elsewhere. */
  readonly read: string[] = [];
  #app: RunningApp;

  constructor(app: RunningApp) {
    this.#app = app;
  }

  /** The gateway was started anew. */
  moveTo(app: RunningApp): void {
    this.#app = app;
  }

  get origin(): string {
    return this.#app.settings.publicUrl.origin;
  }

  /** The cookie of the gateway's session; undefined: there is none. */
  get session(): Cookie | undefined {
    return this.cookies.get(
      [...this.cookies.keys()].find((name) => /^(?:__Host-)?latchkey_[0-9a-f]{8}$/.test(name)) ?? '',
    );
  }

  /** Goes to an address of the gateway, as typed. */
  go(address: string | URL, headers: Headers = {}): Promise<RawAnswer> {
    const shown = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' };
    return this.#send('GET', address, { ...shown, ...headers });
  }

  /** Submits a form of a page of the gateway. */
  submit(path: string, fields: Readonly<Record<string, string>>, headers: Headers = {}): Promise<RawAnswer> {
    const shown = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' };
    const form = { origin: this.origin, 'content-type': 'application/x-www-form-urlencoded' };
    return this.#send('POST', path, { ...shown, ...form, ...headers }, new URLSearchParams(fields).toString());
  }

  /** Asks as a script of a page of the gateway does. */
  fetch(path: string, headers: Headers = {}): Promise<RawAnswer> {
    return this.#send('GET', path, { ...SCRIPT, ...headers });
  }

  /** Calls a tool as "Try it out" does. */
  call(path: string, args: unknown = {}, headers: Headers = {}): Promise<RawAnswer> {
    const json = { origin: this.origin, 'content-type': 'application/json' };
    return this.#send('POST', path, { ...SCRIPT, ...json, ...headers }, JSON.stringify(args));
  }

  /** The token in the forms of a page. */
  async formToken(path = '/'): Promise<string> {
    const page = await this.go(path);
    const token = /name="_csrf" value="([^"]+)"/.exec(page.body)?.[1];
    assert.ok(token, `${page.status} ${path}: no form`);
    return token;
  }

  async signIn(username: string, password = `${username}-pw`, next = '/'): Promise<RawAnswer> {
    const _csrf = await this.formToken('/login');
    return this.submit('/login', { _csrf, username, password, next });
  }

  async signOut(): Promise<RawAnswer> {
    return this.submit('/logout', { _csrf: await this.formToken() });
  }

  /** Begins a login; returns the address at the provider. */
  async begin(server = 'notes', next?: string): Promise<URL> {
    const query = next === undefined ? '' : `?next=${encodeURIComponent(next)}`;
    const answer = await this.go(`/oauth/${server}/authorize${query}`);
    assert.equal(answer.status, 302, answer.body);
    return new URL(answer.headers.location ?? '');
  }

  /** Begins a login and answers at the provider; returns the callback, to which the browser has not gone yet. */
  async allow(at: SignIn = {}, server = 'notes', next?: string): Promise<URL> {
    return signIn(await this.begin(server, next), at);
  }

  /** Comes back from the provider. */
  comeBack(callback: URL): Promise<RawAnswer> {
    return this.go(callback, { 'sec-fetch-site': 'cross-site' });
  }

  /** All of a login. */
  async connect(at: SignIn = {}, server = 'notes'): Promise<void> {
    const answer = await this.comeBack(await this.allow(at, server));
    assert.equal(answer.status, 303, answer.body);
    // The page after it waits for the tools.
    await this.go(answer.headers.location ?? '', { 'sec-fetch-site': 'cross-site' });
  }

  async disconnect(server = 'notes'): Promise<RawAnswer> {
    return this.submit(`/oauth/${server}/disconnect`, { _csrf: await this.formToken() });
  }

  /** What `/oauth/<server>/status` tells. */
  async status(server = 'notes'): Promise<Record<string, unknown>> {
    const { status, body } = await this.fetch(`/oauth/${server}/status`);
    // Where everything asks for a credential, strangers are told nothing.
    return status === 401 ? { user_id: 'unknown', state: 'sign-in-first' } : JSON.parse(body);
  }

  async #send(method: string, address: string | URL, headers: Headers, body?: string): Promise<RawAnswer> {
    const url = new URL(address, this.origin);
    assert.equal(url.origin, this.origin, 'not the gateway');
    const path = url.pathname + url.search;
    const sent = { host: url.host, ...this.#cookieHeader(url.pathname), ...headers };
    const flat = Object.entries(sent).flat();
    const answer = await raw(this.#app.url, { method, path, headers: flat, ...(body === undefined ? {} : { body }) });
    for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line);
    const { 'set-cookie': _, location: __, ...told } = answer.headers;
    this.read.push(JSON.stringify(told), answer.body);
    return answer;
  }

  #cookieHeader(path: string): Headers {
    const fitting = [...this.cookies].filter(([, cookie]) => path === cookie.path || path.startsWith(under(cookie)));
    return fitting.length === 0 ? {} : { cookie: fitting.map(([name, { value }]) => `${name}=${value}`).join('; ') };
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '' || /;\s*max-age=0/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, { value, path: /;\s*path=([^;]+)/i.exec(line)?.[1] ?? '/', line });
  }
}

const SCRIPT = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };

/** RFC 6265 5.1.4. */
function under({ path }: Cookie): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** Where an answer sends the browser: at once, or from a page that leads on by itself. */
export function onward({ headers }: RawAnswer): string | undefined {
  return headers.location ?? /^0;url=(.*)$/.exec(String(headers.refresh))?.[1];
}

/** The code that an answer carries, and its status. */
export function coded({ status, headers }: RawAnswer): [number, string | undefined] {
  return [status, headers['x-latchkey-error'] as string | undefined];
}
