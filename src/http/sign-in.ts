/** `/login` and `/logout`: a browser proves the API key, a token, an account or a user of Open WebUI, and its session remembers that. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import type { Authorization } from '../identity/authorization.ts';
import { WHOLE_GATEWAY } from '../identity/credentials.ts';
import type { FailureLimiter } from '../identity/failure-limiter.ts';
import { API_KEY_HOLDER, type Principal } from '../identity/principal.ts';
import { type WebSession, withoutSignIn } from '../identity/web-sessions.ts';
import { gatewayName } from '../web/models.ts';
import { loginPage, onwardPage } from '../web/views.ts';
import { openWebuiUser } from './browser-person.ts';
import { formOf } from './browser-sessions.ts';
import { countingFailures } from './guesses.ts';
import { localPath } from './local-path.ts';
import { offerTo } from './open-webui-offer.ts';
import { isStranger } from './person.ts';
import { warnOfShadowedTools } from './shadowed-tools.ts';
import { frame, type Site, sendPage } from './site.ts';

/** Far more than a form needs. */
export const FORM_BYTES = 16 * 1024;

/** How long a sign-in by Open WebUI's cookie lasts at most: what ends there cannot end it here. */
const USER_MS = 60 * 60 * 1000;

export interface SignInOptions extends Site {
  readonly limiter: FailureLimiter;
  readonly visits: FailureLimiter;
}

export function signInRoutes(app: FastifyInstance, options: SignInOptions): void {
  const config = { page: true };
  const hide = { hide: true };
  app.get<{ Querystring: { next?: string } }>('/login', { config, schema: hide }, async (request, reply) => {
    const next = localPath(textOf(request.query.next));
    // Who is in already has a page to go on to, not a form.
    const isIn = options.identity.required && !isStranger(options, request);
    return isIn && next !== '/' ? goOn(options, request, reply, next) : showForm(options, request, reply, next);
  });
  app.post('/login', { config, schema: hide, bodyLimit: FORM_BYTES }, (request, reply) =>
    signIn(options, request, reply),
  );
  app.post('/logout', { config, schema: hide, bodyLimit: FORM_BYTES }, (request, reply) =>
    signOut(options, request, reply),
  );
  warnOfShadowedTools(options.gateway, options.single, app.log);
}

async function showForm(
  site: SignInOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  next: string,
  problem?: string,
): Promise<FastifyReply> {
  const { identity, sessions, rootPath, title, visits } = site;
  if (!identity.required) return reply.redirect(`${rootPath}/`, 303);
  if (request.browser === undefined) visits.count(request.ip);
  const { session } = await sessions.ensure(request, reply);
  // It would lead here, and forget where one wanted to go.
  const { loginUrl: _, ...around } = frame(site, request);
  const page = loginPage({
    ...around,
    ...(await offerTo(site, request, next)),
    heading: `Sign in to ${gatewayName(title)}`,
    action: `${rootPath}/login`,
    csrf: sessions.formToken(session),
    next,
    asksKey: identity.asksKey,
    asksAccount: identity.accounts.size > 0,
    readsOpenWebuiCookie: site.readsOpenWebuiCookie,
    ...(problem === undefined ? {} : { problem }),
  });
  return sendPage(reply, page);
}

async function signIn(site: SignInOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { sessions, identity } = site;
  const form = formOf(request);
  sessions.checkForm(request, form);
  const next = localPath(form.get('next'));
  if (form.has('open_webui')) return continueAsUser(site, request, reply, next);
  let principal: Principal;
  try {
    const credential = credentialIn(form);
    principal = countingFailures(credential, request.ip, site, () => identity.signIn(credential));
  } catch (error) {
    if (!(error instanceof GatewayError) || error.status === 429) throw error;
    request.errorCode = error.code;
    reply.code(error.status === 401 ? 401 : 403);
    return showForm(site, request, reply, next, 'That did not match. Check it and try again.');
  }
  // Who holds the API key may be many people: the browser stays the visitor that it was.
  const named = principal.via === API_KEY_HOLDER.via ? {} : { principal };
  return enter(site, request, reply, next, { ...named, proof: identity.proofOf(principal) });
}

/** The person was shown whom Open WebUI's cookie names, and goes on as that user; for an hour, then they are asked again. */
async function continueAsUser(
  site: SignInOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  next: string,
): Promise<FastifyReply> {
  site.visits.count(request.ip);
  const user = await openWebuiUser(site, request, WHOLE_GATEWAY);
  const proof = user === undefined ? undefined : site.identity.proofOf(user.principal);
  // Another tab may have signed in as somebody else since: then the person is asked anew.
  if (user !== undefined && user.principal.id !== formOf(request).get('user'))
    return showForm(site, request, reply, next);
  if (user === undefined || proof === undefined) {
    reply.code(401);
    return showForm(site, request, reply, next, 'Open WebUI does not say who you are. Sign in there, then come back.');
  }
  const until = Math.min(user.until ?? Number.POSITIVE_INFINITY, Date.now() + USER_MS);
  return enter(site, request, reply, next, { principal: user.principal, proof, until });
}

interface SignedIn extends Pick<WebSession, 'principal' | 'until'> {
  readonly proof: string | undefined;
}

/** The session goes on under another id, as what was proved. */
async function enter(
  site: SignInOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  next: string,
  { proof, ...signedIn }: SignedIn,
): Promise<FastifyReply> {
  const { session } = await site.sessions.ensure(request, reply);
  const after = { ...withoutSignIn(session), ...signedIn, ...(proof === undefined ? {} : { proof }) };
  await site.sessions.rotate(request, reply, after);
  return next === '/' ? reply.redirect(`${site.rootPath}/`, 303) : goOn(site, request, reply, next);
}

/**
 * A page that leads on by itself: other paths than home may end at a provider, and browsers hold every redirect after a
 * form against our `form-action`. A `Refresh` is none.
 */
function goOn(site: SignInOptions, request: FastifyRequest, reply: FastifyReply, next: string): FastifyReply {
  if (request.browser !== undefined) request.principal = site.principalOf(request.browser.session);
  const nextUrl = `${site.rootPath}${next}`;
  reply.header('refresh', `0;url=${nextUrl}`);
  return sendPage(reply, onwardPage({ ...frame(site, request), heading: 'You are signed in', nextUrl }));
}

/** Either the key, or a name and a password; as the `Authorization` header would say it. */
function credentialIn(form: URLSearchParams): Authorization {
  const key = form.get('key');
  if (key !== null) return { scheme: 'bearer', token: key.trim() };
  return { scheme: 'basic', username: form.get('username') ?? '', password: form.get('password') ?? '' };
}

/**
 * A person is a visitor again. A visitor is forgotten, and so is everything that this browser has connected; also one
 * who came in with the API key, because the next one who has the key may be somebody else.
 */
async function signOut(site: SignInOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { sessions, gateway, rootPath } = site;
  sessions.checkForm(request, formOf(request));
  const session = request.browser?.session;
  if (session?.principal !== undefined) {
    await sessions.rotate(request, reply, withoutSignIn(session));
  } else {
    await gateway.disconnectAll(request.principal);
    await sessions.end(request, reply);
  }
  return reply.redirect(`${rootPath}/`, 303);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
