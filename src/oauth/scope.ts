/** Which scopes a login asks for (MCP authorization, scope selection). */
import type { AuthorizationServer } from 'oauth4webapi';
import type { OAuthConfig } from '../config/model.ts';
import type { Challenge, Discovered } from './model.ts';

export interface ScopeRequest {
  /** Undefined: the parameter is left out. */
  readonly scope?: string;
  /** To be sent along: without it `offline_access` is ignored (OpenID Connect Core 11). */
  readonly prompt?: 'consent';
}

const OFFLINE_ACCESS = 'offline_access';
/** A scope token (RFC 6749 3.3), of a length that fits a URL. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;
const MAX_SCOPES = 200;

/**
 * What a first login asks for: what is configured, else what the challenge wants, else all that the resource supports,
 * else nothing. To what was discovered `offline_access` is added where the authorization server lists it; not to
 * nothing, because a lone `offline_access` would take the place of the default scopes.
 */
export function initialScope(
  config: Pick<OAuthConfig, 'scope'>,
  challenge: Challenge | undefined,
  discovered: Pick<Discovered, 'scopesSupported' | 'metadata'>,
): ScopeRequest {
  if (config.scope !== undefined) return request(unionScope(config.scope), discovered.metadata);
  const base = unionScope(challenge?.scope) ?? unionScope(...(discovered.scopesSupported ?? []));
  const offline = base !== undefined && listsOfflineAccess(discovered.metadata) ? OFFLINE_ACCESS : undefined;
  return request(unionScope(base, offline), discovered.metadata);
}

/** What a step-up asks for: the union of what was asked before and what is wanted now. */
export function stepUpScope(scopes: readonly (string | undefined)[], metadata: AuthorizationServer): ScopeRequest {
  return request(unionScope(...scopes), metadata);
}

/** All scopes of all texts, first come first, each once; undefined where there is none. What is no scope token is left out. */
export function unionScope(...texts: readonly (string | undefined)[]): string | undefined {
  const tokens = texts.flatMap((text) => text?.split(' ') ?? []).filter((token) => SCOPE_TOKEN.test(token));
  const unique = [...new Set(tokens)].slice(0, MAX_SCOPES);
  return unique.length === 0 ? undefined : unique.join(' ');
}

function request(scope: string | undefined, metadata: AuthorizationServer): ScopeRequest {
  if (scope === undefined) return {};
  const isOffline = scope.split(' ').includes(OFFLINE_ACCESS) && listsOfflineAccess(metadata);
  return isOffline ? { scope, prompt: 'consent' } : { scope };
}

function listsOfflineAccess(metadata: AuthorizationServer): boolean {
  return metadata.scopes_supported?.includes(OFFLINE_ACCESS) === true;
}
