/** HTTP+SSE as the clients of acehoss/mcp-gateway know it: whose process a stream is, and what they read where something is wrong. */
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { McpEndpoints } from '../../mcp/endpoints.ts';
import type { Conversation } from '../../mcp/session/conversation.ts';
import type { Settings } from '../../settings.ts';
import type { Message } from '../../upstream/peer/message.ts';
import { MODERN } from '../../upstream/protocol.ts';
import { readBody } from '../mcp/body.ts';
import { callerIn } from '../mcp/caller.ts';
import type { StreamContract } from '../mcp/routes.ts';
import { isServersFile } from './contract.ts';
import { told } from './errors.ts';

/** Undefined where clients do not know it. */
export function streamContract(
  settings: Pick<Settings, 'shape'>,
  endpoints: Pick<McpEndpoints, 'bridge'>,
): StreamContract | undefined {
  if (!isServersFile(settings)) return undefined;
  return { begin: (request) => begin(endpoints, request), messagesOf, unknown: noTransport };
}

/**
 * A server that is a process is another one for each stream, and hears what the client says alone. One without sessions is
 * translated, as elsewhere.
 */
function begin(endpoints: Pick<McpEndpoints, 'bridge'>, request: FastifyRequest): Promise<Conversation> | undefined {
  const server = request.mcp?.server;
  if (server === undefined) return undefined;
  const { endpoint, protocolVersion } = server.config;
  if (endpoint.kind !== 'stdio' || protocolVersion === MODERN) return undefined;
  return endpoints.bridge(callerIn(request), { server, endpoint });
}

/** 400, which repeats the caller's own URL. */
function noTransport({ originalUrl }: FastifyRequest): GatewayError {
  return told('session_unknown', 400, `No active transport for session ${originalUrl}`);
}

/** Throws 500 with the engine's words where the body is no JSON, else as `readBody`. */
function messagesOf({ body }: FastifyRequest): readonly Message[] {
  try {
    return readBody(body).messages;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'invalid_json') throw error;
    throw told('invalid_json', 500, String(error.cause));
  }
}
