/** Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0), checked. */
import type { AuthorizationServer } from 'oauth4webapi';
import type { OAuthFetch } from './fetch.ts';
import { firstDocument, type MetadataDocument, textList } from './metadata-document.ts';
import { discoveryFailed, metadataRejected, quoted } from './metadata-errors.ts';
import type { ProtectedServer } from './model.ts';
import { browserUrl, requestUrl, type UrlPolicy } from './urls.ts';

/** `exact`: RFC 8414 3.3. `slash`: of a 2025-03-26 server, whose issuer may have a last slash that its origin has not. */
export type IssuerMatch = 'exact' | 'slash';

const LISTS = [
  'scopes_supported',
  'response_types_supported',
  'grant_types_supported',
  'token_endpoint_auth_methods_supported',
  'revocation_endpoint_auth_methods_supported',
] as const;
const FLAGS = ['authorization_response_iss_parameter_supported', 'client_id_metadata_document_supported'] as const;

/**
 * The checked metadata of `issuer`: only the fields that a login uses, endpoints as published. Undefined where there
 * is none at any place (404 everywhere). Throws `LoginError`.
 */
export async function authorizationServer(
  server: ProtectedServer,
  issuer: string,
  match: IssuerMatch,
  fetch: OAuthFetch,
): Promise<AuthorizationServer | undefined> {
  const url = issuerUrl(issuer, server.oauth);
  const found = await firstDocument(metadataPlaces(url), fetch);
  if (found === 'none') return undefined;
  if (found === 'refused') throw discoveryFailed(`"${url.hostname}" refuses to say how to sign in.`);
  const published = checkIssuer(found.issuer, issuer, match);
  checkPkce(found);
  return {
    issuer: published,
    ...endpoints(found, server.oauth),
    code_challenge_methods_supported: ['S256'],
    ...rest(found),
  };
}

function issuerUrl(issuer: string, policy: UrlPolicy): URL {
  const url = requestUrl(issuer, 'issuer', policy);
  if (url.search !== '' || url.hash !== '')
    throw metadataRejected('The issuer has a query or a fragment (RFC 8414 2).');
  return url;
}

/** RFC 8414 3.1 and 5. The root is never asked for an issuer with a path: that is another issuer's place. */
function metadataPlaces({ origin, pathname }: URL): string[] {
  const path = pathname.replace(/\/$/, '');
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map((name) => `/.well-known/${name}${path}`);
  const appended = path === '' ? [] : [`${path}/.well-known/openid-configuration`];
  return [...inserted, ...appended].map((place) => origin + place);
}

/** RFC 8414 3.3: compared as text, because that is what tells one authorization server from another. */
function checkIssuer(published: unknown, issuer: string, match: IssuerMatch): string {
  const bare = (text: string): string => text.replace(/\/$/, '');
  if (published === issuer) return issuer;
  if (typeof published !== 'string') throw metadataRejected('The authorization server does not name its issuer.');
  const isSlash = bare(published) === bare(issuer);
  if (isSlash && match === 'slash') return published;
  const message = `The metadata of the authorization server ${quoted(issuer)} says that it is ${quoted(published)}.`;
  // The server named one and found is another: nobody should be talked into trusting that one.
  if (!isSlash && match === 'exact') throw metadataRejected(message);
  const remedy = `Tell the operator of this gateway to set "issuer" to ${quoted(published)} in the "oauth" of this server.`;
  throw metadataRejected(isSlash ? `${message} They differ in the last slash.` : message, { remedy });
}

/** MCP authorization: without S256 on the list a stolen code might be of use, so nothing is started. */
function checkPkce(document: MetadataDocument): void {
  if (textList(document.code_challenge_methods_supported)?.includes('S256') === true) return;
  throw metadataRejected('Its metadata does not list "S256", so a login could be stolen on its way back.', {
    title: 'The authorization server does not offer PKCE',
    remedy: 'Tell the operator of the authorization server to switch PKCE on.',
  });
}

function endpoints(document: MetadataDocument, policy: UrlPolicy): Partial<AuthorizationServer> {
  const checked = (name: string, check: typeof requestUrl, isRequired: boolean): Record<string, string> => {
    const text = document[name];
    if (text === undefined && !isRequired) return {};
    if (typeof text !== 'string')
      throw metadataRejected(`The metadata of the authorization server has no usable "${name}".`);
    check(text, name, policy);
    return { [name]: text };
  };
  return {
    ...checked('authorization_endpoint', browserUrl, true),
    ...checked('token_endpoint', requestUrl, true),
    ...checked('registration_endpoint', requestUrl, false),
    ...checked('revocation_endpoint', requestUrl, false),
  };
}

/** Fields of another type than they should have are left out, as are all that nobody reads. */
function rest(document: MetadataDocument): Partial<AuthorizationServer> {
  const lists = LISTS.flatMap((name) => {
    const list = textList(document[name]);
    return list === undefined ? [] : [[name, list] as const];
  });
  const flags = FLAGS.flatMap((name) => (typeof document[name] === 'boolean' ? [[name, document[name]] as const] : []));
  return Object.fromEntries([...lists, ...flags]);
}
