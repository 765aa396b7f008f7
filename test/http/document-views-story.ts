/** A server that shows each account what a test wants, and people who read its documents. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { bearer, type TokenOptions } from '../helpers/open-webui-users.ts';
import type { ProtectedServer } from '../helpers/protected-server.ts';
import { signIn } from '../helpers/sign-in.ts';
import { Person } from './login-story.ts';
import type { RawAnswer } from './raw.ts';

type Account = 'alice' | 'bob';

export interface Shown {
  readonly tools: readonly object[];
  readonly instructions?: string;
}

/** From now on `notes` shows each account its own list. */
export function show(notes: ProtectedServer, lists: Readonly<Record<Account, Shown>>): void {
  notes.behave = (_request, response) => {
    const shown = lists[notes.seen.at(-1)?.account as Account];
    const end = response.end.bind(response);
    response.end = ((text: unknown) => {
      if (typeof text !== 'string' || shown === undefined) return end(text);
      const { result, ...message } = JSON.parse(text);
      if (result?.tools !== undefined) result.tools = shown.tools;
      if (result?.serverInfo !== undefined) result.instructions = shown.instructions;
      return end(JSON.stringify({ ...message, ...(result === undefined ? {} : { result }) }));
    }) as typeof response.end;
    return false;
  };
}

/** Tools without arguments. */
export function named(...names: readonly string[]): Shown {
  return { tools: names.map((name) => ({ name, description: `Does ${name}`, inputSchema: { type: 'object' } })) };
}

/** The operationId at each path. */
export type Ids = Readonly<Record<string, string>>;

export function idsOf(body: string): Ids {
  const { paths } = JSON.parse(body) as { paths: Record<string, { post: { operationId: string } }> };
  return Object.fromEntries(Object.entries(paths).map(([path, { post }]) => [path, post.operationId]));
}

/** What nobody in particular gets, as Open WebUI asks for it. */
export async function readAnonymously(app: RunningApp, path = '/notes/openapi.json'): Promise<string> {
  const answer = await app.get(path);
  assert.equal(answer.status, 200, path);
  return answer.text();
}

export async function readAs(person: Person, path = '/notes/openapi.json'): Promise<string> {
  const answer: RawAnswer = await person.fetch(path);
  assert.equal(answer.status, 200, path);
  return answer.body;
}

/** Every operation of `some` is in `all`, at the same path and under the same id. */
export function assertWithin(some: Ids, all: Ids): void {
  for (const [path, id] of Object.entries(some)) assert.equal(all[path], id, path);
}

/** A user of Open WebUI connects an account with a browser that sends their token; returns the header of their calls. */
export async function connectUser(
  app: RunningApp,
  id: string,
  account: Account,
  options: TokenOptions = {},
): Promise<{ readonly authorization: string }> {
  const header = await bearer(id, options);
  const person = new Person(app);
  const begun = await person.go('/oauth/notes/authorize', header);
  assert.equal(begun.status, 302, begun.body);
  const callback = await signIn(begun.headers.location ?? '', { user: account });
  const answer = await person.go(callback, { ...header, 'sec-fetch-site': 'cross-site' });
  assert.equal(answer.status, 303, answer.body);
  return header;
}

/** `--store` with a file that goes with the test. */
export function storeIn(t: TestContext): readonly [string, string] {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-views-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return ['--store', `sqlite:${join(folder, 'store.db')}`];
}
