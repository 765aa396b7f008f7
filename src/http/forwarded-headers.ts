/** Which headers of a caller go on to the server (`client_header_forwarding`). */
import type { FastifyRequest } from 'fastify';
import type { ServerConfig } from '../config/model.ts';
import type { Gateway } from '../gateway.ts';
import { isJwt } from '../identity/authenticators.ts';
import { readAuthorization } from '../identity/authorization.ts';
import { wantedHeaders } from '../mcp/wrappers/forwarding.ts';

/** Never forwarded: they belong to the connection, to the body, to the protocol, or to a browser's session with us. */
const OURS =
  /^(?:host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-.*|accept|accept-encoding|expect|cookie|mcp-.*|last-event-id|origin|sec-.*)$/;

/**
 * The headers for one call, flat: name, value, name, value. Empty unless the entry switches forwarding on; never to a
 * server with logins, and never a value that authenticated the caller to us. `countsTokens`: whether some server
 * here knows its callers by tokens of its own.
 */
export function forwardedHeaders(
  request: FastifyRequest,
  config: ServerConfig,
  countsTokens: () => boolean,
): readonly string[] {
  const { forwardHeaders } = config;
  if (forwardHeaders === undefined || config.oauth) return NONE;
  const forwarded = wantedHeaders(forwardableHeaders(request, countsTokens), config);
  if (forwardHeaders.debug) {
    const names = forwarded.filter((_, index) => index % 2 === 0);
    request.log.info({ reqId: request.id, server: config.name, headers: names }, 'headers forwarded');
  }
  return forwarded;
}

/** True where some server is sent headers of its callers. */
export function isForwarding({ servers }: Gateway): boolean {
  for (const { config } of servers.values()) if (config.forwardHeaders !== undefined) return true;
  return false;
}

/** All headers that any server might be sent, flat; which of them one gets is for its entry to say. */
export function forwardableHeaders(request: FastifyRequest, countsTokens: () => boolean): readonly string[] {
  const forwardable: string[] = [];
  const hops = connectionOptions(request);
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value !== 'string' || OURS.test(name) || hops.has(name)) continue;
    if (hasProved(request, name) || (isToken(request, name) && countsTokens())) continue;
    forwardable.push(name, value);
  }
  return forwardable;
}

/** Arguments that a request of 2026-07-28 repeats in headers, flat (Streamable HTTP, custom headers from tool parameters). */
export function parameterHeadersOf({ headers }: FastifyRequest): readonly string[] {
  const found = Object.entries(headers).filter(([name]) => name.startsWith('mcp-param-'));
  return found.flatMap(([name, value]) => (typeof value === 'string' ? [name, value] : []));
}

/** A token that counts nowhere here may count at another server of ours. */
function isToken({ headers }: FastifyRequest, name: string): boolean {
  return name === 'authorization' && isJwt(readAuthorization(headers.authorization));
}

/** What proved to us who calls would prove it to everybody who gets to read it. */
function hasProved({ principal, headers }: FastifyRequest, name: string): boolean {
  if (principal.via === 'anonymous') return false;
  if (name === 'authorization') return true;
  // Beside the API key it is the header that says who it is; beside the token of a session nobody has looked at it.
  const isByHeader = principal.via === 'openwebui' && !isJwt(readAuthorization(headers.authorization));
  return isByHeader && name === SIGNED_USER;
}

/** RFC 9110 7.6.1: headers that `Connection` names are for the next hop alone. */
function connectionOptions(request: FastifyRequest): ReadonlySet<string> {
  const names = request.headers.connection?.split(',') ?? [];
  return new Set(names.map((name) => name.trim().toLowerCase()));
}

const SIGNED_USER = 'x-openwebui-user-jwt';

const NONE: readonly string[] = [];
