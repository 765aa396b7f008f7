/** Where the caller of a request has to go to connect. */
import type { FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';
import { type LinkReader, type LoginLink, loginLinkTo } from '../mcp/login/link.ts';

/** The address where the caller of `request` connects the server of that name. */
export async function linkFor(gateway: Gateway, name: string, request: FastifyRequest): Promise<LoginLink> {
  const { place } = request;
  // Who the caller is was told by what this very server asks for.
  if (place?.server.name !== name) return { link: gateway.authorizeUrl(name) };
  return loginLinkTo(gateway, place.server, readerOf(request));
}

/** The caller of `request`, at the server that its path names. */
export function readerOf(request: FastifyRequest): LinkReader {
  const { principal, browser, log, id } = request;
  return { principal, hasBrowser: browser !== undefined, log: log.child({ reqId: id }) };
}
