/** Where a caller's browser has to go to connect: a link with a ticket for callers who are no browser of ours. */
import type { Gateway } from '../../gateway.ts';
import { isOnePerson, type Principal } from '../../identity/principal.ts';
import type { Log } from '../../log-sink.ts';
import type { Told } from '../../oauth/errors.ts';
import { connectPath } from '../../openapi/connect.ts';
import { connectOperation } from '../../openapi/names.ts';
import type { Server } from '../../upstream/server.ts';

/** Who is told the link. */
export interface LinkReader {
  /** As this very server knows its callers. */
  readonly principal: Principal;
  /** True where the caller is the browser that will open the link: it is known there already. */
  readonly hasBrowser: boolean;
  /** What the caller brings a code to; default: the operation's name in the document of all servers. */
  readonly operation?: string;
  readonly log: Log;
}

/** `operation`: as texts call it; absent where the page behind the link shows no code. */
export interface LoginLink extends Pick<Told, 'operation'> {
  /** Absolute. */
  readonly link: string;
}

/**
 * The address where `reader` connects `server`. With a ticket where the reader is one person, known by a credential: a
 * browser that opens it may be known by none. Without one where the store fails; never rejects.
 */
export async function loginLinkTo(gateway: Gateway, server: Server, reader: LinkReader): Promise<LoginLink> {
  const { name, guarded, isPersonal } = server;
  const { principal, hasBrowser, log } = reader;
  const link = gateway.authorizeUrl(name);
  const isOwn = guarded !== undefined && isPersonal && gateway.servers.get(name) === server;
  if (!isOwn || hasBrowser || !isOnePerson(principal)) return { link };
  try {
    const { id: owner, label } = principal;
    const ticket = await gateway.logins.issueTicket(guarded, { owner, label });
    return { link: `${link}?ticket=${ticket}`, operation: reader.operation ?? connectOperationOf(gateway, name) };
  } catch (error) {
    log.warn({ server: name, err: error }, 'no link could be made for a caller');
    return { link };
  }
}

/** What takes a code for the server of that name, as models find it in the document of all servers, if it has a plain name there. */
export function connectOperationOf({ servers }: Gateway, name: string): string {
  const personal = [...servers.values()].filter(({ isPersonal }) => isPersonal);
  const all = personal.map((one) => ({ server: one.name, connect: connectPath(one.name, one.learned) }));
  return connectOperation(all, name) ?? `the connect operation of "${name}"`;
}
