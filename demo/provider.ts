/** An OAuth authorization server in this process, made with oidc-provider: for the demo and for the tests. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider, { type ClientMetadata, type Configuration, errors } from 'oidc-provider';
import type { MemoryState } from './memory-adapter.ts';
import { errorPage } from './pages.ts';

export interface ProviderOptions {
  /** Without a trailing slash. */
  readonly issuer: string;
  readonly state: MemoryState;
  readonly accounts: readonly string[];
  /** The scopes of every resource. */
  readonly scopes: readonly string[];
  /** In front of the names of its cookies, which know no ports. */
  readonly cookiePrefix: string;
  /** Lifetimes in seconds, asked for each token. */
  readonly accessTokenTtl: () => number;
  readonly refreshTokenTtl: () => number;
  readonly rotate: () => boolean;
  /** Whether clients may register themselves (RFC 7591). */
  readonly registration: boolean;
  /** Clients that are there from the start. */
  readonly clients?: readonly ClientMetadata[];
  /** The only resources (RFC 8707) that tokens are issued for; undefined: any. */
  readonly resources?: readonly string[];
}

/** Tokens are JWTs whose `aud` is the resource; PKCE is required; refresh tokens rotate and using one twice ends the grant. */
export function createProvider(options: ProviderOptions): Provider {
  return new Provider(options.issuer, { ...general(options), features: features(options), ...lifetimes(options) });
}

function general(options: ProviderOptions): Configuration {
  const { accounts, state, cookiePrefix, clients = [] } = options;
  return {
    adapter: state.factory,
    clients: [...clients],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: {
        session: `${cookiePrefix}session`,
        interaction: `${cookiePrefix}interaction`,
        resume: `${cookiePrefix}resume`,
      },
    },
    clientBasedCORS: () => false,
    findAccount: (_ctx, id) =>
      accounts.includes(id) ? { accountId: id, claims: () => ({ sub: id, name: id }) } : undefined,
    interactions: {
      url: (_ctx, { uid }) => `${new URL(options.issuer).pathname.replace(/\/$/, '')}/interaction/${uid}`,
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: [{ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) }] },
    pkce: { required: () => true },
    renderError: (ctx, { error, error_description: description }) => {
      ctx.type = 'html';
      ctx.body = errorPage(error, description ?? '');
    },
    rotateRefreshToken: options.rotate,
    // Where clients of servers without metadata look.
    routes: { authorization: '/authorize', token: '/token', registration: '/register', revocation: '/revoke' },
  };
}

function features({ scopes, resources, registration, accessTokenTtl }: ProviderOptions): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    registration: { enabled: registration },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => [],
      getResourceServerInfo: (_ctx, resource) => {
        if (resources !== undefined && !resources.includes(resource)) throw new errors.InvalidTarget();
        return {
          scope: scopes.join(' '),
          audience: resource,
          accessTokenTTL: accessTokenTtl(),
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        };
      },
      useGrantedResource: () => true,
    },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    rpInitiatedLogout: { enabled: false },
  };
}

const HOUR = 3600;

function lifetimes({ accessTokenTtl, refreshTokenTtl }: ProviderOptions): Configuration {
  return {
    // Else a refresh token dies with the browser's session.
    expiresWithSession: () => false,
    ttl: {
      AccessToken: accessTokenTtl,
      AuthorizationCode: 60,
      Grant: 24 * HOUR,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: refreshTokenTtl,
      Session: 24 * HOUR,
    },
  };
}
