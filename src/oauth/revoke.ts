/** Tells an authorization server that a grant is no longer wanted (RFC 7009). */
import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  type RevocationRequestOptions,
  revocationRequest,
} from 'oauth4webapi';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log-sink.ts';
import { clientAuth, oauthClient } from './client-auth.ts';
import type { Discovery } from './discovery.ts';
import { type OAuthFetch, oauthFetch } from './fetch.ts';
import type { Grant, ProtectedServer } from './model.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Discovery, both tokens and their second tries together. */
const LONGEST_MS = 10_000;

/** What of a grant, or of a login that is none yet, is needed to end it. */
export type RevocableGrant = Pick<Grant, 'issuer' | 'source' | 'client' | 'accessToken' | 'refreshToken'>;

export interface RevokeContext {
  readonly discovery: Discovery;
  readonly log: Log;
}

/** `revokeGrant` with its context. */
export type Revoke = (server: ProtectedServer, grant: RevocableGrant) => Promise<boolean>;

interface Token {
  readonly hint: 'refresh_token' | 'access_token';
  readonly value: string;
}

/**
 * Revokes the tokens of `grant` at its authorization server, and of no other. Never rejects; true where the refresh
 * token (or the only token) was revoked, false where it could not be, or where there was nothing to revoke. Takes ten
 * seconds at most.
 */
export async function revokeGrant(
  { discovery, log }: RevokeContext,
  server: ProtectedServer,
  grant: RevocableGrant,
): Promise<boolean> {
  const [first, second] = tokensOf(grant);
  if (first === undefined) return false;
  const signal = AbortSignal.timeout(LONGEST_MS);
  const fetch = untilTimeout(oauthFetch(server), signal);
  try {
    // Whose request it is may be somebody else's, who has more time.
    const metadata = await unlessAborted(discovery.rediscover(server, grant.issuer, grant.source, fetch), signal);
    if (metadata.revocation_endpoint === undefined) return false;
    const revoked = await revoke(metadata, grant, first, fetch);
    // Most servers have ended it with the first one (RFC 7009 2.1), and many refuse to revoke one of its own.
    if (second !== undefined) await revoke(metadata, grant, second, fetch);
    if (!revoked) log.warn({ server: server.name, issuer: grant.issuer }, 'the authorization server did not revoke');
    return revoked;
  } catch (error) {
    const reason = error instanceof GatewayError ? error.code : 'no answer';
    log.warn({ server: server.name, issuer: grant.issuer, reason }, 'the authorization server could not revoke');
    return false;
  }
}

/** The refresh token first: what it gave access to ends with it. */
function tokensOf({ refreshToken, accessToken }: RevocableGrant): Token[] {
  return [
    ...(refreshToken === undefined ? [] : [{ hint: 'refresh_token', value: refreshToken } as const]),
    ...(accessToken === undefined ? [] : [{ hint: 'access_token', value: accessToken } as const]),
  ];
}

/** One token, twice where the first try says nothing. 200 means that it is invalid now, whatever the body (RFC 7009 2.2). */
async function revoke(
  metadata: AuthorizationServer,
  grant: RevocableGrant,
  token: Token,
  fetch: OAuthFetch,
): Promise<boolean> {
  const first = await send(metadata, grant, token, fetch).catch(() => undefined);
  const status = first === undefined || isPassing(first) ? await send(metadata, grant, token, fetch) : first;
  return status === 200;
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

async function send(
  metadata: AuthorizationServer,
  grant: RevocableGrant,
  { hint, value }: Token,
  fetch: OAuthFetch,
): Promise<number> {
  const options: RevocationRequestOptions = {
    [customFetch]: fetch,
    // Which endpoint may be plain http was checked when the metadata was read.
    [allowInsecureRequests]: true,
    additionalParameters: { token_type_hint: hint },
  };
  const { client } = grant;
  const response = await revocationRequest(metadata, oauthClient(client), clientAuth(client), value, options);
  await response.body?.cancel();
  return response.status;
}

function untilTimeout(fetch: OAuthFetch, signal: AbortSignal): OAuthFetch {
  return (url, request) => fetch(url, { ...request, signal });
}
