/** A login without a browser of the gateway's: for tests that are about what comes after it. */
import assert from 'node:assert/strict';
import type { RunningApp } from '../helpers/app.ts';
import { type SignIn, signIn } from '../helpers/authorization-server.ts';

/** Gives `owner` a grant at the server, made by the provider's account that `at` names. */
export async function grantFor({ gateway }: RunningApp, owner: string, at: SignIn = {}, name = 'notes'): Promise<void> {
  const place = gateway.servers.get(name);
  const server = place?.guarded;
  assert.ok(place !== undefined && server !== undefined, `${name} has no logins`);
  const { url } = await gateway.logins.begin(server, owner, { bound: false, returnTo: '/' });
  const callback = await signIn(url, at);
  await gateway.logins.complete({ server, query: callback.searchParams, cookies: {}, owner });
  await gateway.loggedIn(place, owner);
}
