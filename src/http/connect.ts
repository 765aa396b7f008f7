/** Answers `connect_<server>`: whether the caller's own account is connected, and where to connect it; a code ends a login. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';
import { FailureLimiter } from '../identity/failure-limiter.ts';
import { authorizationRequired, whoAreYou } from '../oauth/errors.ts';
import { codeRejected, noCode, nothingToConfirm } from '../oauth/hand-off-failures.ts';
import type { ConnectionStatus, Owner, ProtectedServer } from '../oauth/model.ts';
import { compileArguments } from '../schema/arguments.ts';
import type { Server } from '../upstream/server.ts';
import { readArguments } from './arguments.ts';
import type { CallTarget } from './context.ts';
import { loginLinkTo } from './login-link.ts';

export type ConnectAnswer = (target: CallTarget, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** Within a minute, from one caller; of one login no more than five are compared. */
const MOST_CODES = 30;

/** Models write a code of digits as a number. */
const ARGUMENTS = compileArguments({
  type: 'object',
  properties: { code: { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] } },
});

/** One or two sentences, as a JSON string: people and models read them. What goes wrong is thrown. */
export function connectAnswers(gateway: Gateway, howToName: string): ConnectAnswer {
  const codes = new FailureLimiter({ most: MOST_CODES });
  return async (target, request, reply) => {
    const { server, owner } = target;
    const { guarded } = server;
    const code = codeIn(request);
    let text: string;
    if (owner === undefined || guarded === undefined) {
      text = whoAreYou(server.name, gateway.authorizeUrl(server.name), howToName);
    } else if (code === undefined) {
      text = await standing(gateway, { server, guarded, owner }, request);
    } else {
      codes.count(owner);
      text = await confirmed(gateway, { server, guarded, owner }, code, request);
    }
    return reply
      .header('cache-control', 'private, no-store')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(text));
  };
}

/** One person at a server with logins. */
interface Caller {
  readonly server: Server;
  readonly guarded: ProtectedServer;
  readonly owner: Owner;
}

async function confirmed(gateway: Gateway, caller: Caller, code: string, request: FastifyRequest): Promise<string> {
  const { server, guarded, owner } = caller;
  const confirmation = await gateway.logins.confirm(guarded, owner, code);
  if (confirmation.kind === 'odd') throw noCode(server.name);
  if (confirmation.kind === 'wrong') throw codeRejected(server.name, confirmation.attemptsLeft);
  const status = await gateway.logins.status(guarded, owner);
  if (confirmation.kind === 'connected') {
    // The model goes on at once: the tools should be in the document by then.
    await gateway.loggedIn(server, owner);
    return `${connected(server, request, status)} Go on.`;
  }
  // Models say things twice: a code that has served already is no mistake.
  if (status.state !== 'connected') throw nothingToConfirm(server.name);
  return `${connected(server, request, status)} No login waits for a code now.`;
}

/** Whoever is not connected reads what a call would have told them; or that their code is still missing. */
async function standing(gateway: Gateway, caller: Caller, request: FastifyRequest): Promise<string> {
  const { server, guarded, owner } = caller;
  const { name } = server;
  const told = await loginLinkTo(gateway, name, request);
  const status = await gateway.logins.status(guarded, owner);
  if (status.state === 'connected') {
    return `${connected(server, request, status)} To use another account, open ${told.link} in a browser.`;
  }
  if (await gateway.logins.waitsFor(guarded, owner)) {
    return `A sign-in at "${name}" waits for its code: ask the user for the code on the page, and call this again with it. If the page is gone, ask them to open ${told.link} to begin again.`;
  }
  const reason =
    status.state === 'expired' ? `The sign-in at "${name}" has ended.` : `No account is connected at "${name}".`;
  return authorizationRequired(name, reason).told(told).message;
}

function codeIn(request: FastifyRequest): string | undefined {
  const { code } = readArguments(request, { arguments: ARGUMENTS });
  return code === undefined || code === null || code === '' ? undefined : String(code);
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
