/** The routes that each server with logins has, `/oauth/<server>/...`: the login, its state, and its end. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { clientDocument } from '../oauth/client-document.ts';
import { identityRequired } from '../oauth/errors.ts';
import { onlyFromChat } from '../oauth/hand-off-failures.ts';
import type { Owner } from '../oauth/model.ts';
import { callerLeft } from '../upstream/call-scope.ts';
import type { Server } from '../upstream/server.ts';
import { userForHolder } from './browser-person.ts';
import { cookiesOf, formOf, fromElsewhere } from './browser-sessions.ts';
import { isFetchedElsewhere, wantsHtml } from './context.ts';
import { notFound } from './errors.ts';
import { handOff } from './hand-off.ts';
import { answerCode, answerDone, drop, showCode, showDone } from './hand-off-end.ts';
import { comesByLink, queryOf } from './hand-off-signs.ts';
import { beginVisit } from './home.ts';
import { localPath } from './local-path.ts';
import { countAttempt, type LoginPlace, type LoginRoutesOptions, loginPlaceOf, ownerAt } from './login-place.ts';
import { loginStatus } from './login-status.ts';
import { endOfOthers } from './open-webui-offer.ts';
import { isStranger, knowsByChat, signInPath } from './person.ts';
import { FORM_BYTES } from './sign-in.ts';
import { loginRoute, type Site } from './site.ts';
import { LOGIN_PREFIX, LOGINS } from './targets.ts';

export function loginRoutes(app: FastifyInstance, site: LoginRoutesOptions): void {
  const config = { page: true };
  const schema = { hide: true };
  // No HEAD: who only looks must not begin a login or use up an answer.
  app.get(LOGINS, { config, schema, exposeHeadRoute: false }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const place = loginPlaceOf(request);
    switch (place.page) {
      case 'authorize':
        return comesByLink(request) ? handOff(site, place, request, reply) : authorize(site, place, request, reply);
      case 'callback':
        return callback(site, place, request, reply);
      case 'code':
        return answerCode(site, place, request, reply);
      case 'done':
        return answerDone(site, place, request, reply);
      case 'status':
        return reply.send(await loginStatus(site, place.server, request));
      case 'client-metadata.json':
        return reply.send(clientDocument(site.publicBase, place.guarded));
      default:
        throw notFound();
    }
  });
  app.post(LOGINS, { config, schema, bodyLimit: FORM_BYTES }, async (request, reply) => {
    const place = loginPlaceOf(request);
    switch (place.page) {
      case 'disconnect':
        return disconnect(site, place, request, reply);
      case 'drop':
        return drop(site, place, request, reply);
      default:
        throw notFound();
    }
  });
}

async function authorize(
  site: LoginRoutesOptions,
  { server, guarded }: LoginPlace,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { gateway, sessions, rootPath } = site;
  await endOfOthers(site, request, reply);
  if (isStranger(site, request)) {
    if (!wantsHtml(request)) throw identityRequired(server.name);
    if (knowsByChat(site, server) || isUserOfOthers(site, request)) throw onlyFromChat(server.name);
    return reply.redirect(signInPath(rootPath, request.url), 303);
  }
  countAttempt(site, request);
  if (request.headers.authorization === undefined) {
    if (request.browser === undefined) await beginVisit(site, request, reply);
    await sessions.change(request, (session) => ({ ...session, visited: visitedWith(session.visited, server.name) }));
  }
  const owner = ownerAt(site, server, request);
  const { next } = request.query as Record<string, unknown>;
  const begun = await gateway.logins.begin(guarded, owner, {
    bound: true,
    returnTo: localPath(typeof next === 'string' ? next : undefined),
    cookies: cookiesOf(request),
  });
  if (begun.cookie !== undefined) sessions.set(reply, { ...begun.cookie, path: `${rootPath}${LOGIN_PREFIX}` });
  return reply.redirect(begun.url.href, 302);
}

async function callback(
  site: LoginRoutesOptions,
  place: LoginPlace,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { gateway, sessions, rootPath } = site;
  const { server, guarded } = place;
  countAttempt(site, request);
  const owner = gateway.ownerOf(server, request.principal);
  // An id that somebody planted in this browser is worth nothing once there is something to have. Not before: any page
  // can send a browser here, and take it away before the new id has arrived.
  const beforeKept = async (): Promise<void> => {
    if (reply.raw.destroyed) throw callerLeft();
    await sessions.rotate(request, reply);
  };
  const cookies = cookiesOf(request);
  const cookieOwner = async (holder: Owner): Promise<Owner | undefined> =>
    (await userForHolder(site, request, server, holder))?.principal.id;
  const query = queryOf(request);
  const done = await gateway.logins.complete({ server: guarded, query, cookies, owner, cookieOwner, beforeKept });
  sessions.set(reply, { name: done.cookie, value: '', maxAgeSeconds: 0, path: `${rootPath}${LOGIN_PREFIX}` });
  if (done.waiting !== undefined) return showCode(site, place, done.waiting, reply);
  // The next page waits for the tools: until the browser has its new id, its other windows are strangers.
  void gateway.loggedIn(server, done.owner);
  if (done.owner !== owner) return showDone(site, place, done, reply);
  const home = `/?connected=${encodeURIComponent(server.name)}`;
  return reply.redirect(`${rootPath}${done.returnTo === '/' ? home : localPath(done.returnTo)}`, 303);
}

async function disconnect(
  site: LoginRoutesOptions,
  { server, guarded }: LoginPlace,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { gateway, sessions, identity, rootPath } = site;
  // A header is not sent unasked; a cookie is, so the form must be ours.
  if (request.browser !== undefined) sessions.checkForm(request, formOf(request));
  else if (isFetchedElsewhere(request)) throw fromElsewhere();
  const isNobody = request.principal.via === 'anonymous' && (identity.required || server.isPersonal);
  if (isNobody) throw identityRequired(server.name);
  const revoked = await gateway.logins.disconnect(guarded, ownerAt(site, server, request));
  const told = revoked ? '' : '&revoked=0';
  if (wantsHtml(request)) {
    return reply.redirect(`${rootPath}/?disconnected=${encodeURIComponent(server.name)}${told}`, 303);
  }
  return reply.send({ server: server.name, disconnected: true, revoked });
}

/** Signed in here by Open WebUI, which is nobody at a server with a secret of its own; to sign in again would not help. */
function isUserOfOthers({ principalOf }: Site, { browser }: FastifyRequest): boolean {
  return browser !== undefined && principalOf(browser.session).via === 'openwebui';
}

/** Bounded, since names come and go with reloads. */
function visitedWith(visited: readonly string[], server: string): string[] {
  return [...visited.filter((name) => name !== server), server].slice(-100);
}

/** Where a browser goes that opens a server which its person has never tried to connect. */
export function connectFirst(site: Site, server: Server, next: string): string {
  return `${loginRoute(site, server, 'authorize')}?next=${encodeURIComponent(next)}`;
}
