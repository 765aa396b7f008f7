/** How a login that was begun in a chat ends in the browser: a code to bring back, or that it is done; and how it is taken back. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { connectOperationOf } from '../mcp/login/link.ts';
import { flowsOf } from '../oauth/flow.ts';
import type { Waiting } from '../oauth/hand-off.ts';
import { codeUnknown } from '../oauth/hand-off-failures.ts';
import type { Completed } from '../oauth/logins.ts';
import { momentWords } from '../web/time-words.ts';
import { codePage, toldPage } from '../web/views.ts';
import { cookiesOf, formOf, fromElsewhere } from './browser-sessions.ts';
import { isFetchedElsewhere } from './context.ts';
import {
  codeCookie,
  doneFor,
  isLoginId,
  type KeptCode,
  keptCode,
  linkCookie,
  readDone,
  readKeptCode,
  repeated,
  repeats,
} from './hand-off-cookies.ts';
import { queryOf } from './hand-off-signs.ts';
import type { LoginPlace } from './login-place.ts';
import { loginRoute, type Site, sendPage } from './site.ts';
import { LOGIN_PREFIX } from './targets.ts';

/** How long the page that says so can be reloaded. */
const DONE_SECONDS = 600;

/** The code stays in this browser for as long as it is good; the address of its page says nothing of it. */
export function showCode(site: Site, { server }: LoginPlace, waiting: Waiting, reply: FastifyReply): FastifyReply {
  const { id, code, label, lastsSeconds } = waiting;
  const kept = keptCode({ code, label, expiresAt: Date.now() + lastsSeconds * 1000 });
  const path = `${site.rootPath}${LOGIN_PREFIX}`;
  site.sessions.set(reply, { name: codeCookie(id), value: kept, maxAgeSeconds: lastsSeconds, path });
  return reply.redirect(`${loginRoute(site, server, 'code')}?login=${encodeURIComponent(id)}`, 303);
}

/** The account is connected for somebody whom this browser does not stand for: its pages here would not show it. */
export function showDone(site: Site, { server }: LoginPlace, done: Completed, reply: FastifyReply): FastifyReply {
  const [flow = ''] = flowsOf({ [done.cookie]: '' });
  const path = `${site.rootPath}${LOGIN_PREFIX}`;
  site.sessions.set(reply, {
    name: linkCookie(flow),
    value: doneFor(done.label ?? done.owner),
    maxAgeSeconds: DONE_SECONDS,
    path,
  });
  return reply.redirect(`${loginRoute(site, server, 'done')}?login=${encodeURIComponent(flow)}`, 303);
}

/** `GET /oauth/<server>/code?login=`. Throws `ticket_unknown` where this browser has no code. */
export async function answerCode(
  site: Site,
  place: LoginPlace,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { gateway, rootPath } = site;
  const { server, guarded } = place;
  const { login, kept, cookie } = codeOf(request, queryOf(request).get('login'));
  if (!(await gateway.logins.isWaiting(guarded, login))) return sendTold(site, reply, noLongerWaiting(place, kept));
  const page = codePage({
    rootPath,
    heading: 'Bring this code to your chat',
    server: server.name,
    label: kept.label,
    code: kept.code,
    operation: connectOperationOf(gateway, server.name),
    until: momentWords(kept.expiresAt, Date.now()),
    dropUrl: loginRoute(site, server, 'drop'),
    csrf: repeated(cookie, 'drop'),
    login,
  });
  return sendPage(reply, page);
}

/** `GET /oauth/<server>/done?login=`. Says nothing to a browser that has connected nothing. */
export function answerDone(
  site: Site,
  { server }: LoginPlace,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const login = queryOf(request).get('login');
  const label = isLoginId(login) ? readDone(cookiesOf(request)[linkCookie(login)]) : undefined;
  if (label === undefined) throw codeUnknown();
  const texts = [
    `The account at "${server.name}" that you have just signed in with was connected for ${label}.`,
    'Go back to your chat and go on there. You can close this page.',
  ];
  return sendTold(site, reply, { heading: 'Connected', texts });
}

/** `POST /oauth/<server>/drop`: only for the browser that signed in, and only from the page that it was shown. */
export async function drop(
  site: Site,
  place: LoginPlace,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (isFetchedElsewhere(request)) throw fromElsewhere();
  const form = formOf(request);
  const { login, kept, cookie } = codeOf(request, form.get('login'));
  if (!repeats(form.get('_csrf'), cookie, 'drop')) throw codeUnknown();
  const isDropped = await site.gateway.logins.drop(place.guarded, login);
  const path = `${site.rootPath}${LOGIN_PREFIX}`;
  site.sessions.set(reply, { name: codeCookie(login), value: '', maxAgeSeconds: 0, path });
  if (!isDropped) return sendTold(site, reply, noLongerWaiting(place, kept));
  const texts = [
    'Nothing was connected. The access that you gave was dropped, and revoked at the provider where that is offered.',
    'You can close this page.',
  ];
  return sendTold(site, reply, { heading: 'Cancelled', texts });
}

interface Told {
  readonly heading: string;
  readonly texts: readonly string[];
}

function noLongerWaiting({ server }: LoginPlace, { label }: KeptCode): Told {
  return {
    heading: 'This code is over',
    texts: [
      'Its login does not wait any more: the code was brought to a chat, it was cancelled, or it has expired.',
      `If the code was brought, ${label} now uses the account that you signed in with. If that was not you, remove the access of this gateway in the settings of your account at "${server.name}".`,
    ],
  };
}

/** The code that this browser was given for the login of that name. */
function codeOf(
  request: FastifyRequest,
  login: string | null,
): { readonly login: string; readonly kept: KeptCode; readonly cookie: string } {
  const cookie = isLoginId(login) ? cookiesOf(request)[codeCookie(login)] : undefined;
  const kept = readKeptCode(cookie, Date.now());
  if (login === null || cookie === undefined || kept === undefined) throw codeUnknown();
  return { login, kept, cookie };
}

function sendTold({ rootPath }: Site, reply: FastifyReply, told: Told): FastifyReply {
  return sendPage(reply, toldPage({ rootPath, ...told }));
}
