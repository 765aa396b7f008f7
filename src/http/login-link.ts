/** Where a caller's browser has to go to connect: a link with a ticket for callers who are no browser of ours. */
import type { FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';
import { isOnePerson } from '../identity/principal.ts';
import { connectPath } from '../openapi/connect.ts';

export interface LoginLink {
  /** Absolute. */
  readonly url: string;
  /** What takes the code that the page behind the link may show; absent where it shows none. */
  readonly operation?: string;
}

/**
 * The address where the caller of `request` connects the server of that name. With a ticket where the caller is one
 * person, known by a credential: a browser that opens it may be known by none. Without one where the store fails.
 */
export async function loginLinkTo(gateway: Gateway, name: string, request: FastifyRequest): Promise<LoginLink> {
  const url = gateway.authorizeUrl(name);
  const { principal, place, browser } = request;
  // Who the caller is was told by what this very server asks for.
  const server = place?.server.name === name ? place.server : undefined;
  const isOwn = server?.guarded !== undefined && server.isPersonal && gateway.servers.get(name) === server;
  if (!isOwn || browser !== undefined || !isOnePerson(principal)) return { url };
  try {
    const { id: owner, label } = principal;
    const ticket = await gateway.logins.issueTicket(server.guarded, { owner, label });
    return { url: `${url}?ticket=${ticket}`, operation: connectPath(name, server.learned) };
  } catch (error) {
    request.log.warn({ reqId: request.id, server: name, err: error }, 'no link could be made for a caller');
    return { url };
  }
}
