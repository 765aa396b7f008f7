/** What callers are told whose call has reached nobody. */
import type { GatewayError } from '../../errors.ts';
import type { Server } from '../../upstream/server.ts';
import { NotSentError, reasonOf, unavailable } from '../../upstream/wire.ts';

/** Until there may be somebody to talk to. */
const RETRY_SECONDS = 5;

/** 503 where there is nobody to talk to, and the reason for the log alone; what says itself what happened stays as it is. */
export function notReached({ name }: Pick<Server, 'name'>, error: unknown): unknown {
  if (!(error instanceof NotSentError)) return error;
  return unavailable(`The server "${name}" cannot be reached; try again shortly.`, RETRY_SECONDS, reasonOf(error));
}

/** 503 while its session takes more than `ms` to begin. */
export function notStartedYet({ name }: Pick<Server, 'name'>, ms: number): GatewayError {
  const seconds = ms / 1000;
  return unavailable(
    `The server "${name}" has not started within ${seconds} seconds; try again shortly.`,
    RETRY_SECONDS,
  );
}
