/** MCP clients of people in front of a server where each of them signs in, and the browsers that they sign in with. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { RunningApp } from '../../helpers/app.ts';
import type { SignIn } from '../../helpers/authorization-server.ts';
import { type Answered, askStateless, type Json, McpSession } from '../../helpers/mcp-session.ts';
import { until } from '../../helpers/wait.ts';
import { codeIn, consent } from '../hand-off-story.ts';
import { accounts, Person, type Story, type StorySetup, startStory } from '../login-story.ts';
import { basic } from '../raw.ts';

export type Headers = Readonly<Record<string, string>>;

/** What a client declares that opens addresses for its user. */
export const OPENS_URLS = { elicitation: { url: {} } };
/** The tools of the notes server that everybody has, and ours. */
export const TOOLS = ['whoami', 'add_note', 'list_notes', 'delete_all', 'connect_notes'];
export const LIST_CHANGED = 'notifications/tools/list_changed';

/** A gateway that knows Ann and Ben by their passwords. */
export function startPeopleStory(t: TestContext, { keys, ...setup }: StorySetup = {}): Promise<Story> {
  return startStory(t, { ...setup, keys: { ...accounts('ann', 'ben'), ...keys } });
}

export function as(name: 'ann' | 'ben'): Headers {
  return { authorization: basic(name, `${name}-pw`) };
}

export interface ClientSetup {
  readonly headers?: Headers;
  readonly capabilities?: Json;
  readonly version?: string;
  readonly path?: string;
}

/** One client with a session, which listens to what comes without being asked for. */
export class Client {
  readonly session: McpSession;
  readonly heard: Json[] = [];

  private constructor(session: McpSession) {
    this.session = session;
  }

  static async open(t: TestContext, app: RunningApp, setup: ClientSetup): Promise<Client> {
    const { path = '/notes/mcp', headers = {}, ...rest } = setup;
    const client = new Client(await McpSession.open(app.url + path, { headers: { ...headers }, ...rest }));
    t.after(() => client.session.leave());
    const stream = await client.session.listen(({ data }) => void (data !== '' && client.heard.push(JSON.parse(data))));
    assert.equal(stream.status, 200);
    return client;
  }

  get welcome(): Json {
    return this.session.welcome.result as Json;
  }

  async ask(method: string, params: Json = {}): Promise<Json> {
    return answerOf(await this.session.ask(method, params));
  }

  call(name: string, args: Json = {}): Promise<Json> {
    return this.ask('tools/call', { name, arguments: args });
  }

  async tools(): Promise<unknown[]> {
    return namesIn(await this.ask('tools/list'));
  }

  /** Resolves once `count` notifications of that method have come since `heard` was emptied. */
  hears(method: string, count = 1): Promise<Json[]> {
    const found = (): Json[] => this.heard.filter((message) => message.method === method);
    return until(() => found().length >= count && found(), 5_000, method);
  }
}

/** One request of 2026-07-28 to `path`, by a client that opens addresses unless `capabilities` say otherwise. */
export async function once(
  { url }: RunningApp,
  headers: Headers,
  method: string,
  params: Json = {},
  { path = '/notes/mcp', capabilities = OPENS_URLS }: { readonly path?: string; readonly capabilities?: Json } = {},
): Promise<Json> {
  return answerOf(await askStateless(url + path, method, params, { headers: { ...headers }, capabilities }));
}

/** A `subscriptions/listen` for the list of tools, open until the gateway closes; returns what it hears. */
export function listen({ url }: RunningApp, headers: Headers, path = '/notes/mcp'): Json[] {
  const heard: Json[] = [];
  const onMessage = (message: Json): void => void heard.push(message);
  const params = { notifications: { toolsListChanged: true } };
  askStateless(url + path, 'subscriptions/listen', params, { headers: { ...headers }, onMessage }).catch(
    () => undefined,
  );
  return heard;
}

export function answerOf({ messages, text }: Answered): Json {
  const answer = messages.at(-1);
  assert.ok(answer !== undefined, text);
  return answer;
}

export function namesIn({ result, ...rest }: Json): unknown[] {
  assert.ok(result !== undefined, JSON.stringify(rest));
  return (result as { readonly tools: readonly Json[] }).tools.map(({ name }) => name);
}

/** The text of a tool's answer, and whether it says that something went wrong. */
export function told({ result, ...rest }: Json): readonly [string, boolean] {
  const { content, isError } = (result ?? {}) as { readonly content?: readonly Json[]; readonly isError?: boolean };
  assert.equal(content?.length, 1, JSON.stringify(rest));
  return [String(content?.[0]?.text), isError === true];
}

/** The text of an answer that succeeded. */
export function said(answer: Json): string {
  const [text, isError] = told(answer);
  assert.equal(isError, false, text);
  return text;
}

/** What a -32042 asks to open. */
export function elicitationIn({ error, ...rest }: Json): Record<string, string> {
  const { code, data } = (error ?? {}) as { readonly code?: number; readonly data?: Json };
  assert.equal(code, -32042, JSON.stringify(error ?? rest));
  const elicitations = data?.elicitations as readonly Record<string, string>[];
  assert.equal(elicitations.length, 1);
  return elicitations[0] ?? {};
}

/** What an `input_required` asks to open, and what the retry has to bring back. */
export function roundIn({ result, ...rest }: Json): { readonly url: string; readonly requestState: string } {
  const { resultType, inputRequests, requestState } = (result ?? {}) as Json;
  assert.equal(resultType, 'input_required', JSON.stringify(result ?? rest));
  const { login } = inputRequests as { readonly login: { readonly method: string; readonly params: Json } };
  assert.deepEqual([login.method, login.params.mode], ['elicitation/create', 'url']);
  return { url: String(login.params.url), requestState: String(requestState) };
}

/** Signs in at the provider in a browser that nobody knows, and brings the code of the last page. */
export async function bringCode(app: RunningApp, client: Client, link: string, at: SignIn = {}): Promise<string> {
  const browser = new Person(app);
  const path = (await consent(browser, link, at)).headers.location ?? '';
  const code = codeIn(await browser.go(path, { 'sec-fetch-site': 'cross-site' }));
  return said(await client.call('connect_notes', { code }));
}

/** A browser of the person of that name. */
export async function browserOf(app: RunningApp, name: 'ann' | 'ben'): Promise<Person> {
  const person = new Person(app);
  await person.signIn(name);
  return person;
}
