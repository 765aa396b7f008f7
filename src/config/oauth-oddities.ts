/** What in and around an `oauth` works, but perhaps not as meant. */

import { metadataOddities } from './client-metadata.ts';
import type { Endpoint, OAuthConfig } from './model.ts';
import type { OAuthKeys } from './oauth-schema.ts';
import { secretOddity } from './secrets.ts';
import type { Path } from './tree.ts';
import { isLoopbackHost } from './values.ts';

export interface Oddity {
  /** From the entry on. */
  readonly path: Path;
  readonly message: string;
  readonly remedy?: string;
}

/** Everything odd about the login of the server `name`; `keys` as written, `oauth` as built from them. */
export function oauthOddities(
  name: string,
  keys: Partial<OAuthKeys>,
  oauth: OAuthConfig,
  endpoint: Exclude<Endpoint, { kind: 'stdio' }>,
): Oddity[] {
  return [
    ...idleKeys(keys, oauth),
    ...weakSecret(keys),
    ...clientOddities(keys),
    ...metadataOddities(keys.client_metadata ?? {}).map(({ field, message }) => ({
      path: ['oauth', 'client_metadata', field],
      message,
    })),
    ...redirectOddities(name, keys, oauth),
    ...headerOddities(endpoint),
    ...plainHttp(oauth, endpoint),
  ];
}

function idleKeys(keys: Partial<OAuthKeys>, { multiUser }: OAuthConfig): Oddity[] {
  const idle = multiUser ? (['callback_port', 'use_loopback'] as const) : [];
  const found = idle.filter((key) => keys[key] !== undefined);
  return found.map((key) => ({
    path: ['oauth', key],
    message: 'this key has no effect where each person signs in',
    remedy: 'remove it, or set multi_user: false',
  }));
}

function weakSecret({ webui_secret_key: secret }: Partial<OAuthKeys>): Oddity[] {
  const oddity = secret === undefined ? undefined : secretOddity(secret);
  return oddity === undefined ? [] : [{ path: ['oauth', 'webui_secret_key'], ...oddity }];
}

function clientOddities(keys: Partial<OAuthKeys>): Oddity[] {
  const oddities: Oddity[] = [];
  if (keys.client_id !== undefined && keys.client_metadata_url !== undefined) {
    oddities.push({ path: ['oauth', 'client_metadata_url'], message: "'client_id' is there too and wins" });
  }
  if (keys.client_id !== undefined && keys.client_metadata !== undefined) {
    const message = "'client_id' is there too, so that nothing is registered";
    oddities.push({ path: ['oauth', 'client_metadata'], message });
  }
  if (keys.client_secret !== undefined && keys.token_endpoint_auth_method === 'none') {
    const message = 'is not sent, because token_endpoint_auth_method is none';
    oddities.push({ path: ['oauth', 'client_secret'], message });
  } else if (keys.client_secret !== undefined && keys.issuer === undefined) {
    const message = 'is sent to whichever authorization server the MCP server names';
    oddities.push({ path: ['oauth', 'client_secret'], message, remedy: "set 'issuer' to the one that it is for" });
  }
  return oddities;
}

/** The redirect URI is ours to say; one that we would say too is no news. */
function redirectOddities(name: string, keys: Partial<OAuthKeys>, oauth: OAuthConfig): Oddity[] {
  const uris = keys.client_metadata?.redirect_uris;
  if (!Array.isArray(uris) || uris.every((uri) => isOurs(String(uri), name, oauth))) return [];
  const port = uris.map((uri) => /^http:\/\/(?:localhost|127\.0\.0\.1):(\d+)\//.exec(String(uri))?.[1]).find(Boolean);
  const message =
    oauth.callbackPort === undefined || oauth.multiUser
      ? `is ignored: the browser comes back to <public URL>/oauth/${encodeURI(name)}/callback`
      : `is ignored: the browser comes back to http://localhost:${oauth.callbackPort}/callback`;
  const remedy = oauth.multiUser || port === undefined ? 'remove it' : `remove it, or set callback_port: ${port}`;
  return [{ path: ['oauth', 'client_metadata', 'redirect_uris'], message, remedy }];
}

function isOurs(uri: string, name: string, oauth: OAuthConfig): boolean {
  if (oauth.multiUser) return false;
  if (oauth.callbackPort === undefined) return uri.endsWith(`/oauth/${encodeURI(name)}/callback`);
  const { callbackPort: port } = oauth;
  return uri === `http://localhost:${port}/callback` || uri === `http://127.0.0.1:${port}/callback`;
}

function headerOddities(endpoint: Exclude<Endpoint, { kind: 'stdio' }>): Oddity[] {
  const name = Object.keys(endpoint.headers).find((header) => header.toLowerCase() === 'authorization');
  if (name === undefined) return [];
  const message = "is not sent as 'Authorization': the login of 'oauth' takes its place";
  return [{ path: ['headers', name], message, remedy: 'remove the header or the oauth' }];
}

/** Such a login would be refused, and only when somebody tries it. */
function plainHttp(oauth: OAuthConfig, endpoint: Exclude<Endpoint, { kind: 'stdio' }>): Oddity[] {
  if (oauth.allowInsecureHttp) return [];
  const places: readonly [Path, string | undefined][] = [
    [['url'], endpoint.url.href],
    [['oauth', 'server_url'], oauth.serverUrl],
    [['oauth', 'issuer'], oauth.issuer],
  ];
  const isPlain = (text: string | undefined): boolean => {
    if (text === undefined) return false;
    const { protocol, hostname } = new URL(text);
    return protocol === 'http:' && !isLoopbackHost(hostname);
  };
  return places
    .filter(([, text]) => isPlain(text))
    .map(([path]) => ({
      path,
      message: 'is plain http beyond this machine, where logins are refused',
      remedy: 'use https, or set oauth.allow_insecure_http: true',
    }));
}
