/** Answers `connect_<server>`: whether the caller's own account is connected, and where to connect it; a code ends a login. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';
import { FailureLimiter } from '../identity/failure-limiter.ts';
import { authorizationRequired, whoAreYou } from '../oauth/errors.ts';
import { codeRejected, nothingToConfirm } from '../oauth/hand-off-failures.ts';
import type { ConnectionStatus } from '../oauth/model.ts';
import { compileArguments } from '../schema/arguments.ts';
import type { Server } from '../upstream/server.ts';
import { readArguments } from './arguments.ts';
import type { CallTarget } from './context.ts';
import { type LoginLink, loginLinkTo } from './login-link.ts';

export type ConnectAnswer = (target: CallTarget, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** Within a minute, from one caller; of one login no more than five are compared. */
const MOST_CODES = 30;

/** Models write a code of digits as a number. */
const ARGUMENTS = compileArguments({
  type: 'object',
  properties: { code: { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] } },
});

/** One or two sentences, as a JSON string: people and models read them. What goes wrong is thrown. */
export function connectAnswers(gateway: Gateway): ConnectAnswer {
  const codes = new FailureLimiter({ most: MOST_CODES });
  return async (target, request, reply) => {
    const text = await answerFor(gateway, codes, target, request);
    return reply
      .header('cache-control', 'private, no-store')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(text));
  };
}

async function answerFor(
  gateway: Gateway,
  codes: FailureLimiter,
  { server, owner }: CallTarget,
  request: FastifyRequest,
): Promise<string> {
  const code = codeIn(request);
  const { guarded } = server;
  if (owner === undefined || guarded === undefined) return whoAreYou(server.name, gateway.authorizeUrl(server.name));
  if (code !== undefined) codes.count(owner);
  const confirmation = code === undefined ? undefined : await gateway.logins.confirm(guarded, owner, code);
  if (confirmation?.kind === 'wrong') throw codeRejected(server.name, confirmation.attemptsLeft);
  const status = await gateway.logins.status(guarded, owner);
  if (confirmation?.kind === 'connected') {
    // The model goes on at once: the tools should be in the document by then.
    await gateway.loggedIn(server, owner);
    return `${connected(server, request, status)} Go on.`;
  }
  // Models say things twice: a code that has served already is no mistake.
  const isLate = confirmation !== undefined;
  if (isLate && status.state !== 'connected') throw nothingToConfirm(server.name);
  const text = standing(server, request, status, await loginLinkTo(gateway, server.name, request));
  return isLate ? `${text} No login waits for a code now.` : text;
}

function codeIn(request: FastifyRequest): string | undefined {
  const { code } = readArguments(request, { arguments: ARGUMENTS });
  return code === undefined || code === null || code === '' ? undefined : String(code);
}

/** Whoever is not connected reads what a call would have told them. */
function standing(server: Server, request: FastifyRequest, status: ConnectionStatus, link: LoginLink): string {
  switch (status.state) {
    case 'connected':
      return `${connected(server, request, status)} To use another account, open ${link.url} in a browser.`;
    case 'expired':
      return needed(server, `The sign-in at "${server.name}" has ended.`, link);
    default:
      return needed(server, `No account is connected at "${server.name}".`, link);
  }
}

function needed({ name }: Server, reason: string, { url, operation }: LoginLink): string {
  return authorizationRequired(name, reason).told(url, operation).message;
}

function connected({ name }: Server, { principal }: FastifyRequest, status: ConnectionStatus): string {
  const { expiresAt, renews, account } = status;
  const until = expiresAt === undefined || renews === true ? '' : ` until ${isoMinute(expiresAt)}`;
  if (account !== undefined) return `Connected as ${account} at "${name}"${until}.`;
  // A visitor is called "this browser".
  const whose = principal.via === 'session' ? '' : ` for ${principal.label}`;
  return `Connected at "${name}"${whose}${until}.`;
}

function isoMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
