/** Errors in the shapes of acehoss/mcp-gateway, where its callers look at them. */
import type { FastifyRequest } from 'fastify';
import { type ErrorCode, GatewayError } from '../../errors.ts';
import { isApi } from './path.ts';

/** What is asked for, whatever is configured, in the words that its clients know. */
const CHALLENGE = { 'www-authenticate': 'Basic realm="MCP Gateway", Bearer' };
/** Said wherever a credential is shown, as `Unauthorized` is. */
const OF_CREDENTIALS: ReadonlySet<ErrorCode> = new Set(['too_many_attempts', 'duplicate_authorization']);
/** The route of everything that is none of our own. */
const ELSEWHERE = '/*';

/**
 * What a caller is told: `error` itself, or as the contract of the file or of the path has it. What has a text or a
 * body of its own stays as it is: whoever made it knew who reads it.
 */
export function inContract(error: GatewayError, request: FastifyRequest): GatewayError {
  if (error.text !== undefined || error.body !== undefined) return error;
  const { shape } = request.server;
  if (shape === 'servers' && isRefusedCredential(error, request)) return asText(error, 401, 'Unauthorized', CHALLENGE);
  if (isApi(request)) return shape === 'mcpServers' && isRefusal(error) ? error : withMessage(error);
  if (shape !== 'servers') return error;
  if (error.code === 'not_found' && (isAtServer(request) || namesNothing(request))) return asText(error, 404, '');
  return isAtServer(request) || OF_CREDENTIALS.has(error.code) ? withMessage(error) : error;
}

/** Before anything else is looked at all wrong credentials are alike; who has come in is told what else is amiss. */
function isRefusedCredential({ status, code }: GatewayError, { principal }: FastifyRequest): boolean {
  return status === 401 || (code === 'invalid_credentials' && principal.via === 'anonymous');
}

/** mcpo has statuses and texts for these. */
function isRefusal({ status }: GatewayError): boolean {
  return status === 401 || status === 403;
}

/** `/<server>`, whose answers are the contract's; below it are addresses that the original does not have. */
function isAtServer({ place }: FastifyRequest): boolean {
  return place?.rest === '';
}

/** No server, and no route of ours. */
function namesNothing({ route, place }: FastifyRequest): boolean {
  return place === undefined && (route === undefined || route === ELSEWHERE);
}

/** The original sends what it has caught as text. */
function withMessage(error: GatewayError): GatewayError {
  return asText(error, error.status, `Error: ${error.message}`);
}

function asText(error: GatewayError, status: number, text: string, headers = {}): GatewayError {
  return new GatewayError(error.code, status, error.message, { text, headers: { ...error.headers, ...headers } });
}
