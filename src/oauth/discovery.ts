/** From an MCP server to its authorization server (MCP authorization, authorization server discovery). */
import { LRUCache } from 'lru-cache';
import type { AuthorizationServer } from 'oauth4webapi';
import { authorizationServer } from './authorization-server.ts';
import type { OAuthFetch } from './fetch.ts';
import { discoveryFailed, quoted } from './metadata-errors.ts';
import type { Challenge, Discovered, ProtectedServer } from './model.ts';
import { protectedResource } from './protected-resource.ts';
import { requestUrl } from './urls.ts';

interface Remembered {
  readonly issuer: string;
  readonly metadata: Promise<AuthorizationServer>;
}

const REMEMBERED_MS = 10 * 60_000;

export class Discovery {
  /** By server; one issuer each, because a server has one at a time. */
  readonly #remembered = new LRUCache<string, Remembered>({ max: 1000, ttl: REMEMBERED_MS });

  /** Always asks the network. Throws `LoginError` (`discovery_failed`, `metadata_rejected`, `address_not_allowed`). */
  async discover(server: ProtectedServer, challenge: Challenge | undefined, fetch: OAuthFetch): Promise<Discovered> {
    const published = await protectedResource(server, challenge, fetch);
    const issuer = published?.issuer ?? server.oauth.issuer;
    const found = issuer === undefined ? await legacyMetadata(server, fetch) : await metadataOf(server, issuer, fetch);
    const metadata = found ?? defaultEndpoints(legacyBase(server).origin);
    const { issuer: used } = metadata;
    if (found !== undefined) this.#remembered.set(keyOf(server), { issuer: used, metadata: Promise.resolve(metadata) });
    return {
      issuer: used,
      metadata,
      resource: resourceOf(server, published?.resource),
      scopesSupported: published?.scopesSupported,
      source: found === undefined ? 'default-endpoints' : 'metadata',
    };
  }

  /**
   * The metadata of an issuer that `discover` found before, for requests that follow a login; remembered for ten
   * minutes. Throws as `discover` does.
   */
  async rediscover(
    server: ProtectedServer,
    issuer: string,
    source: Discovered['source'],
    fetch: OAuthFetch,
  ): Promise<AuthorizationServer> {
    if (source === 'default-endpoints') return defaultEndpoints(issuer);
    const key = keyOf(server);
    const known = this.#remembered.get(key);
    if (known?.issuer === issuer) return known.metadata;
    const entry: Remembered = { issuer, metadata: metadataOf(server, issuer, fetch) };
    this.#remembered.set(key, entry);
    try {
      return await entry.metadata;
    } catch (error) {
      if (this.#remembered.get(key) === entry) this.#remembered.delete(key);
      throw error;
    }
  }

  /** Drops what is remembered of a server, so that a move to another authorization server is seen. */
  forget(server: ProtectedServer): void {
    this.#remembered.delete(keyOf(server));
  }
}

async function metadataOf(server: ProtectedServer, issuer: string, fetch: OAuthFetch): Promise<AuthorizationServer> {
  const metadata = await authorizationServer(server, issuer, 'exact', fetch);
  if (metadata !== undefined) return metadata;
  // Default endpoints are for servers that publish nothing at all; here they would be a guess at somebody else's.
  throw discoveryFailed(`The authorization server ${quoted(issuer)} publishes no metadata.`, {
    remedy: 'Tell the operator of that server.',
  });
}

/** A server of 2025-03-26: the authorization server is where the MCP server is, or where mcpo's `server_url` says. */
async function legacyMetadata(server: ProtectedServer, fetch: OAuthFetch): Promise<AuthorizationServer | undefined> {
  const { serverUrl } = server.oauth;
  const { origin } = legacyBase(server);
  const bases = new Set(serverUrl === undefined ? [origin] : [serverUrl, origin]);
  for (const base of bases) {
    const metadata = await authorizationServer(server, base, 'slash', fetch);
    if (metadata !== undefined) return metadata;
  }
  return undefined;
}

/** That revision drops the path of the address. */
function legacyBase(server: ProtectedServer): URL {
  const { serverUrl } = server.oauth;
  return serverUrl === undefined ? server.url : requestUrl(serverUrl, 'server_url', server.oauth);
}

/** Fallbacks of 2025-03-26 for servers without metadata. Nothing lists S256 there, yet PKCE is used. */
function defaultEndpoints(origin: string): AuthorizationServer {
  return {
    issuer: origin,
    authorization_endpoint: new URL('/authorize', origin).href,
    token_endpoint: new URL('/token', origin).href,
    registration_endpoint: new URL('/register', origin).href,
    code_challenge_methods_supported: ['S256'],
  };
}

/** Undefined: none is sent. Our own name for the server has no query, which may hold a key, and no lone slash. */
function resourceOf(server: ProtectedServer, published: string | undefined): string | undefined {
  const { resource } = server.oauth;
  if (resource === 'omit') return undefined;
  return resource ?? published ?? server.url.origin + server.url.pathname.replace(/^\/$/, '');
}

function keyOf(server: ProtectedServer): string {
  return JSON.stringify([server.name, server.url.href]);
}
