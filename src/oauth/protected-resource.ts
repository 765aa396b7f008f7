/** Protected resource metadata (RFC 9728): what the MCP server says of itself and of its authorization servers. */
import type { OAuthFetch } from './fetch.ts';
import { firstDocument, type MetadataDocument, textList } from './metadata-document.ts';
import { discoveryFailed, metadataRejected, quoted } from './metadata-errors.ts';
import type { Challenge, ProtectedServer } from './model.ts';
import { requestUrl } from './urls.ts';

export interface ProtectedResource {
  /** As published, byte for byte. */
  readonly resource: string;
  /** The authorization server to use, as published or as configured. */
  readonly issuer: string;
  readonly scopesSupported: readonly string[] | undefined;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const MAX_RESOURCE = 2048;

/**
 * Asks where the challenge points to, else at the place for the path, else at the root; stops at the first document.
 * Undefined where there is none at all: 404 everywhere, or any refusal where the configuration names the authorization
 * server. Throws `LoginError`.
 */
export async function protectedResource(
  server: ProtectedServer,
  challenge: Challenge | undefined,
  fetch: OAuthFetch,
): Promise<ProtectedResource | undefined> {
  const document = await search(server, challenge, fetch);
  if (document === undefined) return undefined;
  return {
    resource: checkResource(document.resource, server),
    issuer: chooseIssuer(textList(document.authorization_servers) ?? [], server),
    scopesSupported: textList(document.scopes_supported),
  };
}

async function search(
  server: ProtectedServer,
  challenge: Challenge | undefined,
  fetch: OAuthFetch,
): Promise<MetadataDocument | undefined> {
  if (challenge?.resourceMetadata !== undefined) {
    const place = requestUrl(challenge.resourceMetadata, 'resource_metadata', server.oauth);
    const found = await firstDocument([place.href], fetch);
    // Only "there is nothing" may lead elsewhere: otherwise the address that the server gave is the one that counts.
    if (found === 'refused') throw unreadable(place);
    if (found !== 'none') return found;
  }
  const found = await firstDocument(wellKnownPlaces(server.url), fetch);
  if (found !== 'none' && found !== 'refused') return found;
  const isNamed = server.oauth.issuer !== undefined || server.oauth.serverUrl !== undefined;
  if (found === 'refused' && !isNamed) throw unreadable(server.url);
  return undefined;
}

/** RFC 9728 3.1, as the MCP SDKs do it: without the last slash of the path. */
function wellKnownPlaces({ origin, pathname, search }: URL): string[] {
  const path = pathname.replace(/\/$/, '');
  return [...new Set([`${origin}${WELL_KNOWN}${path}${search}`, `${origin}${WELL_KNOWN}`])];
}

/**
 * RFC 9728 3.3: metadata of another resource would get us a token for that one, to be sent to this server. The identifier
 * has our origin and covers our path, whole segments only; or it is exactly what the operator configured.
 */
function checkResource(resource: unknown, server: ProtectedServer): string {
  if (typeof resource !== 'string' || resource.length > MAX_RESOURCE) {
    throw metadataRejected('The server publishes metadata without a usable "resource".');
  }
  if (resource === server.oauth.resource || covers(resource, server.url)) return resource;
  throw metadataRejected(`The server says that it is ${quoted(resource)}, which is not the address that it has here.`, {
    remedy: 'Tell the operator of this gateway: the "url" of this server has to be the one that it publishes.',
  });
}

function covers(resource: string, url: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const { origin, pathname, search, hash, username, password } = new URL(resource);
  if (origin !== url.origin || hash !== '' || username !== '' || password !== '') return false;
  if (search !== '' && search !== url.search) return false;
  return withSlash(url.pathname).startsWith(withSlash(pathname));
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** The configured issuer, if it is listed; else the first of the list, else the configured `server_url`. */
function chooseIssuer(listed: readonly string[], { oauth }: ProtectedServer): string {
  const [first] = listed;
  if (oauth.issuer !== undefined) {
    if (first !== undefined && !listed.some((issuer) => isSameButSlash(issuer, oauth.issuer ?? ''))) {
      throw metadataRejected(
        `The configuration insists on the issuer ${quoted(oauth.issuer)}, but the server names ${quoted(first)}.`,
        { remedy: 'Correct the "issuer" in the "oauth" of this server, or remove it.' },
      );
    }
    return oauth.issuer;
  }
  const issuer = first ?? oauth.serverUrl;
  if (issuer !== undefined) return issuer;
  throw metadataRejected('The server does not say which authorization server it uses.', {
    remedy: 'Set "issuer" in the "oauth" of this server.',
  });
}

/** An operator may settle a quarrel about the last slash, which the metadata of the issuer has to confirm. */
function isSameButSlash(one: string, other: string): boolean {
  return one.replace(/\/$/, '') === other.replace(/\/$/, '');
}

function unreadable(place: URL): Error {
  return discoveryFailed(`"${place.hostname}" refuses to say how to sign in.`, {
    remedy:
      'Tell the operator of this gateway; "issuer" in the "oauth" of this server helps where the server says nothing.',
  });
}
