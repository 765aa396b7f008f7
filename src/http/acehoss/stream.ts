/** HTTP+SSE in the words of acehoss/mcp-gateway: what its clients read where something is wrong. */
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { Message } from '../../upstream/peer/message.ts';
import { readBody } from '../mcp/body.ts';

/** True where clients know these words. */
export function isInContract({ server }: FastifyRequest): boolean {
  return server.shape === 'servers';
}

/** 400 for a session that is unknown or over, and for one of another caller or server; it repeats the caller's own URL. */
export function noTransport({ originalUrl }: FastifyRequest): GatewayError {
  const message = 'No active transport for this session; open the event stream again.';
  return new GatewayError('session_unknown', 400, message, { text: `No active transport for session ${originalUrl}` });
}

/** The messages that a body holds; throws 500 with the engine's words where it is no JSON, else as `readBody`. */
export function messagesIn(body: unknown): readonly Message[] {
  try {
    return readBody(body).messages;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'invalid_json') throw error;
    throw new GatewayError('invalid_json', 500, error.message, { text: syntaxError(String(body ?? '')) });
  }
}

function syntaxError(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return String(error);
  }
  return 'SyntaxError';
}
