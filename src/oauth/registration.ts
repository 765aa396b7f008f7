/** Dynamic client registration (RFC 7591): what we say of ourselves, and what comes back. */
import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  dynamicClientRegistrationRequest,
  type Client as OAuthClient,
} from 'oauth4webapi';
import { isLoopbackHost } from '../config/values.ts';
import { authMethodFor } from './client-auth.ts';
import { clientName } from './client-document.ts';
import { LoginError } from './errors.ts';
import type { OAuthFetch } from './fetch.ts';
import type { Client, ProtectedServer } from './model.ts';
import { type ProviderError, providerError } from './provider-text.ts';

export interface Registered {
  readonly client: Client;
  /** In milliseconds since 1970; undefined: the secret does not expire, or there is none. */
  readonly secretExpiresAt?: number;
}

type Metadata = Readonly<Record<string, unknown>>;
type ApplicationType = 'native' | 'web';

interface Refusal {
  readonly status: number;
  readonly provider?: ProviderError;
}

/** What a client id or secret may be made of (RFC 6749 A.1 and A.2). */
const VISIBLE = /^[\x20-\x7e]+$/;

/**
 * Registers a client at the authorization server; once more with the other `application_type` where it seems to be
 * the type or the redirect URI that was refused. Rejects with `LoginError` (`registration_failed`, or as `fetch` does).
 */
export async function register(
  server: ProtectedServer,
  redirectUri: string,
  metadata: AuthorizationServer,
  fetch: OAuthFetch,
): Promise<Registered> {
  const type: ApplicationType = isLoopbackHost(new URL(redirectUri).hostname) ? 'native' : 'web';
  const fields = registrationFields(server, redirectUri, metadata, type);
  const first = await send(metadata, fields, fetch);
  if ('client' in first) return first;
  if (!isAboutType(first) || 'application_type' in server.oauth.clientMetadata) throw refused(server, first);
  const second = await send(metadata, { ...fields, application_type: type === 'native' ? 'web' : 'native' }, fetch);
  if ('client' in second) return second;
  throw refused(server, first);
}

/**
 * The fields of the request (RFC 7591 2, and `application_type` of OpenID Connect Registration 2). No `scope` unless
 * configured: what is registered would cap what may be asked for later.
 */
export function registrationFields(
  server: ProtectedServer,
  redirectUri: string,
  metadata: AuthorizationServer,
  applicationType: ApplicationType,
): Metadata {
  const supported = metadata.token_endpoint_auth_methods_supported;
  return {
    client_name: clientName(server),
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: authMethodFor(true, supported, server.oauth.tokenEndpointAuthMethod),
    application_type: applicationType,
    ...server.oauth.clientMetadata,
    redirect_uris: [redirectUri],
  };
}

/** Reads an answer: 200 is as good as 201, and a secret without `client_secret_expires_at` does not expire. */
export function readRegistration(status: number, text: string, supported?: readonly string[]): Registered | Refusal {
  const body = jsonObject(text);
  const provider = providerError(body.error, body.error_description);
  const { client_id: id, client_secret: secret, client_secret_expires_at: expires } = body;
  const isCreated = (status === 200 || status === 201) && typeof id === 'string' && VISIBLE.test(id);
  if (!isCreated) return { status, ...(provider === undefined ? {} : { provider }) };
  const hasSecret = typeof secret === 'string' && VISIBLE.test(secret);
  const client: Client = {
    id,
    ...(hasSecret ? { secret } : {}),
    authMethod: authMethodFor(hasSecret, supported, body.token_endpoint_auth_method),
    origin: 'registered',
  };
  const seconds = Number(expires);
  return hasSecret && Number.isFinite(seconds) && seconds > 0
    ? { client, secretExpiresAt: seconds * 1000 }
    : { client };
}

async function send(metadata: AuthorizationServer, fields: Metadata, fetch: OAuthFetch): Promise<Registered | Refusal> {
  const response = await dynamicClientRegistrationRequest(metadata, fields as Partial<OAuthClient>, {
    [customFetch]: fetch,
    // The rule on plain http is latchkey's own, and stricter where it matters; the library knows only all or nothing.
    [allowInsecureRequests]: true,
  });
  return readRegistration(response.status, await response.text(), metadata.token_endpoint_auth_methods_supported);
}

/** Servers name it by one of two codes, or in a sentence of their own. */
function isAboutType({ status, provider }: Refusal): boolean {
  if (status < 400 || status >= 500 || provider === undefined) return false;
  if (provider.error === 'invalid_redirect_uri' || provider.error === 'invalid_client_metadata') return true;
  return /redirect|application_type/i.test(`${provider.error} ${provider.description ?? ''}`);
}

function refused(server: ProtectedServer, { status, provider }: Refusal): LoginError {
  const isTheirs = status >= 500 || status === 429;
  return new LoginError({
    code: 'registration_failed',
    status: 502,
    title: isTheirs ? 'The authorization server is in trouble' : 'The authorization server does not register clients',
    message: `The authorization server of "${server.name}" did not register this gateway as a client.`,
    remedy: isTheirs
      ? 'Try again later.'
      : 'Tell the operator of this gateway to register a client there by hand and to set oauth.client_id.',
    ...(provider === undefined ? {} : { provider }),
    privateDetail: `registration answered with HTTP ${status}`,
    retry: isTheirs,
  });
}

function jsonObject(text: string): Metadata {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Metadata) : {};
  } catch {
    return {};
  }
}
