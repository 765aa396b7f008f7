/** Logins that mcpo has left: its files as text go in, a grant of ours comes out, once for each server. */
import { digest } from '../identity/compare.ts';
import type { Store, Table } from '../storage/store.ts';
import type { Discovery } from './discovery.ts';
import { oauthFetch } from './fetch.ts';
import type { Grants } from './grants.ts';
import { type Challenge, type Discovered, type ProtectedServer, SHARED_OWNER } from './model.ts';
import { type Registered, readRegistration } from './registration.ts';
import { stored } from './stored.ts';
import { readTokenAnswer, type Tokens } from './token-answer.ts';
import { unverifiedClaims } from './unverified-claims.ts';

/** What mcpo keeps of one server, checked. */
export interface McpoLogin {
  readonly tokens: Tokens;
  /** The client that mcpo has registered, as the authorization server described it (RFC 7591 3.2.1). */
  readonly registration: string;
}

/**
 * Reads mcpo's two files of one server; `savedAt`: when it wrote the tokens, in milliseconds since 1970, because it keeps
 * only how long they last from then on. Undefined: not of the expected form, or nothing of it can be used at `now`.
 */
export function readMcpoLogin(
  tokensText: string,
  registration: string,
  savedAt: number,
  now: number,
): McpoLogin | undefined {
  const answer = readTokenAnswer(200, tokensText, savedAt, []);
  if (!('tokens' in answer) || !('client' in readRegistration(201, registration))) return undefined;
  const { refreshToken, expiresAt } = answer.tokens;
  const isOver = refreshToken === undefined && expiresAt !== undefined && expiresAt <= now;
  return isOver ? undefined : { tokens: answer.tokens, registration };
}

/**
 * The `iss` of an access token that is a JWT, unverified; undefined: not told. mcpo did not keep which authorization
 * server its tokens are of, and a refresh token must not be sent to any other.
 */
export function issuerOf(accessToken: string): string | undefined {
  const issuer = unverifiedClaims(accessToken)?.iss;
  return typeof issuer === 'string' ? issuer : undefined;
}

/** The client of `login` where its tokens are plausibly of the authorization server that was found; no I/O. */
export function clientOf(
  { tokens, registration }: McpoLogin,
  server: ProtectedServer,
  { issuer, metadata }: Discovered,
): Registered['client'] | undefined {
  if (server.oauth.issuer !== undefined && server.oauth.issuer !== issuer) return undefined;
  const told = issuerOf(tokens.accessToken);
  if (told !== undefined && told.replace(/\/$/, '') !== issuer.replace(/\/$/, '')) return undefined;
  const read = readRegistration(201, registration, metadata.token_endpoint_auth_methods_supported);
  return 'client' in read ? read.client : undefined;
}

/**
 * Remembers, by name, the servers that have had a login here: what mcpo left of them is of no use any more. By name,
 * because that is all mcpo knows: its tokens must not follow the name to another address either.
 */
export class Takeovers {
  readonly #done: Table<true>;

  constructor(store: Store) {
    this.#done = store.table('takeovers');
  }

  async isDone(server: ProtectedServer): Promise<boolean> {
    return (await stored(this.#done.get(keyOf(server)))) === true;
  }

  /** True for the first who says so, over all processes. */
  done(server: ProtectedServer): Promise<boolean> {
    return stored(this.#done.putIfAbsent(keyOf(server), true));
  }
}

export interface AdoptContext {
  readonly takeovers: Takeovers;
  readonly grants: Grants;
  readonly discovery: Discovery;
  readonly probe: (server: ProtectedServer) => Promise<Challenge | undefined>;
}

/**
 * Makes `login` the grant of all callers, where there has never been one; true when it is. Whether its tokens are still
 * good shows at their first use. Rejects with `LoginError` where the authorization server cannot be learned, and with
 * `GatewayError` `storage_failed`; after both it may be tried again.
 */
export async function adopt(context: AdoptContext, server: ProtectedServer, login: McpoLogin): Promise<boolean> {
  const { takeovers, grants, discovery, probe } = context;
  if (await takeovers.isDone(server)) return false;
  if ((await grants.read(server, SHARED_OWNER)) !== undefined) return false;
  const discovered = await discovery.discover(server, await probe(server), oauthFetch(server));
  const client = clientOf(login, server, discovered);
  if (client === undefined) return false;
  // Before the grant, so that of two processes one takes over, and a Disconnect in between is not undone.
  if (!(await takeovers.done(server))) return false;
  const { issuer, source, resource } = discovered;
  const { tokens } = login;
  await grants.save(server, SHARED_OWNER, {
    issuer,
    source,
    client,
    ...(resource === undefined ? {} : { resource }),
    ...tokens,
  });
  return true;
}

/** Hashed, because keys lie open in the store. */
function keyOf(server: ProtectedServer): string {
  return digest(server.name).toString('base64url');
}
