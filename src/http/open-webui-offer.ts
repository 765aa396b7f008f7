/** Offers a browser to go on as the user whom Open WebUI's cookie names; nobody is signed in before they say so. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WHOLE_GATEWAY } from '../identity/credentials.ts';
import type { FailureLimiter } from '../identity/failure-limiter.ts';
import type { Principal } from '../identity/principal.ts';
import { type WebSession, withoutSignIn } from '../identity/web-sessions.ts';
import type { PageModel } from '../web/models.ts';
import { openWebuiUser } from './browser-person.ts';
import { isFetchedElsewhere } from './context.ts';
import type { Site } from './site.ts';

export interface OfferOptions extends Site {
  /** Counts visits that made a session. */
  readonly visits: FailureLimiter;
}

/** What a page shows to a browser with a session that is nobody in particular; `next`: the local path to go on to. */
export async function offerTo(site: Site, request: FastifyRequest, next: string): Promise<Pick<PageModel, 'offer'>> {
  const { browser } = request;
  if (browser === undefined || !isOpen(site, request)) return {};
  const user = await openWebuiUser(site, request, WHOLE_GATEWAY);
  return user === undefined ? {} : offerOf(site, browser.session, user.principal, next);
}

function offerOf(
  { identity, sessions, rootPath }: Site,
  session: WebSession,
  user: Principal,
  next: string,
): Pick<PageModel, 'offer'> {
  if (identity.proofOf(user) === undefined) return {};
  const { id, label } = user;
  return { offer: { id, label, action: `${rootPath}/login`, csrf: sessions.formToken(session), next } };
}

/** As `offerTo`, for a page that makes no session for its own sake: the form of the offer needs one. */
export async function offerToStranger(
  site: OfferOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Pick<PageModel, 'offer'>> {
  if (request.browser !== undefined) return offerTo(site, request, '/');
  const { ip } = request;
  // Sessions are rows in the store: whoever asks for thousands gets the page alone, and nobody is asked who they are.
  if (!isOpen(site, request) || site.visits.isExceeded(ip)) return {};
  const user = await openWebuiUser(site, request, WHOLE_GATEWAY);
  // Others of the same address may have come while that was asked.
  if (user === undefined || site.visits.isExceeded(ip)) return {};
  site.visits.record(ip);
  const { session } = await site.sessions.ensure(request, reply);
  return offerOf(site, session, user.principal, '/');
}

/**
 * Who is signed in here by Open WebUI's cookie is so no longer once the cookie names somebody else: whoever is at the
 * browser now must not act as who was there before.
 */
export async function endOfOthers(site: Site, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { browser, principal } = request;
  if (browser === undefined || principal.via !== 'openwebui') return;
  const user = await openWebuiUser(site, request, WHOLE_GATEWAY);
  if (user === undefined || user.principal.id === principal.id) return;
  await site.sessions.rotate(request, reply, withoutSignIn(browser.session));
  request.principal = site.principalOf(request.browser?.session ?? browser.session);
}

function isOpen({ readsOpenWebuiCookie }: Site, request: FastifyRequest): boolean {
  const { via } = request.principal;
  return readsOpenWebuiCookie && (via === 'anonymous' || via === 'session') && !isFetchedElsewhere(request);
}
