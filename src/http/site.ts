/** What all pages have in common: the frame around them, their headers, and the addresses of servers. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../identity/authenticators.ts';
import { isProven, type Principal } from '../identity/principal.ts';
import type { WebSession } from '../identity/web-sessions.ts';
import { type LoginPage, loginPath } from '../oauth/paths.ts';
import type { RoutingOptions } from '../routing.ts';
import type { Server } from '../upstream/server.ts';
import type { PageModel } from '../web/models.ts';
import type { BrowserSessions } from './browser-sessions.ts';
import type { DocumentOptions } from './documents.ts';
import { canSignIn, isStranger, signInPath } from './person.ts';

/** What routes for people need to know of the house. */
export interface Site extends DocumentOptions {
  readonly identity: Identity;
  /** True where nobody but this machine is meant to come in. */
  readonly isLocalOnly: boolean;
  /** How a caller can say who it is, in words. */
  readonly howToName: string;
  /** Whom a session makes of a browser. */
  readonly principalOf: (session: WebSession) => Principal;
  readonly sessions: BrowserSessions;
  /** True where people open Open WebUI under our public host, so that its cookie may tell who they are. */
  readonly readsOpenWebuiCookie: boolean;
  readonly routing: RoutingOptions;
  readonly publicUrl: URL;
  /** Where people reach the gateway, root path included, without a trailing slash. */
  readonly publicBase: string;
}

/** Who is at the browser, for the frame around a page. */
export function frame(site: Site, request: FastifyRequest): Omit<PageModel, 'heading'> {
  const { rootPath, sessions, identity, gateway } = site;
  const { browser, principal } = request;
  // Back to where they are, unless that is the end of something.
  const next = request.method === 'GET' && !request.url.startsWith('/oauth/') ? request.url : '/';
  const hasAccount = isProven(principal);
  const mightSignIn = isStranger(site, request) || (!hasAccount && identity.accounts.size > 0);
  const loginUrl = canSignIn(site) && mightSignIn ? signInPath(rootPath, next) : undefined;
  // To a visitor of a gateway where nobody has anything of their own there is nothing to say.
  const hasOwn = hasAccount || [...gateway.servers.values()].some((server) => server.isPersonal);
  const isQuiet = !hasOwn && !identity.required;
  const isKnown = browser !== undefined && principal.via !== 'anonymous';
  return {
    rootPath,
    ...(loginUrl === undefined ? {} : { loginUrl }),
    ...(isKnown
      ? {
          person: {
            label: principal.label,
            kind: hasAccount ? 'signed-in' : 'visitor',
            csrf: sessions.formToken(browser.session),
            logoutUrl: `${rootPath}/logout`,
            isQuiet,
          },
        }
      : {}),
  };
}

/** What one person is told is for nobody else, not for a cache between us either (RFC 9111 5.2.2). */
export const PERSONAL_HEADERS = {
  'cache-control': 'private, no-store',
  vary: 'Authorization, Cookie, Origin',
} as const;

export function sendPage(reply: FastifyReply, html: string): FastifyReply {
  return reply
    .headers(reply.server.pageHeaders)
    .header('cache-control', 'private, no-store')
    .type('text/html; charset=utf-8')
    .send(html);
}

/** Where a server's own paths begin, as a browser needs it. */
export function serverPath({ rootPath, pathPrefix }: Site, server: Server): string {
  return `${rootPath}${pathPrefix}${encodeURI(server.name)}`;
}

/** One of the routes that each server with logins has, as a browser needs it. */
export function loginRoute({ rootPath }: Site, server: Server, page: LoginPage): string {
  return `${rootPath}${loginPath(server.name, page)}`;
}
