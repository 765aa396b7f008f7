/** Where a caller's browser has to go to connect: a link with a ticket for callers who are no browser of ours. */
import type { FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';
import { isOnePerson } from '../identity/principal.ts';
import type { Told } from '../oauth/errors.ts';
import { connectPath } from '../openapi/connect.ts';
import { connectOperation } from '../openapi/names.ts';

/** `operation`: as texts call it; absent where the page behind the link shows no code. */
export interface LoginLink extends Pick<Told, 'operation'> {
  readonly link: string;
}

/**
 * The address where the caller of `request` connects the server of that name. With a ticket where the caller is one
 * person, known by a credential: a browser that opens it may be known by none. Without one where the store fails.
 */
export async function loginLinkTo(gateway: Gateway, name: string, request: FastifyRequest): Promise<LoginLink> {
  const link = gateway.authorizeUrl(name);
  const { principal, place, browser } = request;
  // Who the caller is was told by what this very server asks for.
  const server = place?.server.name === name ? place.server : undefined;
  const isOwn = server?.guarded !== undefined && server.isPersonal && gateway.servers.get(name) === server;
  if (!isOwn || browser !== undefined || !isOnePerson(principal)) return { link };
  try {
    const { id: owner, label } = principal;
    const ticket = await gateway.logins.issueTicket(server.guarded, { owner, label });
    return { link: `${link}?ticket=${ticket}`, operation: connectOperationOf(gateway, name) };
  } catch (error) {
    request.log.warn({ reqId: request.id, server: name, err: error }, 'no link could be made for a caller');
    return { link };
  }
}

/** What takes a code for the server of that name, as models find it in the document of all servers, if it has a plain name there. */
export function connectOperationOf({ servers }: Gateway, name: string): string {
  const personal = [...servers.values()].filter(({ isPersonal }) => isPersonal);
  const all = personal.map((one) => ({ server: one.name, connect: connectPath(one.name, one.learned) }));
  return connectOperation(all, name) ?? `the connect operation of "${name}"`;
}
