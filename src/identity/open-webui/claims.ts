/** Checks of what a token says, once it is known who signed it: pure functions, in the order in which they are made. */
import { unauthorized } from '../refusals.ts';
import { type Claims, malformed } from './token.ts';
import { isUserId } from './user-id.ts';

export interface ClaimRules {
  /** True: a token without `exp` counts too. */
  readonly allowWithoutExpiry: boolean;
  /** Tokens issued longer ago do not count; in milliseconds. */
  readonly maxTokenAgeMs?: number;
}

/** Kinds of tokens of Open WebUI since 0.12; those before say nothing. */
const KINDS: ReadonlySet<unknown> = new Set([undefined, 'session', 'automation', 'subagent']);
/** Clocks of two machines differ. */
const TOLERANCE_MS = 60_000;

/**
 * Throws 401 unless the token of a session counts at `now`; returns when it stops counting. Both in milliseconds since
 * 1970, `Infinity`: never.
 */
export function checkSession(claims: Claims, rules: ClaimRules, now: number): number {
  checkKind(claims);
  return checkTimes(claims, rules, now);
}

/** As `checkSession`, for what Open WebUI signs for one call. */
export function checkUserJwt(claims: Claims, now: number): number {
  if (claims.iss !== 'open-webui') throw refused('It does not say that Open WebUI issued it.');
  if ((timeOf(claims.exp) ?? Number.POSITIVE_INFINITY) <= now) throw headerExpired();
  return checkTimes(claims, { allowWithoutExpiry: false }, now);
}

/** Throws 401 where `value`, the claim called `name`, can be nobody's id. */
export function checkUserId(value: unknown, name: 'id' | 'sub'): string {
  if (isUserId(value)) return value;
  throw value === undefined || value === ''
    ? refused(`It names no user in "${name}".`)
    : refused(`Its "${name}" is no user id: 1 to 256 characters without spaces.`);
}

/** True for tokens of programs that Open WebUI runs for a user, which it does not take for a session itself. */
export function isOfProgram({ typ }: Claims): boolean {
  return typ === 'automation' || typ === 'subagent';
}

function checkKind({ typ }: Claims): void {
  if (!KINDS.has(typ)) throw refused('It is of a kind ("typ") that does not count here.');
}

/** RFC 7519 4.1.4 to 4.1.6: at `exp` it is over, to the millisecond. */
function checkTimes(claims: Claims, rules: ClaimRules, now: number): number {
  const [expires, starts, issued] = [timeOf(claims.exp), timeOf(claims.nbf), timeOf(claims.iat)];
  if (expires === undefined && !rules.allowWithoutExpiry) throw neverExpires();
  if (expires !== undefined && now >= expires) throw expired();
  if ((starts ?? 0) > now + TOLERANCE_MS || (issued ?? 0) > now + TOLERANCE_MS) throw fromTheFuture();
  const tooOld = tooOldAt(issued, rules);
  if (now >= tooOld) throw tooOldNow();
  return Math.min(expires ?? Number.POSITIVE_INFINITY, tooOld);
}

function tooOldAt(issued: number | undefined, { maxTokenAgeMs }: ClaimRules): number {
  if (maxTokenAgeMs === undefined) return Number.POSITIVE_INFINITY;
  if (issued === undefined) throw refused('It does not say when it was issued ("iat"), which this gateway asks for.');
  return issued + maxTokenAgeMs;
}

/** A NumericDate (RFC 7519 2) in milliseconds. */
function timeOf(claim: unknown): number | undefined {
  if (claim === undefined) return undefined;
  if (typeof claim !== 'number' || !Number.isFinite(claim)) throw malformed();
  return claim * 1000;
}

function expired(): Error {
  return unauthorized('token_expired', 'Your Open WebUI session has expired. Reload Open WebUI, and sign in again.');
}

/** It is made for each call, so that only clocks can be wrong. */
function headerExpired(): Error {
  return unauthorized(
    'token_expired',
    'The signed header of Open WebUI was over when it came: set the clocks of both machines right.',
  );
}

function tooOldNow(): Error {
  return unauthorized(
    'token_expired',
    'Your Open WebUI session was begun longer ago than this gateway allows. Sign out of Open WebUI, and sign in again.',
  );
}

function fromTheFuture(): Error {
  return unauthorized(
    'invalid_credentials',
    'This token of Open WebUI is from the future: set the clocks of both machines right.',
  );
}

function neverExpires(): Error {
  return unauthorized(
    'invalid_credentials',
    'This token of Open WebUI never expires ("exp"). Let JWT_EXPIRES_IN of Open WebUI be a time, or set open_webui.allow_tokens_without_exp here.',
  );
}

function refused(why: string): Error {
  return unauthorized(
    'invalid_credentials',
    `This token of Open WebUI does not count. ${why} Sign in to Open WebUI again.`,
  );
}
