/** What an MCP client reads where a request is refused before it gets to a session: a JSON-RPC error that belongs to no request. */
import type { FastifyRequest } from 'fastify';
import type { ErrorCode, GatewayError } from '../../errors.ts';
import { failureMessage } from '../../mcp/failures.ts';
import { header, rawPath } from '../context.ts';

/** What may be refused before it is known, or because it is not known, what the address is. */
const ANYWHERE: ReadonlySet<ErrorCode> = new Set(['not_found', 'host_not_allowed', 'origin_not_allowed']);

const NO_SERVER = 'No MCP server is here. The addresses are /<server>/mcp and /mcp.';
/** Browsers add a password that they remember to requests of any page. */
const FOREIGN_BASIC =
  'A name and password do not count in requests of pages of another site, because browsers send them unasked.';

/** True where whoever gets `error` reads JSON-RPC: at an MCP endpoint, and where a client of MCP looks for one. */
export function readsJsonRpc({ code }: GatewayError, request: FastifyRequest): boolean {
  return request.mcp !== undefined || (ANYWHERE.has(code) && looksLikeMcp(request));
}

/** By the path and the headers alone: for a 404 no body is read. */
function looksLikeMcp(request: FastifyRequest): boolean {
  if (header(request, 'accept')?.includes('text/event-stream') === true) return true;
  if (request.method !== 'POST') return false;
  return (
    /\/(?:mcp|sse)\/?$/.test(rawPath(request.url)) ||
    Object.keys(request.headers).some((name) => name.startsWith('mcp-'))
  );
}

/**
 * The body of an answer whose status is the error's (2025-11-25, Streamable HTTP, sending messages 4). `howToShow`: how
 * a client shows a credential here.
 */
export function refusalText(error: GatewayError, request: FastifyRequest, howToShow: string): string {
  const { value } = failureMessage(0, error);
  const message = wordsFor(error, request, howToShow) ?? error.message;
  return JSON.stringify({ ...value, id: null, error: { ...(value.error as object), message } });
}

/** Where REST has mcpo's words, or there is more to say. */
function wordsFor({ code }: GatewayError, { mcp, headers }: FastifyRequest, howToShow: string): string | undefined {
  if (code === 'not_found' && mcp === undefined) return NO_SERVER;
  if (code !== 'missing_credentials') return undefined;
  const { authorization = '' } = headers;
  // A token that does not count here has a text of its own.
  if (/^bearer +\S/i.test(authorization)) return undefined;
  if (/^basic /i.test(authorization)) return `${FOREIGN_BASIC} ${howToShow}`;
  return authorization === '' ? howToShow : `The Authorization header is neither Bearer nor Basic. ${howToShow}`;
}
