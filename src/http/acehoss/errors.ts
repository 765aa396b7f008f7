/** Errors in the shapes of acehoss/mcp-gateway, where its callers look at them. */
import type { FastifyRequest } from 'fastify';
import { type ErrorCode, GatewayError } from '../../errors.ts';
import { BELOW_SERVERS } from '../context.ts';
import { isApi, isServersFile, isStreamAddress, isWrongCredential } from './contract.ts';

/** What is asked for, whatever is configured, in the words that its clients know. */
const CHALLENGE = { 'www-authenticate': 'Basic realm="MCP Gateway", Bearer' };
/** Said wherever a credential is shown, as `Unauthorized` is. */
const OF_CREDENTIALS: ReadonlySet<ErrorCode> = new Set(['too_many_attempts', 'duplicate_authorization']);

/** An error whose whole body is `text`. */
export function told(code: ErrorCode, status: number, text: string, headers = {}): GatewayError {
  return new GatewayError(code, status, text, { text, headers });
}

/** 404 where a path names no tool. */
export function invalidRoute(): GatewayError {
  return told('not_found', 404, 'Invalid REST route');
}

/**
 * What a caller is told: `error` itself, or as the contract of the file or of the path has it. What has a text or a
 * body of its own stays as it is: whoever made it knew who reads it.
 */
export function inContract(error: GatewayError, request: FastifyRequest): GatewayError {
  if (error.text !== undefined || error.body !== undefined) return error;
  if (isServersFile(request.server)) return underServersFile(error, request);
  return isApi(request) && !isRefusal(error) ? withMessage(error) : error;
}

function underServersFile(error: GatewayError, request: FastifyRequest): GatewayError {
  if (isWrongCredential(error, request)) return asText(error, 401, 'Unauthorized', CHALLENGE);
  if (isApi(request)) return withMessage(error);
  const isAtStreams = isStreamAddress(request);
  if (error.code === 'not_found' && (isAtStreams || namesNothing(request))) return asText(error, 404, '');
  return isAtStreams || OF_CREDENTIALS.has(error.code) ? withMessage(error) : error;
}

/** mcpo has statuses and texts for these. */
function isRefusal({ status }: GatewayError): boolean {
  return status === 401 || status === 403;
}

/** No server, and no route of ours. */
function namesNothing({ route, place }: FastifyRequest): boolean {
  return place === undefined && (route === undefined || route === BELOW_SERVERS);
}

/** The original sends what it has caught as text. */
function withMessage(error: GatewayError): GatewayError {
  return asText(error, error.status, `Error: ${error.message}`);
}

function asText(error: GatewayError, status: number, text: string, headers = {}): GatewayError {
  return new GatewayError(error.code, status, error.message, { text, headers: { ...error.headers, ...headers } });
}
