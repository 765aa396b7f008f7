/** Asks a server something without a token, to see how it asks for a login. */
import type { ServerConfig } from '../config/model.ts';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log-sink.ts';
import { LoginError } from '../oauth/errors.ts';
import type { Challenge } from '../oauth/model.ts';
import { RefusedError } from './http-status.ts';
import { openSession } from './open-session.ts';
import { reasonOf } from './wire.ts';

const PROBE_MS = 10_000;
const IGNORE = { onToolsChanged: () => undefined, onLost: () => undefined };

/**
 * The Bearer challenge of the server, empty where it refused without one (2025-03-26); undefined where it told its
 * tools to nobody in particular. Some servers ask only beyond `initialize`, so the tools are listed, too.
 * Throws `LoginError` (`discovery_failed`) when the server cannot be reached.
 */
export async function probeChallenge(config: ServerConfig, log: Log): Promise<Challenge | undefined> {
  try {
    const { session } = await openSession(asNobody(config), log, IGNORE, AbortSignal.timeout(PROBE_MS));
    await session.close();
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return error.challenge ?? {};
    throw unreachable(config.name, error);
  }
}

/** Without a credential that the operator wrote down for everybody. */
function asNobody(config: ServerConfig): ServerConfig {
  const { endpoint } = config;
  if (endpoint.kind === 'stdio') return config;
  const headers = Object.entries(endpoint.headers).filter(([name]) => name.toLowerCase() !== 'authorization');
  return { ...config, endpoint: { ...endpoint, headers: Object.fromEntries(headers) } };
}

function unreachable(server: string, error: unknown): LoginError {
  const isOurs = error instanceof GatewayError;
  return new LoginError({
    code: 'discovery_failed',
    status: 502,
    title: 'The server cannot be reached',
    message: `"${server}" does not answer as an MCP server does, so latchkey cannot ask it how to sign in.`,
    remedy: 'Try again in a while. If it stays like this, tell the operator of this gateway.',
    privateDetail: isOurs ? reasonOf(error) : String(error),
    retry: true,
  });
}
