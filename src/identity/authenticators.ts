/** The chain of authenticators: the first that knows the credential says who is calling. */
import type { AuthConfig, BasicAccount } from '../config/model.ts';
import { GatewayError } from '../errors.ts';
import type { Authorization } from './authorization.ts';
import { digest, matchesDigest } from './compare.ts';
import { API_KEY_HOLDER, type Principal } from './principal.ts';

/** Undefined: not mine. */
export type Authenticator = (authorization: Authorization) => Principal | undefined;

export interface IdentityOptions {
  readonly apiKey?: string | undefined;
  readonly auth?: AuthConfig | undefined;
}

export interface Identity {
  /** False when nothing is configured that could prove an identity: everyone is let in. */
  readonly required: boolean;
  /** True where a key or a token lets people in. */
  readonly asksKey: boolean;
  /** The configured user names. */
  readonly accounts: ReadonlySet<string>;
  /** Changes with the secret that proves `principal`; undefined where nothing configured does. For sessions to outlive no secret. */
  proofOf(principal: Principal): string | undefined;
  /** Who calls; throws 401 or 403 when the credential is missing or wrong. */
  authenticate(authorization: Authorization): Principal;
}

/** Builds the chain in its order: API key, configured bearer tokens, Basic. */
export function buildIdentity(options: IdentityOptions): Identity {
  const chain: Authenticator[] = [];
  if (options.apiKey !== undefined) chain.push(apiKey(options.apiKey));
  for (const token of options.auth?.bearer ?? []) chain.push(bearerToken(token));
  for (const account of options.auth?.basic ?? []) chain.push(basicAccount(account));
  const proofs = proofsOf(options);
  return {
    required: options.apiKey !== undefined || options.auth !== undefined,
    accounts: new Set(options.auth?.basic.map(({ username }) => username)),
    asksKey: options.apiKey !== undefined || (options.auth?.bearer.length ?? 0) > 0,
    proofOf: ({ id }) => proofs.get(id),
    authenticate: (authorization) => {
      for (const authenticator of chain) {
        const principal = authenticator(authorization);
        if (principal !== undefined) return principal;
      }
      throw refusal(authorization);
    },
  };
}

/** `Authorization: Bearer KEY`; for browsers also Basic with any user name and the key as password, as in mcpo. */
function apiKey(key: string): Authenticator {
  const expected = digest(key);
  return (authorization) => {
    if (authorization.scheme === 'bearer' && matchesDigest(authorization.token, expected)) return API_KEY_HOLDER;
    if (authorization.scheme === 'basic' && matchesDigest(authorization.password, expected)) return API_KEY_HOLDER;
    return undefined;
  };
}

function bearerToken(token: string): Authenticator {
  const expected = digest(token);
  const principal: Principal = { id: bearerId(token), via: 'bearer', label: 'bearer token' };
  return (authorization) =>
    authorization.scheme === 'bearer' && matchesDigest(authorization.token, expected) ? principal : undefined;
}

function basicAccount({ username, password }: BasicAccount): Authenticator {
  const expected = digest(`${username}\0${password}`);
  const principal: Principal = { id: basicId(username), via: 'basic', label: username };
  return (authorization) =>
    authorization.scheme === 'basic' && matchesDigest(`${authorization.username}\0${authorization.password}`, expected)
      ? principal
      : undefined;
}

function bearerId(token: string): string {
  return `bearer:${digest(token).toString('base64url')}`;
}

function basicId(username: string): string {
  return `basic:${username}`;
}

/** Of two accounts with one name either password counts, so a session is bound to both. */
function proofsOf({ apiKey: key, auth }: IdentityOptions): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  if (key !== undefined) secrets.set(API_KEY_HOLDER.id, key);
  for (const token of auth?.bearer ?? []) secrets.set(bearerId(token), token);
  for (const { username, password } of auth?.basic ?? []) {
    secrets.set(basicId(username), `${secrets.get(basicId(username)) ?? ''}\0${password}`);
  }
  return new Map([...secrets].map(([id, secret]) => [id, digest(`session\0${secret}`).toString('base64url')]));
}

const JWT_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** mcpo's statuses and texts; where a well-known mistake is visible, the text names the remedy. */
function refusal(authorization: Authorization): GatewayError {
  switch (authorization.scheme) {
    case 'bearer':
      return bearerRefusal(authorization.token);
    case 'basic':
      return new GatewayError('invalid_credentials', 403, 'Invalid credentials');
    case 'malformed-basic':
      return unauthorized('invalid_credentials', 'Invalid Basic Authentication format');
    default:
      return unauthorized('missing_credentials', 'Missing or invalid Authorization header');
  }
}

function bearerRefusal(token: string): GatewayError {
  if (token.startsWith('sk-')) {
    return unauthorized(
      'invalid_credentials',
      "This is not a key of this gateway. It looks like an Open WebUI API key: sign in to Open WebUI in the browser, or set the connection to Bearer with the gateway's own API key.",
    );
  }
  if (JWT_SHAPE.test(token)) {
    return unauthorized(
      'invalid_credentials',
      "This gateway does not accept JSON Web Tokens. In Open WebUI set the connection's authentication to Bearer with the gateway's own API key.",
    );
  }
  return new GatewayError('invalid_credentials', 403, 'Invalid API key');
}

function unauthorized(code: 'missing_credentials' | 'invalid_credentials', message: string): GatewayError {
  return new GatewayError(code, 401, message, { headers: { 'www-authenticate': 'Bearer' } });
}
