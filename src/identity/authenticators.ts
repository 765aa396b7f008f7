/** The chain of authenticators: the first that knows the credential says who is calling. */
import type { AuthConfig, BasicAccount } from '../config/model.ts';
import { GatewayError } from '../errors.ts';
import type { Authorization } from './authorization.ts';
import { digest, secretMatcher } from './compare.ts';
import type { Credentials, Realm } from './credentials.ts';
import type { CookieUser, OpenWebuiUsers } from './open-webui/users.ts';
import { isPersonalToken, type PersonalTokens, type TokenHolder } from './personal-tokens.ts';
import { API_KEY_HOLDER, type Principal } from './principal.ts';
import { unauthorized } from './refusals.ts';
import { tokenElsewhere, tokenOutlived } from './token-refusals.ts';

const JWT_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** One secret that lets people in. Undefined: not mine. */
export type Authenticator = (authorization: Authorization) => Principal | undefined;

export interface IdentityOptions {
  readonly apiKey?: string | undefined;
  readonly auth?: AuthConfig | undefined;
  readonly openWebui: OpenWebuiUsers;
  readonly tokens: Pick<PersonalTokens, 'find'>;
}

export interface Identity {
  /** False when nothing is configured that could prove an identity: everyone is let in. */
  readonly required: boolean;
  /** True where a key or a token lets people in. */
  readonly asksKey: boolean;
  /** The configured user names. */
  readonly accounts: ReadonlySet<string>;
  /** Changes with the secret that proves `principal`; undefined where nothing configured does. For sessions to outlive no secret. */
  proofOf(principal: Pick<Principal, 'id' | 'via'>): string | undefined;
  /** Whom a key, a token of the configuration or an account proves; throws 401 or 403 when it is missing or wrong. */
  signIn(authorization: Authorization): Principal;
  /** True where a credential may name somebody in `realm`, asked for or not. */
  reads(authorization: Authorization, realm: Realm): boolean;
  /**
   * Who calls; a promise only where that takes asking or computing. Throws or rejects with 401 or 403 when the credential
   * is missing or wrong, 400 where it is said twice, 429 or 503 where it cannot be checked now.
   */
  authenticate(credentials: Credentials, realm: Realm): Principal | Promise<Principal>;
  /** Whom the value of Open WebUI's `token` cookie names; see `OpenWebuiUsers`. */
  cookieUser(token: string, realm: Realm, from: string): Promise<CookieUser | undefined>;
}

/** Builds the chain in its order: API key, configured bearer tokens, personal tokens, JWTs; or Basic. */
export function buildIdentity(options: IdentityOptions): Identity {
  const chain: Authenticator[] = [];
  if (options.apiKey !== undefined) chain.push(apiKey(options.apiKey));
  for (const token of options.auth?.bearer ?? []) chain.push(bearerToken(token));
  for (const account of options.auth?.basic ?? []) chain.push(basicAccount(account));
  const proofs = proofsOf(options);
  const { openWebui, tokens } = options;
  const proofOf: Identity['proofOf'] = ({ id, via }) => (via === 'openwebui' ? openWebui.proof : proofs.get(id));
  const known = (authorization: Authorization): Principal | undefined => {
    for (const authenticator of chain) {
      const principal = authenticator(authorization);
      if (principal !== undefined) return principal;
    }
    return undefined;
  };
  const accepted = acceptedWords(options);
  const required = options.apiKey !== undefined || options.auth !== undefined || openWebui.admits;
  return {
    required,
    accounts: new Set(options.auth?.basic.map(({ username }) => username)),
    asksKey: options.apiKey !== undefined || (options.auth?.bearer.length ?? 0) > 0,
    proofOf,
    signIn: (authorization) => {
      const principal = known(authorization);
      if (principal === undefined) throw refusal(authorization, accepted);
      return principal;
    },
    // A personal token says whom it stands for: whoever shows one must not be taken for nobody.
    reads: (authorization, realm) =>
      required || isOwnToken(authorization) || (isJwt(authorization) && openWebui.reads(realm)),
    authenticate: (credentials, realm) => {
      const { authorization } = credentials;
      const principal = known(authorization);
      // A server with a secret of its own takes nobody's word but that for who a user of Open WebUI is.
      if (principal === API_KEY_HOLDER && realm.secretKey === undefined)
        return openWebui.byHeaders(credentials) ?? principal;
      if (principal !== undefined) return principal;
      if (authorization.scheme === 'bearer' && isPersonalToken(authorization.token)) {
        const found = tokens.find(authorization.token);
        if (found instanceof Promise) return found.then((holder) => holderIn(realm, holder, proofOf));
        return holderIn(realm, found, proofOf);
      }
      if (!isJwt(authorization)) throw refusal(authorization, accepted);
      const named = openWebui.byToken(authorization.token, realm, credentials);
      if (required && !(named instanceof Promise) && named.via === 'unverified') throw notLetIn();
      return named;
    },
    cookieUser: (token, realm, from) => openWebui.cookieUser(token, realm, from),
  };
}

/** A JWT is told by its shape: nothing else that lets people in here looks like one. */
export function isJwt(authorization: Authorization): authorization is Extract<Authorization, { scheme: 'bearer' }> {
  return authorization.scheme === 'bearer' && JWT_SHAPE.test(authorization.token);
}

/** A personal token is told by its prefix, right or wrong. */
export function isOwnToken(authorization: Authorization): boolean {
  return authorization.scheme === 'bearer' && isPersonalToken(authorization.token);
}

/** Whom a personal token names in `realm`. Throws 401 where its maker would not come in any more, or counts for nobody there. */
function holderIn(realm: Realm, { principal, maker, proof }: TokenHolder, proofOf: Identity['proofOf']): Principal {
  if (proofOf(maker) !== proof) throw tokenOutlived();
  // A server with a secret of its own takes nobody's word but that for who a user of Open WebUI is.
  if (maker.via === 'openwebui' && realm.secretKey !== undefined) throw tokenElsewhere();
  return principal;
}

/** `Authorization: Bearer KEY`; for browsers also Basic with any user name and the key as password, as in mcpo. */
function apiKey(key: string): Authenticator {
  const matches = secretMatcher(key);
  return (authorization) => {
    if (authorization.scheme === 'bearer' && matches(authorization.token)) return API_KEY_HOLDER;
    if (authorization.scheme === 'basic' && matches(authorization.password)) return API_KEY_HOLDER;
    return undefined;
  };
}

function bearerToken(token: string): Authenticator {
  // Spaces behind the scheme belong to no token that is read.
  const matches = secretMatcher(token.trimStart());
  const principal: Principal = { id: bearerId(token), via: 'bearer', label: 'bearer token' };
  return (authorization) => (authorization.scheme === 'bearer' && matches(authorization.token) ? principal : undefined);
}

function basicAccount({ username, password }: BasicAccount): Authenticator {
  const matches = secretMatcher(`${username}\0${password}`);
  const principal: Principal = { id: basicId(username), via: 'basic', label: username };
  return (authorization) =>
    authorization.scheme === 'basic' && matches(`${authorization.username}\0${authorization.password}`)
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

/** mcpo's statuses and texts; where a well-known mistake is visible, the text names the remedy. */
function refusal(authorization: Authorization, accepted: string | undefined): GatewayError {
  switch (authorization.scheme) {
    case 'bearer':
      return bearerRefusal(authorization.token, accepted);
    case 'basic':
      return new GatewayError('invalid_credentials', 403, 'Invalid credentials');
    case 'malformed-basic':
      return unauthorized('invalid_credentials', 'Invalid Basic Authentication format');
    default:
      return unauthorized('missing_credentials', 'Missing or invalid Authorization header');
  }
}

function bearerRefusal(token: string, accepted: string | undefined): GatewayError {
  if (/^["']|["']$/.test(token)) {
    const text = 'What comes behind Bearer has quotes around it, which belong to no credential. Send it without them.';
    return new GatewayError('invalid_credentials', 403, text);
  }
  if (token.startsWith('sk-')) {
    return unauthorized(
      'invalid_credentials',
      "This is an API key of Open WebUI or of a model provider, which says nothing here. Sign in to Open WebUI in the browser instead of using its API key, or set the connection's authentication to Bearer with this gateway's own API key.",
    );
  }
  if (JWT_SHAPE.test(token)) {
    return unauthorized('invalid_credentials', "This is a token, not a key. Use this gateway's own API key here.");
  }
  const text = accepted === undefined ? 'Invalid API key' : `This does not let anybody in here. ${accepted}`;
  return new GatewayError('invalid_credentials', 403, text);
}

/** What lets people in where there is no API key, of which mcpo's text speaks; undefined: there is one. */
function acceptedWords({ apiKey: key, auth, openWebui }: IdentityOptions): string | undefined {
  if (key !== undefined) return undefined;
  const ways = [
    ...(openWebui.admits ? ["the token of a user of Open WebUI (authentication of the connection: 'Session')"] : []),
    ...((auth?.bearer.length ?? 0) > 0 ? ['a token that the operator has given out'] : []),
    ...((auth?.basic.length ?? 0) > 0 ? ['a name and password (Basic)'] : []),
    ...(hasPeople(auth) ? ['an access token, which people make on the page of this gateway'] : []),
  ];
  return ways.length === 0
    ? 'Nothing does: its operator has to set a credential.'
    : `What does: ${ways.join(', or ')}.`;
}

/** True where people are known who can sign in, and make access tokens. */
function hasPeople(auth: AuthConfig | undefined): boolean {
  return auth !== undefined && auth.basic.length + auth.bearer.length > 0;
}

/** What nobody verified names somebody, and lets nobody in. */
function notLetIn(): GatewayError {
  return unauthorized(
    'invalid_credentials',
    'This gateway asks for a credential, and has nothing to verify tokens of Open WebUI with. Its operator can set open_webui.url, so that Open WebUI is asked, or webui_secret_key; or give the connection the API key as Bearer.',
  );
}
