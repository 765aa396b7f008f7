/** Who runs the gateway, as far as a request shows it: for what names files, commands, addresses and keys. */
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../identity/principal.ts';
import type { Settings } from '../settings.ts';
import { isFromThisMachine } from './caller.ts';
import { isSignedIn } from './session-principal.ts';
import type { Site } from './site.ts';

export interface AdminOptions extends Pick<Site, 'identity' | 'isLocalOnly'> {
  readonly settings: Pick<Settings, 'apiKey' | 'auth'>;
}

/**
 * True for the holder of the API key, by header or signed in, and for whom Open WebUI calls its admin. Where no API key is
 * configured, for accounts and tokens of `auth`; where there are none either, for the person at this machine.
 */
export function isAdmin(site: AdminOptions, request: FastifyRequest): boolean {
  const { settings, identity } = site;
  const { principal, browser } = request;
  if (principal.via === 'api-key' || principal.isAdmin === true) return true;
  if (settings.apiKey !== undefined) {
    const session = browser?.session;
    return session !== undefined && session.principal === undefined && isSignedIn(session, identity);
  }
  if (settings.auth !== undefined) return hasAccountHere(principal);
  return isNobody(request) && site.isLocalOnly && isFromThisMachine(request);
}

/** Whether the caller may read why something failed: admins, and whoever the operator gave an account or a token. */
export function mayKnowReasons(site: AdminOptions, request: FastifyRequest): boolean {
  return hasAccountHere(request.principal) || isAdmin(site, request);
}

function hasAccountHere({ via }: Principal): boolean {
  return via === 'basic' || via === 'bearer';
}

/**
 * Whoever comes as somebody is that one, also at this machine: Open WebUI may run here and call for all its users, with
 * tokens that are not even read where nothing can verify them.
 */
function isNobody({ headers, principal: { via } }: FastifyRequest): boolean {
  return headers.authorization === undefined && (via === 'anonymous' || via === 'session');
}
