/** Where a caller's browser has to go to connect: a link with a ticket for callers who are no browser of ours. */
import type { FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';

/** The absolute address for this caller; with a ticket where the caller is one person and no browser session of ours. */
export async function loginLinkTo(gateway: Gateway, server: string, _request: FastifyRequest): Promise<string> {
  return gateway.authorizeUrl(server);
}
