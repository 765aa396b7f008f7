/** Logins that are begun in a chat: stores to run them on, and both sides of a hand-off. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HandOff, Waiting } from '../../src/oauth/hand-off.ts';
import type { CallbackRequest, Completed } from '../../src/oauth/logins.ts';
import type { Owner, ProtectedServer } from '../../src/oauth/model.ts';
import { openDatabase } from '../../src/storage/sqlite.ts';
import { type SignIn, signIn } from '../helpers/authorization-server.ts';
import type { House } from './login-person.ts';

/** The places that every promise about tickets and codes has to hold in. */
export const STORES = ['memory', 'sqlite'] as const;

/** A fresh store address of that kind; the file goes with `remove`. */
export async function storeAddress(kind: (typeof STORES)[number]): Promise<{ uri: string; remove(): Promise<void> }> {
  if (kind === 'memory') return { uri: 'memory', remove: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-hand-off-'));
  return { uri: `sqlite:${join(folder, 'store.db')}`, remove: () => rm(folder, { recursive: true }) };
}

/** All that lies in a store's file, as whoever finds it reads it. */
export function rowsOf(uri: string): string {
  const database = openDatabase(uri.replace('sqlite:', ''));
  const rows = database.prepare('SELECT key, value FROM keyv').all();
  database.close();
  return JSON.stringify(rows);
}

/** Whoever opened the link, at the gateway and at the authorization server. */
export interface Opener extends SignIn, Partial<Pick<HandOff, 'person' | 'confirm'>> {
  /** Of the server; default: the house's. */
  readonly server?: ProtectedServer;
}

/** From a caller's ticket to the answer of the authorization server, which was not brought to the callback yet. */
export async function openLink(house: House, holder: Owner, opener: Opener = {}): Promise<CallbackRequest> {
  const { person, confirm = true, server = house.server, ...at } = opener;
  const ticket = await house.logins.issueTicket(server, { owner: holder, label: 'Alice' });
  const used = await house.logins.useTicket(server, ticket);
  assert.equal(used?.owner, holder);
  const handOff = { person, confirm, label: used.label };
  const { url, cookie } = await house.logins.begin(server, used.owner, { bound: true, returnTo: '/', handOff });
  assert.ok(cookie);
  const { searchParams: query } = await signIn(url, at);
  return { server, query, cookies: { [cookie.name]: cookie.value }, owner: person };
}

/** All that happens in the browser: a login at the provider, up to the code. */
export async function consent(house: House, holder: Owner, opener: Opener = {}): Promise<Waiting> {
  return waitingOf(await house.logins.complete(await openLink(house, holder, opener)));
}

export function waitingOf({ waiting }: Completed): Waiting {
  assert.ok(waiting, 'it does not wait for a code');
  return waiting;
}

/** Where a login lies that waits. */
export function waitingKey(server: ProtectedServer, { id }: Pick<Waiting, 'id'>): string {
  return JSON.stringify([server.name, server.url.href, id]);
}
