/** Wrong credentials are counted, by address and account: passwords and keys can be guessed. */
import { GatewayError } from '../errors.ts';
import { type Identity, isJwt, isOwnToken } from '../identity/authenticators.ts';
import type { Authorization } from '../identity/authorization.ts';
import type { FailureLimiter } from '../identity/failure-limiter.ts';

export interface Guarded {
  readonly identity: Identity;
  readonly limiter: FailureLimiter;
}

/**
 * Whose credential it is; a wrong one is counted by address and account. Passwords can be guessed: a besieged account
 * waits, even for the right one. Throws what `check` throws, or 429.
 */
export function countingFailures<R>(
  authorization: Authorization,
  ip: string,
  { identity, limiter }: Guarded,
  check: () => R,
): R {
  const account = accountOf(authorization, ip, identity);
  if (account !== undefined) limiter.refuseIfExceeded(account);
  try {
    const checked = check();
    // What else is checked later is no guess: it was signed, or it belongs to a key that was right.
    if (!(checked instanceof Promise) || !isOwnToken(authorization)) return checked;
    return checked.catch((error: unknown) => noteFailure(error, authorization, ip, account, limiter)) as R;
  } catch (error) {
    return noteFailure(error, authorization, ip, account, limiter);
  }
}

function noteFailure(
  error: unknown,
  authorization: Authorization,
  ip: string,
  account: string | undefined,
  limiter: FailureLimiter,
): never {
  if (isGuess(authorization) && isRefusal(error)) {
    limiter.record(ip);
    if (account !== undefined) limiter.record(account);
    limiter.refuseIfExceeded(ip);
  }
  throw error;
}

/** Names that nobody has count as one: with the API key as password any name goes, so a fresh one must not help. */
function accountOf(authorization: Authorization, ip: string, { accounts }: Identity): string | undefined {
  if (authorization.scheme !== 'basic') return undefined;
  return `${ip} ${accounts.has(authorization.username) ? authorization.username : ''}`;
}

/** A right key with something else amiss beside it was no guess, nor is a token that is good elsewhere. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof GatewayError) || error.code === 'missing_credentials') return false;
  return error.status === 401 || error.status === 403;
}

/** A header that holds no secret is a misconfigured client, not an attacker; a signature cannot be guessed. */
function isGuess(authorization: Authorization): boolean {
  if (authorization.scheme === 'bearer') return !isJwt(authorization) || isOwnToken(authorization);
  return authorization.scheme === 'basic';
}
