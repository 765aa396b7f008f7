/** Errors in the shapes of acehoss/mcp-gateway, where its callers look at them. */
import type { FastifyRequest } from 'fastify';
import type { GatewayError } from '../../errors.ts';

/** What a caller is told: `error` itself, or as the contract of the file or of the path has it. */
export function inContract(error: GatewayError, _request: FastifyRequest): GatewayError {
  return error;
}
