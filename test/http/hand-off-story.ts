/** A login that is begun in a chat: somebody who calls through Open WebUI, and the browser in which the link is opened. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { type SignIn, signIn } from '../helpers/authorization-server.ts';
import { bearer, sessionToken, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { Person, type Story, type StorySetup, startStory } from './login-story.ts';
import type { RawAnswer } from './raw.ts';

/** A gateway that knows the users of an Open WebUI by its secret. */
export function startChatStory(t: TestContext, { keys, ...setup }: StorySetup = {}): Promise<Story> {
  return startStory(t, { ...setup, keys: { webui_secret_key: WEBUI_SECRET, ...keys } });
}

/** As `startChatStory`, with Open WebUI under the same host name, so that its cookie reaches the gateway too. */
export function startNeighbourStory(t: TestContext, { keys, ...setup }: StorySetup = {}): Promise<Story> {
  return startChatStory(t, { ...setup, keys: { open_webui: { url: 'http://localhost:8080' }, ...keys } });
}

export interface Told {
  readonly status: number;
  readonly code: string | null;
  /** The JSON of the body. */
  readonly body: unknown;
  /** What people and models read. */
  readonly text: string;
}

/** One user of Open WebUI, in a chat. */
export class Chat {
  readonly id: string;
  readonly #app: RunningApp;

  constructor(app: RunningApp, id: string) {
    this.#app = app;
    this.id = id;
  }

  async call(tool: string, args: unknown = {}, server = 'notes'): Promise<Told> {
    const answer = await this.#app.post(`/${server}/${tool}`, args, await bearer(this.id));
    const body = await answer.json();
    const text = typeof body === 'string' ? body : String((body as Record<string, unknown>).message);
    return { status: answer.status, code: answer.headers.get('x-latchkey-error'), body, text };
  }

  connect(code?: unknown, server = 'notes'): Promise<Told> {
    return this.call(`connect_${server}`, code === undefined ? {} : { code }, server);
  }

  /** The link in the answer of a call. */
  async link(server = 'notes'): Promise<string> {
    return linkIn((await this.connect(undefined, server)).text);
  }

  /** Who the calls run as, or the code of the refusal. */
  async whoami(): Promise<unknown> {
    const { status, code, body } = await this.call('whoami');
    return status === 200 ? body : code;
  }
}

export function linkIn(text: string): string {
  const link = /http:\/\/\S+\?ticket=[\w-]{43}(?= )/.exec(text)?.[0];
  assert.ok(link, text);
  return link;
}

/** Opens a link as from a chat elsewhere. */
export function open(person: Person, link: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  return person.go(link, { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document', ...headers });
}

/** Where the button of the page leads. */
export function goOf(page: RawAnswer): string {
  const go = /class="button" href="([^"]+)"/.exec(page.body)?.[1];
  assert.ok(go, `${page.status} ${page.body}`);
  return go.replaceAll('&amp;', '&');
}

/** Presses the button of the page. */
export function goOn(person: Person, page: RawAnswer): Promise<RawAnswer> {
  return person.go(goOf(page), { 'sec-fetch-site': 'same-origin' });
}

/** Opens the link, agrees, and signs in at the provider; returns where the browser is sent then. */
export async function consent(person: Person, link: string, at: SignIn = {}): Promise<RawAnswer> {
  const begun = await goOn(person, await open(person, link));
  assert.equal(begun.status, 302, begun.body);
  const answer = await person.comeBack(await signIn(begun.headers.location ?? '', at));
  assert.equal(answer.status, 303, answer.body);
  return answer;
}

/** The page after a consent by a browser that nobody knows; `code` is what it shows. */
export async function codePageAfter(
  person: Person,
  link: string,
  at: SignIn = {},
): Promise<{ readonly path: string; readonly code: string; readonly page: RawAnswer }> {
  const path = (await consent(person, link, at)).headers.location ?? '';
  assert.match(path, /^\/oauth\/notes\/code\?login=[\w-]+$/);
  const page = await person.go(path, { 'sec-fetch-site': 'cross-site' });
  return { path, code: codeIn(page), page };
}

export function codeIn({ status, body }: RawAnswer): string {
  const code = /<code data-copy="code">([^<]+)<\/code>/.exec(body)?.[1];
  assert.ok(code, `${status} ${body}`);
  return code;
}

/** The form of the page with the code. */
export function dropFields({ body }: RawAnswer): Record<string, string> {
  const fields = [...body.matchAll(/name="(_csrf|login)" value="([^"]+)"/g)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]));
}

/** Open WebUI has set its cookie in this browser, under the same host. */
export async function signedInToOpenWebui(person: Person, id: string, options = {}): Promise<void> {
  const value = await sessionToken(id, options);
  person.cookies.set('token', { value, path: '/', line: '' });
}

/** Eve has sent her link to Ben, who has consented with his account. */
export async function lured(t: TestContext): Promise<Story & { eve: Chat; ben: Person; path: string; code: string }> {
  const story = await startChatStory(t);
  const [eve, ben] = [new Chat(story.app, 'eve-0001'), new Person(story.app)];
  const { path, code } = await codePageAfter(ben, await eve.link(), { user: 'bob' });
  return { ...story, eve, ben, path, code };
}
