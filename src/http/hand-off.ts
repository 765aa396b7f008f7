/** `/oauth/<server>/authorize?ticket=`: opened from a chat it only asks; its own link uses the ticket up and begins the login. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../identity/principal.ts';
import { flowsOf, isSecret, randomSecret } from '../oauth/flow.ts';
import type { TicketHolder } from '../oauth/hand-off.ts';
import { linkOfAnother, notInBrowser, ticketUnknown } from '../oauth/hand-off-failures.ts';
import type { Begun } from '../oauth/logins.ts';
import type { Owner } from '../oauth/model.ts';
import { agoWords } from '../web/hand-off-models.ts';
import { handOffPage } from '../web/views.ts';
import { type BrowserPerson, personAt, userForHolder } from './browser-person.ts';
import { cookiesOf } from './browser-sessions.ts';
import { header, wantsHtml } from './context.ts';
import { ASK_SECONDS, askCookie, linkCookie, repeated, repeats } from './hand-off-cookies.ts';
import { queryOf } from './hand-off-signs.ts';
import { countAttempt, type LoginPlace, type LoginRoutesOptions } from './login-place.ts';
import { loginRoute, type Site, sendPage } from './site.ts';
import { LOGIN_PREFIX } from './targets.ts';

/** What the person is asked about. */
interface Asked {
  readonly ticket: string;
  readonly holder: TicketHolder;
  readonly person: Exclude<BrowserPerson, 'somebody-else'>;
}

/** Asks, and begins once the person has said so in this very browser. Throws `ticket_unknown`, `flow_wrong_person`. */
export async function handOff(
  site: LoginRoutesOptions,
  place: LoginPlace,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const [ticket, ...more] = queryOf(request).getAll('ticket');
  if (ticket === undefined || more.length > 0 || !isSecret(ticket)) throw ticketUnknown();
  if (!wantsHtml(request)) throw notInBrowser();
  countAttempt(site, request);
  const holder = await site.gateway.logins.lookAtTicket(place.guarded, ticket);
  if (holder === undefined) throw ticketUnknown();
  const cookie = await userForHolder(site, request, place.server, holder.owner);
  const person = personAt(holder.owner, request.principal, cookie?.principal);
  if (person === 'somebody-else') throw refusalFor(holder.owner, request, cookie?.principal);
  const asked = { ticket, holder, person };
  return hasAgreed(site, request, ticket, person)
    ? begin(site, place, asked, request, reply)
    : ask(site, place, asked, reply);
}

/** Names the sign that spoke against it. */
function refusalFor(owner: Owner, { principal }: FastifyRequest, user: Principal | undefined): Error {
  return user !== undefined && user.id !== owner
    ? linkOfAnother('cookie', user.label)
    : linkOfAnother('sign-in', principal.label);
}

/** The page was shown to this browser, and its own link was followed: no other page, and no preview, can do that. */
function hasAgreed({ publicUrl }: Site, request: FastifyRequest, ticket: string, person: string): boolean {
  return (
    isFromOurPage(request, publicUrl) &&
    repeats(queryOf(request).get('go'), cookiesOf(request)[askCookie(ticket)], `go ${person}`)
  );
}

/** Over plain http browsers say no `Sec-Fetch-Site`; our page lets them send `Referer` to ourselves alone. */
function isFromOurPage(request: FastifyRequest, { origin }: URL): boolean {
  const site = header(request, 'sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  return header(request, 'referer')?.startsWith(`${origin}/`) === true;
}

/** Uses nothing up: programs of chats look at links before people do. */
function ask(
  site: LoginRoutesOptions,
  { server }: LoginPlace,
  { ticket, holder, person }: Asked,
  reply: FastifyReply,
): FastifyReply {
  const { rootPath, sessions } = site;
  const cookie = randomSecret();
  sessions.set(reply, { ...askCookieAt(rootPath, ticket), value: cookie, maxAgeSeconds: ASK_SECONDS });
  const go = new URLSearchParams({ ticket, go: repeated(cookie, `go ${person}`) });
  const page = handOffPage({
    // Without the bar of the person: this is not the place to sign in or out.
    rootPath,
    heading: `Connect an account at "${server.name}"?`,
    server: server.name,
    label: holder.label,
    id: holder.owner,
    asked: agoWords(holder.createdAt, Date.now()),
    proof: person === 'unknown' ? undefined : person,
    goUrl: `${loginRoute(site, server, 'authorize')}?${go}`,
  });
  return sendPage(reply, page);
}

async function begin(
  { gateway, sessions, rootPath }: LoginRoutesOptions,
  { server, guarded }: LoginPlace,
  { ticket, person }: Asked,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  sessions.set(reply, { ...askCookieAt(rootPath, ticket), value: '', maxAgeSeconds: 0 });
  const holder = await gateway.logins.useTicket(guarded, ticket);
  if (holder === undefined) throw ticketUnknown();
  const begun = await gateway.logins.begin(guarded, holder.owner, {
    bound: true,
    returnTo: '/',
    handOff: {
      person: gateway.ownerOf(server, request.principal),
      confirm: person === 'unknown',
      byCookie: person === 'cookie',
      label: holder.label,
    },
    cookies: cookiesOf(request),
  });
  keepFlow(begun, sessions, rootPath, reply);
  return reply.redirect(begun.url.href, 302);
}

function keepFlow(
  { cookie }: Begun,
  sessions: LoginRoutesOptions['sessions'],
  rootPath: string,
  reply: FastifyReply,
): void {
  if (cookie === undefined) return;
  const path = `${rootPath}${LOGIN_PREFIX}`;
  const [flow = ''] = flowsOf({ [cookie.name]: cookie.value });
  sessions.set(reply, { ...cookie, path });
  sessions.set(reply, { name: linkCookie(flow), value: 'begun', maxAgeSeconds: cookie.maxAgeSeconds, path });
}

function askCookieAt(rootPath: string, ticket: string): { readonly name: string; readonly path: string } {
  return { name: askCookie(ticket), path: `${rootPath}${LOGIN_PREFIX}` };
}
