/** The client id metadata document: who we are, at the address that is our client id. */
import { isLoopbackHost } from '../config/values.ts';
import type { ProtectedServer } from './model.ts';
import { loginAddress } from './paths.ts';

/** Name of the client at `server`, as people see it on the consent page. */
export function clientName(server: ProtectedServer): string {
  return `latchkey (${server.name})`;
}

/**
 * The document that we host for `server` (draft-ietf-oauth-client-id-metadata-document 4.1), to be sent as JSON. A
 * public client: there is nobody to agree on a secret with.
 */
export function clientDocument(publicBase: string, server: ProtectedServer): Readonly<Record<string, unknown>> {
  return {
    client_id: loginAddress(publicBase, server.name, 'client-metadata.json'),
    client_name: clientName(server),
    redirect_uris: [loginAddress(publicBase, server.name, 'callback')],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
}

/**
 * The address of a document that stands for us in a login with `redirectUri`: the configured one, or our own where an
 * authorization server elsewhere can read it (https, and not of this machine alone) and finds the redirect URI in it.
 */
export function clientDocumentUrl(
  publicBase: string,
  server: ProtectedServer,
  redirectUri: string,
): string | undefined {
  if (server.oauth.clientMetadataUrl !== undefined) return server.oauth.clientMetadataUrl;
  const { protocol, hostname } = new URL(publicBase);
  if (protocol !== 'https:' || isLoopbackHost(hostname)) return undefined;
  if (redirectUri !== loginAddress(publicBase, server.name, 'callback')) return undefined;
  return loginAddress(publicBase, server.name, 'client-metadata.json');
}
