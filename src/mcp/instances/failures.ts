/** What callers are told whose call has reached nobody. */
import type { Server } from '../../upstream/server.ts';
import { NotSentError, reasonOf, unavailable } from '../../upstream/wire.ts';

const RETRY_SECONDS = 5;

/** 503 where there is nobody to talk to, and the reason for the log alone; what says itself what happened stays as it is. */
export function notReached({ name }: Pick<Server, 'name'>, error: unknown): unknown {
  if (!(error instanceof NotSentError)) return error;
  return unavailable(`The server "${name}" cannot be reached; try again shortly.`, RETRY_SECONDS, reasonOf(error));
}
