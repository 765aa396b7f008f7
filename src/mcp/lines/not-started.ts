/** What a caller is told whose process the system could not start. */
import { GatewayError } from '../../errors.ts';
import type { StdioEndpoint } from '../../upstream/child-channel.ts';
import type { Server } from '../../upstream/server.ts';

/** In the words of acehoss/mcp-gateway. Only the code of what the system said: else it may repeat arguments. */
export function notStarted({ log }: Pick<Server, 'log'>, { command }: StdioEndpoint, error: unknown): GatewayError {
  const { code } = error as NodeJS.ErrnoException;
  const message = `spawn ${command} ${typeof code === 'string' ? code : 'failed'}`;
  log.warn({ reason: message }, 'the process of a session could not be started');
  return new GatewayError('start_failed', 500, message);
}
