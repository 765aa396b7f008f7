/** What an MCP client reads where a request is refused before it gets to a session: a JSON-RPC error that belongs to no request. */
import type { GatewayError } from '../../errors.ts';
import { failureMessage } from '../../mcp/failures.ts';

/** The body of an answer whose status is the error's (2025-11-25, Streamable HTTP, sending messages 4). */
export function refusalText(error: GatewayError): string {
  return JSON.stringify({ ...failureMessage(0, error).value, id: null });
}
