/** What a token endpoint answered, read leniently in form and strictly in substance; no I/O. */
import { type ProviderError, providerError, providerText } from './provider-text.ts';
import { unverifiedClaims } from './unverified-claims.ts';

/** What a token endpoint gave (RFC 6749 5.1). */
export interface Tokens {
  readonly accessToken: string;
  /** Undefined: none was given; at a refresh the old one stays good. */
  readonly refreshToken?: string;
  /** Of the access token, in milliseconds since 1970; undefined: not told. */
  readonly expiresAt?: number;
  /** Undefined: as it was asked for. */
  readonly scope?: string;
  /** What the person is called there, for people alone; undefined: not told. */
  readonly account?: string;
}

/**
 * Why there are no tokens: the code or refresh token is no good (`invalid_grant`), we are (`client_unknown`), the
 * resource is (`invalid_target`), something else of the request or of the answer is (`refused`), or nothing can be said
 * because no proper answer came (`unreachable`: another try later may succeed).
 */
export type TokenFailure = 'invalid_grant' | 'client_unknown' | 'invalid_target' | 'refused' | 'unreachable';

export interface TokenRefusal {
  readonly failure: TokenFailure;
  readonly provider?: ProviderError;
  /** For the log alone; holds nothing of the request or the answer. */
  readonly reason: string;
  /** What the request threw. */
  readonly cause?: unknown;
}

export type TokenResult = { readonly tokens: Tokens } | TokenRefusal;

const FAILURES: Readonly<Record<string, TokenFailure>> = {
  invalid_grant: 'invalid_grant',
  invalid_client: 'client_unknown',
  unauthorized_client: 'client_unknown',
  invalid_target: 'invalid_target',
  server_error: 'unreachable',
  temporarily_unavailable: 'unreachable',
};

/** What a token is made of (RFC 6749 A.12 and A.17), without blanks; it fits into a header (RFC 6750 2.1). */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;
/** More would not fit into pages and addresses. */
const LONGEST_SCOPE = 4_000;
/** In characters. */
const LONGEST_ACCOUNT = 100;
/** A token that is over before it is used would be renewed at each call. */
const SHORTEST_LIFE_SECONDS = 1;
/** Ten years: no longer life is believed, so that the time stays one that can be written as a date. */
const LONGEST_LIFE_SECONDS = 10 * 365 * 24 * 60 * 60;

/** Reads an answer that came at `now` (milliseconds since 1970); `secrets` are removed from the server's texts. */
export function readTokenAnswer(status: number, text: string, now: number, secrets: readonly string[]): TokenResult {
  if (status >= 500 || status === 429 || status === 408) return { failure: 'unreachable', reason: `HTTP ${status}` };
  const body = jsonObject(text);
  if (body === undefined) {
    return { failure: status === 401 ? 'client_unknown' : 'unreachable', reason: `HTTP ${status} without JSON` };
  }
  const provider = providerError(body.error, body.error_description, secrets);
  // Some servers answer an error with 200.
  if (status !== 200 || provider !== undefined) return refusalOf(status, provider);
  return readTokens(body, now, secrets);
}

function refusalOf(status: number, provider: ProviderError | undefined): TokenRefusal {
  const unnamed = status === 401 ? 'client_unknown' : status >= 400 || status < 300 ? 'refused' : 'unreachable';
  const named =
    provider !== undefined && Object.hasOwn(FAILURES, provider.error) ? FAILURES[provider.error] : undefined;
  return { failure: named ?? unnamed, reason: `HTTP ${status}`, ...(provider === undefined ? {} : { provider }) };
}

function readTokens(body: Readonly<Record<string, unknown>>, now: number, secrets: readonly string[]): TokenResult {
  const { access_token: accessToken, token_type: type, refresh_token: refreshToken, scope } = body;
  if (typeof accessToken !== 'string' || !TOKEN.test(accessToken)) return malformed('without a usable access_token');
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return malformed('with a token_type not Bearer');
  const expiresAt = expiryOf(body.expires_in, now);
  const account = accountOf(body.id_token, secrets);
  return {
    tokens: {
      accessToken,
      ...(typeof refreshToken === 'string' && TOKEN.test(refreshToken) ? { refreshToken } : {}),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(typeof scope === 'string' && scope.length <= LONGEST_SCOPE ? { scope } : {}),
      ...(account === undefined ? {} : { account }),
    },
  };
}

/**
 * Nothing is decided by an `id_token`: it only tells a person which of their accounts it is. It comes straight from the
 * token endpoint, so its signature need not be looked at (OpenID Connect Core 3.1.3.7, item 6).
 */
function accountOf(idToken: unknown, secrets: readonly string[]): string | undefined {
  const claims = typeof idToken === 'string' ? unverifiedClaims(idToken) : undefined;
  for (const name of ['email', 'preferred_username', 'name']) {
    const claim = claims?.[name];
    const text = typeof claim === 'string' ? providerText(claim, secrets, LONGEST_ACCOUNT) : '';
    if (text !== '') return text;
  }
  return undefined;
}

function malformed(how: string): TokenRefusal {
  return { failure: 'refused', reason: `a token answer ${how}` };
}

/** Zero and less are no lives: servers that send such things mean "no end" or nothing. */
function expiryOf(expiresIn: unknown, now: number): number | undefined {
  const seconds = typeof expiresIn === 'string' && expiresIn.trim() !== '' ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0) return undefined;
  return now + Math.max(SHORTEST_LIFE_SECONDS, Math.min(seconds, LONGEST_LIFE_SECONDS)) * 1000;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
