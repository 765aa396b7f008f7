/** What `connect_<server>` says: whether the caller's own account is connected, and where to connect it; a code ends a login. */
import type { Gateway } from '../../gateway.ts';
import type { Principal } from '../../identity/principal.ts';
import { authorizationRequired, whoAreYou } from '../../oauth/errors.ts';
import { codeRejected, noCode, nothingToConfirm } from '../../oauth/hand-off-failures.ts';
import type { ConnectionStatus, Owner, ProtectedServer } from '../../oauth/model.ts';
import { compileArguments } from '../../schema/arguments.ts';
import type { Server } from '../../upstream/server.ts';
import { type LinkReader, loginLinkTo } from './link.ts';

/** Models write a code of digits as a number. */
export const CONNECT_ARGUMENTS = compileArguments({
  type: 'object',
  properties: { code: { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] } },
});

/** The code in checked arguments; undefined: none was brought. */
export function codeIn({ code }: Readonly<Record<string, unknown>>): string | undefined {
  return code === undefined || code === null || code === '' ? undefined : String(code);
}

/** Who asks how to connect what. */
export interface ConnectQuestion {
  readonly server: Server;
  /** Whose account it would be; undefined: the caller may be many people. */
  readonly owner: Owner | undefined;
  readonly code: string | undefined;
  readonly reader: LinkReader;
  /** How callers can say who they are: a sentence, or nothing. */
  readonly howToName: string;
}

/**
 * One or two sentences, for people and models. Rejects with `GatewayError`: `code_rejected`, `nothing_to_confirm`,
 * `too_many_attempts` and what the store and the provider bring; of those a `LoginNeeded` still lacks the caller's link.
 */
export async function connectAnswer(gateway: Gateway, question: ConnectQuestion): Promise<string> {
  const { server, owner, code, reader, howToName } = question;
  const { guarded } = server;
  if (owner === undefined || guarded === undefined) {
    return whoAreYou(server.name, gateway.authorizeUrl(server.name), howToName);
  }
  const account = { server, guarded, owner };
  return code === undefined ? standing(gateway, account, reader) : confirmed(gateway, account, code, reader);
}

/** One person at a server with logins. */
interface Account {
  readonly server: Server;
  readonly guarded: ProtectedServer;
  readonly owner: Owner;
}

async function confirmed(gateway: Gateway, account: Account, code: string, reader: LinkReader): Promise<string> {
  const { server, guarded, owner } = account;
  gateway.logins.countCode(owner);
  const confirmation = await gateway.logins.confirm(guarded, owner, code);
  if (confirmation.kind === 'odd') throw noCode(server.name);
  if (confirmation.kind === 'wrong') throw codeRejected(server.name, confirmation.attemptsLeft);
  const status = await gateway.logins.status(guarded, owner);
  if (confirmation.kind === 'connected') {
    // The model goes on at once: the tools should be in the document by then.
    await gateway.loggedIn(server, owner);
    return `${connected(server, reader.principal, status)} Go on.`;
  }
  // Models say things twice: a code that has served already is no mistake.
  if (status.state !== 'connected') throw nothingToConfirm(server.name);
  return `${connected(server, reader.principal, status)} No login waits for a code now.`;
}

/** Whoever is not connected reads what a call would have told them; or that their code is still missing. */
async function standing(gateway: Gateway, account: Account, reader: LinkReader): Promise<string> {
  const { server, guarded, owner } = account;
  const { name } = server;
  const told = await loginLinkTo(gateway, server, reader);
  const status = await gateway.logins.status(guarded, owner);
  if (status.state === 'connected') {
    return `${connected(server, reader.principal, status)} To use another account, open ${told.link} in a browser.`;
  }
  if (await gateway.logins.waitsFor(guarded, owner)) {
    return `A sign-in at "${name}" waits for its code: ask the user for the code on the page, and call this again with it. If the page is gone, ask them to open ${told.link} to begin again.`;
  }
  const reason =
    status.state === 'expired' ? `The sign-in at "${name}" has ended.` : `No account is connected at "${name}".`;
  return authorizationRequired(name, reason).told(told).message;
}

function connected({ name }: Server, principal: Principal, status: ConnectionStatus): string {
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
