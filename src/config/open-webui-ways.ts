/** Which of the ways to know the users of Open WebUI is in force, in words and for its connection. */

import type { ServerConfig } from './model.ts';
import { type Guard, isGuarded, namesUsers, verifiesTokens } from './open-webui.ts';
import { isLoopbackHost } from './values.ts';

/** Who can reach the gateway. */
export interface Surroundings {
  readonly host: string;
  readonly publicUrl: URL;
  readonly trustProxy: readonly string[];
}

/** A public address, and a proxy to trust, say that others come in as well. */
export function isForThisMachine({ host, publicUrl, trustProxy }: Surroundings): boolean {
  return isLoopbackHost(host) && isLoopbackHost(publicUrl.hostname) && trustProxy.length === 0;
}

/** Whose word counts of tokens that nobody verifies: anybody's, only that of this machine, or nobody's. */
export function unverifiedFrom(guard: Guard & Surroundings): 'anywhere' | 'this machine' | undefined {
  const { verifyJwt } = guard.openWebui;
  if (isGuarded(guard) || verifyJwt === true) return undefined;
  if (verifyJwt === false) return 'anywhere';
  return isForThisMachine(guard) ? 'this machine' : undefined;
}

/**
 * The authentication of a connection that makes users known; undefined: none does. With the signed header also programs
 * without a session are known, but servers with a secret of their own take nothing but tokens.
 */
export function connectionAuth(
  guard: Guard & Surroundings,
  servers: readonly ServerConfig[],
): 'session' | 'bearer' | undefined {
  const { apiKey, openWebui } = guard;
  const hasOwn = servers.some(hasOwnSecret);
  const verifies = verifiesTokens(openWebui);
  if (apiKey !== undefined && openWebui.userJwtSecret !== undefined && !(verifies && hasOwn)) return 'bearer';
  if (verifies) return 'session';
  if (namesUsers(guard)) return 'bearer';
  if (hasOwn) return 'session';
  return servers.some(isPersonal) && unverifiedFrom(guard) !== undefined ? 'session' : undefined;
}

/** One sentence or two for the operator; undefined where nobody has anything of their own and nothing is configured. */
export function waysInWords(guard: Guard & Surroundings, servers: readonly ServerConfig[]): string | undefined {
  const own = servers.filter(hasOwnSecret).map(({ name }) => name);
  const ways = waysOf(guard, servers.some(isPersonal));
  if (ways.length === 0 && !servers.some(isPersonal)) return undefined;
  const whole = `Users of Open WebUI are known by: ${ways.length === 0 ? 'nobody' : ways.join(', or ')}`;
  return own.length === 0 ? whole : `${whole}. By a secret of its own: ${own.join(', ')}`;
}

function waysOf(guard: Guard & Surroundings, anyPersonal: boolean): string[] {
  const { apiKey, openWebui } = guard;
  const { introspect, url, secretKey, userJwtSecret, trustForwardedUser } = openWebui;
  const verifying = [
    ...(secretKey === undefined ? [] : ['the shared secret']),
    ...(introspect && url !== undefined ? [`asking ${url}`] : []),
  ];
  const ways = verifying.length === 0 ? [] : [verifying.join(', then ')];
  if (apiKey !== undefined && userJwtSecret !== undefined) ways.push('the signed header beside the API key');
  else if (apiKey !== undefined && trustForwardedUser) ways.push('the plain header beside the API key');
  const from = anyPersonal ? unverifiedFrom(guard) : undefined;
  if (from !== undefined) ways.push(`tokens that nobody verifies, from ${from}`);
  return ways;
}

function hasOwnSecret({ oauth }: ServerConfig): boolean {
  return oauth?.webuiSecretKey !== undefined;
}

function isPersonal({ oauth }: ServerConfig): boolean {
  return oauth?.multiUser === true;
}
