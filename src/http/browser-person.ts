/** Who is at a browser that comes through a link: the person for whom it was made, somebody else, or nobody known. */
import type { FastifyRequest } from 'fastify';
import type { OpenWebuiConfig } from '../config/model.ts';
import { GatewayError } from '../errors.ts';
import type { Realm } from '../identity/credentials.ts';
import type { CookieUser } from '../identity/open-webui/users.ts';
import { isProven, type Principal } from '../identity/principal.ts';
import type { Owner } from '../oauth/model.ts';
import type { Server } from '../upstream/server.ts';
import { realmOf } from './caller.ts';
import type { Site } from './site.ts';

/** `cookie`, `sign-in`: what shows that it is the very person. */
export type BrowserPerson = 'cookie' | 'sign-in' | 'somebody-else' | 'unknown';

/**
 * Holds what the browser shows against the owner of a link. One sign of another person refuses, whatever the other sign
 * says: a cookie can be planted, and a sign-in be forgotten. `cookie`: the user of Open WebUI, where that can be told.
 */
export function personAt(owner: Owner, signedIn: Principal, cookie: Principal | undefined): BrowserPerson {
  const named = isProven(signedIn) ? signedIn.id : undefined;
  // Whom Open WebUI names says nothing of an account of another kind.
  const user = owner.startsWith('openwebui:') ? cookie?.id : undefined;
  if ((named !== undefined && named !== owner) || (user !== undefined && user !== owner)) return 'somebody-else';
  if (user !== undefined) return 'cookie';
  return named === undefined ? 'unknown' : 'sign-in';
}

/** True where the browser sends us Open WebUI's cookies: both are opened under one name (cookies know no ports). */
export function sharesHost(publicUrl: URL, { publicUrl: own, url }: OpenWebuiConfig): boolean {
  const theirs = own ?? url;
  return theirs !== undefined && URL.canParse(theirs) && new URL(theirs).hostname === publicUrl.hostname;
}

/**
 * Whom Open WebUI's cookie names, verified; undefined: nobody, or it cannot be told now. Only pages that go on to ask the
 * person may read it.
 */
export async function openWebuiUser(
  { identity, readsOpenWebuiCookie }: Pick<Site, 'identity' | 'readsOpenWebuiCookie'>,
  request: FastifyRequest,
  realm: Realm,
): Promise<CookieUser | undefined> {
  // With an `Authorization` header cookies are ignored: programs may send along whatever they have.
  if (!readsOpenWebuiCookie || request.headers.authorization !== undefined) return undefined;
  const token = soleToken(request.headers.cookie);
  if (token === undefined) return undefined;
  try {
    return await identity.cookieUser(token, realm, request.ip ?? '');
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

/** As `openWebuiUser`, where somebody of Open WebUI is who a login is for; of an account of another kind it says nothing. */
export async function userForHolder(
  site: Pick<Site, 'identity' | 'readsOpenWebuiCookie'>,
  request: FastifyRequest,
  server: Server,
  holder: Owner,
): Promise<CookieUser | undefined> {
  return holder.startsWith('openwebui:') ? openWebuiUser(site, request, realmOf(server)) : undefined;
}

/** Of two cookies of this name one was planted, and nobody can tell which. */
export function soleToken(header: string | undefined): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.split('='));
  const tokens = pairs.filter(([name = '']) => name.trim() === 'token');
  return tokens.length === 1 ? tokens[0]?.slice(1).join('=').trim() || undefined : undefined;
}
