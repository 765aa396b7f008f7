/** Whom Open WebUI says that it calls for: by the token of the user's session, or by headers beside the API key. */
import { LRUCache } from 'lru-cache';
import type { OpenWebuiConfig } from '../../config/model.ts';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log-sink.ts';
import type { Credentials, Realm } from '../credentials.ts';
import { type Principal, unverifiedPrincipal } from '../principal.ts';
import { unauthorized } from '../refusals.ts';
import { type ClaimRules, checkSession, checkUserId } from './claims.ts';
import { forwardedUser } from './forwarded-user.ts';
import { Introspection } from './introspection.ts';
import { type Clock, type Known, KnownUsers, type Verifier } from './known-users.ts';
import { readToken } from './token.ts';
import { byAsking, bySecret, byUserJwt } from './verifiers.ts';

/** Where a token comes from. */
export type Sender = Pick<Credentials, 'isLocal' | 'from'>;

export interface OpenWebuiUsers {
  /** True where a token is verified, by a secret of the gateway's own or by asking Open WebUI: tokens alone let people in. */
  readonly admits: boolean;
  /** Changes with what verifies tokens; undefined where nothing does. For sessions to outlive no secret. */
  readonly proof: string | undefined;
  /** True where a token would be looked at in `realm`, verified or not. */
  reads(realm: Realm): boolean;
  /**
   * Whom a JWT names; at once where it is known already. Throws or rejects with 401 `token_expired` or
   * `invalid_credentials`, 429 `too_many_attempts`, 503 `identity_unavailable`.
   */
  byToken(token: string, realm: Realm, sender: Sender): Principal | Promise<Principal>;
  /** For whom the holder of the API key calls; undefined: nobody is named. Throws or rejects with 400 or 401. */
  byHeaders(credentials: Pick<Credentials, 'header'>): Principal | Promise<Principal> | undefined;
  /**
   * Whom the value of Open WebUI's `token` cookie names, verified by a secret or by asking Open WebUI; undefined: nobody.
   * What the secret of `realm` alone verified says who somebody is there, and signs nobody in to the gateway as a whole.
   * Rejects with 429 `too_many_attempts` or 503 `identity_unavailable`. `from`: the address of the client.
   */
  cookieUser(token: string, realm: Realm, from: string): Promise<CookieUser | undefined>;
}

export interface CookieUser {
  readonly principal: Principal;
  /** When the cookie stops counting, in milliseconds since 1970; undefined: never. */
  readonly until?: number;
}

/** Where it does not matter: nobody is asked. */
const ANYWHERE = '';

/** Secrets of servers that were removed or changed are forgotten. */
const MOST_REALMS = 1_000;

/** Everything that `config` allows; `log` is told what an operator should know. */
export function openWebuiUsers(config: OpenWebuiConfig, log: Log, clock: Clock = Date): OpenWebuiUsers {
  const known = new KnownUsers(clock);
  const verifierOf = verifiers(config, log, clock);
  const whole = verifierOf({ isPersonal: false });
  const userJwt = config.userJwtSecret === undefined ? undefined : byUserJwt(config.userJwtSecret, clock);
  return {
    admits: whole !== undefined,
    proof: whole?.fingerprint,
    // Where each person has an account of their own a token that cannot be verified is refused, or believed; not ignored.
    reads: (realm) => realm.isPersonal || verifierOf(realm) !== undefined,
    byToken: (token, realm, sender) => {
      const verifier = verifierOf(realm);
      if (verifier !== undefined) return principalOf(known.find(token, verifier, sender.from));
      if (!isBelieved(config, realm, sender)) throw unverifiable();
      return unverified(token, clock.now());
    },
    byHeaders: (credentials) => {
      if (userJwt === undefined) return config.trustForwardedUser ? forwardedUser(credentials) : undefined;
      const token = credentials.header('x-openwebui-user-jwt');
      return token === undefined ? undefined : principalOf(known.find(token, userJwt, ANYWHERE));
    },
    cookieUser: async (token, realm, from) => {
      const verifier = verifierOf(realm);
      if (verifier === undefined) return undefined;
      try {
        const { principal, endsAt } = await known.find(token, verifier, from);
        return Number.isFinite(endsAt) ? { principal, until: endsAt } : { principal };
      } catch (error) {
        if (error instanceof GatewayError && error.status === 401) return undefined;
        throw error;
      }
    },
  };
}

/** A server's own secret goes before what the gateway as a whole verifies by; undefined: nothing verifies there. */
function verifiers(config: OpenWebuiConfig, log: Log, clock: Clock): (realm: Realm) => Verifier | undefined {
  const whole = verifierOfWhole(config, log, clock);
  const own = new LRUCache<string, Verifier>({ max: MOST_REALMS });
  return ({ secretKey }) => {
    if (secretKey === undefined) return whole;
    const before = own.get(secretKey);
    if (before !== undefined) return before;
    const made = bySecret(secretKey, 'oauth.webui_secret_key', rulesOf(config), clock);
    own.set(secretKey, made);
    return made;
  };
}

function verifierOfWhole(config: OpenWebuiConfig, log: Log, clock: Clock): Verifier | undefined {
  const { introspect, url, secretKey } = config;
  const rules = rulesOf(config);
  if (introspect && url !== undefined) return byAsking(new Introspection(url, log, { clock }), config, rules, clock);
  return secretKey === undefined ? undefined : bySecret(secretKey, 'webui_secret_key', rules, clock);
}

function rulesOf({ allowWithoutExpiry, maxTokenAgeMs }: OpenWebuiConfig): ClaimRules {
  return maxTokenAgeMs === undefined ? { allowWithoutExpiry } : { allowWithoutExpiry, maxTokenAgeMs };
}

function principalOf(found: Known | Promise<Known>): Principal | Promise<Principal> {
  return found instanceof Promise ? found.then(({ principal }) => principal) : found.principal;
}

/** Where nothing verifies tokens: never by accident, so unasked from this machine alone. */
function isBelieved({ verifyJwt }: OpenWebuiConfig, { isPersonal }: Realm, { isLocal }: Sender): boolean {
  return isPersonal && (verifyJwt === undefined ? isLocal : !verifyJwt);
}

function unverified(text: string, now: number): Principal {
  const { claims } = readToken(text);
  checkSession(claims, { allowWithoutExpiry: true }, now);
  return unverifiedPrincipal(checkUserId(claims.id, 'id'));
}

function unverifiable(): GatewayError {
  return unauthorized(
    'invalid_credentials',
    'This gateway has nothing to verify tokens of Open WebUI with. Its operator can set open_webui.url, so that Open WebUI is asked, or webui_secret_key; or give the connection the API key as Bearer.',
  );
}
