/** Offers a browser to go on as the user whom Open WebUI's cookie names; nobody is signed in before they say so. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WHOLE_GATEWAY } from '../identity/credentials.ts';
import type { PageModel } from '../web/models.ts';
import { openWebuiUser } from './browser-person.ts';
import { isFetchedElsewhere } from './context.ts';
import type { FailureLimiter } from './failure-limiter.ts';
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
  if (user === undefined || site.identity.proofOf(user.principal) === undefined) return {};
  const { label } = user.principal;
  const csrf = site.sessions.formToken(browser.session);
  return { offer: { label, action: `${site.rootPath}/login`, csrf, next } };
}

/** As `offerTo`, for a page that makes no session for its own sake: the form of the offer needs one. */
export async function offerToStranger(
  site: OfferOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Pick<PageModel, 'offer'>> {
  if (request.browser !== undefined) return offerTo(site, request, '/');
  const user = isOpen(site, request) ? await openWebuiUser(site, request, WHOLE_GATEWAY) : undefined;
  // Sessions are rows in the store: whoever asks for thousands gets the page alone.
  if (user === undefined || site.visits.isExceeded(request.ip)) return {};
  site.visits.record(request.ip);
  await site.sessions.ensure(request, reply);
  return offerTo(site, request, '/');
}

function isOpen({ readsOpenWebuiCookie }: Site, request: FastifyRequest): boolean {
  const { via } = request.principal;
  return readsOpenWebuiCookie && (via === 'anonymous' || via === 'session') && !isFetchedElsewhere(request);
}
