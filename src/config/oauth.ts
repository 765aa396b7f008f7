/** From the `oauth` of one entry to how people sign in there. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { registrationFields } from './client-metadata.ts';
import type { OAuthConfig } from './model.ts';
import type { OAuthKeys } from './oauth-schema.ts';
import { checkScope, DEFAULT_SESSION_MINUTES } from './oauth-values.ts';

/** Builds what `keys` say about the server `name`; `home` is the home folder, where mcpo kept its logins. */
export function buildOAuth(name: string, keys: Partial<OAuthKeys>, home?: string): OAuthConfig {
  const clientMetadata = registrationFields(keys.client_metadata ?? {});
  const multiUser = keys.multi_user ?? !isSingleUserOfMcpo(name, keys, home);
  return {
    multiUser,
    ...optional('serverUrl', keys.server_url),
    sessionTimeoutMs: Math.ceil((keys.session_timeout_minutes ?? DEFAULT_SESSION_MINUTES) * 60_000),
    storage: keys.storage_type === 'memory' ? 'memory' : 'store',
    ...optional('callbackPort', multiUser ? undefined : keys.callback_port),
    openBrowser: keys.use_loopback ?? true,
    clientMetadata,
    ...optional('clientId', keys.client_id),
    ...optional('clientSecret', keys.client_secret),
    ...optional('tokenEndpointAuthMethod', keys.token_endpoint_auth_method),
    ...optional('clientMetadataUrl', keys.client_metadata_url),
    ...optional('issuer', keys.issuer),
    ...optional('scope', keys.scope ?? scopeOf(clientMetadata)),
    ...optional('resource', keys.resource),
    allowInsecureHttp: keys.allow_insecure_http ?? false,
    ...optional('webuiSecretKey', keys.webui_secret_key),
  };
}

/** The keys of an `oauth` as written: `true` is a mapping without any; undefined: the server asks for no login. */
export function oauthKeysOf(entry: boolean | OAuthKeys | undefined): Partial<OAuthKeys> | undefined {
  if (entry === undefined || entry === false) return undefined;
  return entry === true ? {} : entry;
}

/** Where mcpo keeps the login of a server; `home` is the home folder. */
export function mcpoTokenFile(name: string, home: string): string {
  const hash = createHash('md5').update(name).digest('hex').slice(0, 8);
  return join(home, '.mcpo', 'tokens', `${hash}_tokens.json`);
}

/** Whoever had one login for all with mcpo goes on with one login for all. */
function isSingleUserOfMcpo(name: string, keys: Partial<OAuthKeys>, home: string | undefined): boolean {
  if (keys.callback_port !== undefined || keys.use_loopback !== undefined) return true;
  return home !== undefined && home !== '' && existsSync(mcpoTokenFile(name, home));
}

/** What a client registers for caps what it may ask for, so that is what it asks for. */
function scopeOf(clientMetadata: Readonly<Record<string, unknown>>): string | undefined {
  const checked = typeof clientMetadata.scope === 'string' ? checkScope(clientMetadata.scope) : undefined;
  return checked !== undefined && 'value' in checked ? checked.value : undefined;
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}
