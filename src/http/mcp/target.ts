/** Which paths are MCP endpoints. */
import type { FastifyRequest } from 'fastify';
import type { Gateway } from '../../gateway.ts';
import { header, type McpTarget, rawPath } from '../context.ts';

/** The endpoint of all servers; with a single one it is that one's. */
export const ALL_SERVERS = '/mcp';
export const MCP_METHODS = ['POST', 'GET', 'DELETE'] as const;
const ENDPOINT = 'mcp';
const STREAM = 'sse';
const EVENT_STREAM = 'text/event-stream';

/**
 * Undefined where the request is for something else. `place` must be known. `isForStreams`: this address of a server is for
 * nothing but event streams and their messages.
 */
export function mcpTarget(
  request: FastifyRequest,
  { servers }: Pick<Gateway, 'servers'>,
  isForStreams: boolean,
): McpTarget | undefined {
  const { place, route } = request;
  if (route === ALL_SERVERS) return { via: 'mcp', server: place?.server, servers };
  if (place === undefined) return undefined;
  const { server, rest } = place;
  if (rest === ENDPOINT) return { via: 'mcp', server, servers };
  return isStream(request, rest, isForStreams) ? { via: 'sse', server, servers } : undefined;
}

/** True for what follows a server's name at its MCP addresses, whatever the request is for. */
export function isMcpPath(rest: string): boolean {
  return rest === ENDPOINT || rest === STREAM;
}

/** HTTP+SSE of 2024-11-05: the stream, and the address for messages that it names. */
function isStream(request: FastifyRequest, rest: string, isForStreams: boolean): boolean {
  if (request.method === 'POST') return isForStreams || (rest === '' && sessionIdOf(request) !== undefined);
  if (request.method !== 'GET') return false;
  return isForStreams || rest === STREAM || (rest === '' && asksForStream(header(request, 'accept')));
}

/** People who name `text/html` get a page. */
function asksForStream(accept: string | undefined): boolean {
  return accept?.includes(EVENT_STREAM) === true && !accept.includes('text/html');
}

/** The session that the query of an address for messages names. */
export function sessionIdOf({ url }: FastifyRequest): string | undefined {
  const query = url.slice(rawPath(url).length);
  return query === '' ? undefined : (new URLSearchParams(query).get('sessionId') ?? undefined);
}
