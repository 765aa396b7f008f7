/** Which client we are at an authorization server: configured, a document, or registered, in this order. */
import { authMethodFor } from './client-auth.ts';
import { clientDocumentUrl } from './client-document.ts';
import type { Clients } from './clients.ts';
import { LoginError } from './errors.ts';
import type { OAuthFetch } from './fetch.ts';
import type { Client, Discovered, ProtectedServer } from './model.ts';

export interface IdentityRequest {
  readonly server: ProtectedServer;
  readonly discovered: Discovered;
  readonly redirectUri: string;
  readonly publicBase: string;
  readonly fetch: OAuthFetch;
  /** Id of a registered client that the authorization server may have forgotten. */
  readonly suspect?: string;
}

/**
 * The client for one login; `isNew` where it was registered just now. Rejects with `LoginError`: `metadata_rejected`
 * where another authorization server is configured, `registration_failed` where there is no way to be a client.
 */
export async function identify(
  clients: Clients,
  request: IdentityRequest,
): Promise<{ readonly client: Client; readonly isNew: boolean }> {
  const { server, discovered, redirectUri, fetch, suspect } = request;
  checkIssuer(server, discovered.issuer);
  const client = configuredClient(request) ?? documentClient(request);
  if (client !== undefined) return { client, isNew: false };
  if (discovered.metadata.registration_endpoint === undefined) throw noRegistration(server);
  return clients.get({ server, issuer: discovered.issuer, redirectUri }, discovered.metadata, fetch, suspect);
}

/** Credentials are for the authorization server that they are configured for, and for no other. */
function checkIssuer(server: ProtectedServer, issuer: string): void {
  const { issuer: configured } = server.oauth;
  if (configured === undefined || configured === issuer) return;
  throw new LoginError({
    code: 'metadata_rejected',
    status: 502,
    title: 'Another authorization server than configured',
    message: `"${server.name}" names the authorization server ${issuer}, but ${configured} is configured.`,
    remedy: 'Tell the operator of this gateway to check oauth.issuer.',
  });
}

function configuredClient({ server, discovered }: IdentityRequest): Client | undefined {
  const { clientId, clientSecret, tokenEndpointAuthMethod } = server.oauth;
  if (clientId === undefined) return undefined;
  const supported = discovered.metadata.token_endpoint_auth_methods_supported;
  return {
    id: clientId,
    ...(clientSecret === undefined ? {} : { secret: clientSecret }),
    // What the operator says is not overruled by a list that may be wrong.
    authMethod: tokenEndpointAuthMethod ?? authMethodFor(clientSecret !== undefined, supported),
    origin: 'configured',
  };
}

function documentClient({ server, discovered, redirectUri, publicBase }: IdentityRequest): Client | undefined {
  if (discovered.metadata.client_id_metadata_document_supported !== true) return undefined;
  const id = clientDocumentUrl(publicBase, server, redirectUri);
  return id === undefined ? undefined : { id, authMethod: 'none', origin: 'document' };
}

function noRegistration(server: ProtectedServer): LoginError {
  return new LoginError({
    code: 'registration_failed',
    status: 502,
    title: 'This gateway is no client there',
    message: `The authorization server of "${server.name}" lets no client register by itself.`,
    remedy: 'Tell the operator of this gateway to register a client there by hand and to set oauth.client_id.',
  });
}
