/** How we prove to be a client at an authorization server's endpoints. */
import { type ClientAuth, ClientSecretPost, None, type Client as OAuthClient } from 'oauth4webapi';
import type { Client } from './model.ts';

type AuthMethod = Client['authMethod'];

/** In the order of preference. RFC 8414 2: where no list is published, the first is meant. */
const SECRET_METHODS: readonly AuthMethod[] = ['client_secret_basic', 'client_secret_post'];

/** The client authentication of `client` (RFC 6749 2.3.1) for every request of oauth4webapi that wants one. */
export function clientAuth(client: Client): ClientAuth {
  if (client.secret === undefined || client.authMethod === 'none') return None();
  return client.authMethod === 'client_secret_post' ? ClientSecretPost(client.secret) : secretBasic(client.secret);
}

/** What oauth4webapi calls a client. */
export function oauthClient(client: Client): OAuthClient {
  return { client_id: client.id };
}

/**
 * The method for a client with or without a secret. `supported`: `token_endpoint_auth_methods_supported`; undefined:
 * not published. `wished`: what the configuration or the registration says, believed unless the server's list excludes
 * it. Without a secret it is `none`, listed or not: servers that take public clients often do not list it.
 */
export function authMethodFor(
  hasSecret: boolean,
  supported: readonly string[] | undefined,
  wished?: unknown,
): AuthMethod {
  if (!hasSecret) return 'none';
  const offered = (method: unknown): boolean => supported === undefined || supported.includes(String(method));
  if (isAuthMethod(wished) && offered(wished)) return wished;
  const method = SECRET_METHODS.find(offered);
  if (method !== undefined) return method;
  return offered('none') ? 'none' : 'client_secret_basic';
}

function isAuthMethod(value: unknown): value is AuthMethod {
  return value === 'none' || SECRET_METHODS.some((method) => method === value);
}

function secretBasic(secret: string): ClientAuth {
  return (_server, client, _body, headers) => {
    headers.set('authorization', `Basic ${basicCredentials(client.client_id, secret)}`);
  };
}

/**
 * What follows `Basic`. The library's own also encodes `-`, `_`, `.` and `~`, as the letter of RFC 6749 2.3.1 has it;
 * many authorization servers compare without decoding, and would not know the most usual client ids.
 */
export function basicCredentials(id: string, secret: string): string {
  return btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`);
}
