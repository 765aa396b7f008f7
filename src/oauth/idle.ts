/** Ends what nobody used for too long: grants, and logins that nobody confirmed. */
import type { Log } from '../log-sink.ts';
import type { Grants } from './grants.ts';
import type { ProtectedServer } from './model.ts';
import type { RevocableGrant, Revoke } from './revoke.ts';
import type { WaitingLogins } from './waiting.ts';

/** Of each store in one sweep: what is left has its turn in the next. */
const MOST_GRANTS = 20;
/** Requests at a time, so that no authorization server is flooded. */
const AT_ONCE = 4;

export interface SweepContext {
  /** Those configured now, by name. */
  readonly servers: ReadonlyMap<string, ProtectedServer>;
  readonly revoke: Revoke;
  readonly log: Log;
}

interface Expired {
  readonly serverName: string;
  /** The server's address when the tokens were got. */
  readonly url: string;
  readonly grant: RevocableGrant;
}

/** Forgets grants and revokes them at their authorization servers, a few at a time. */
export async function sweepGrants(context: SweepContext, grants: Grants): Promise<void> {
  const expired = await grants.sweep(MOST_GRANTS);
  const ends = expired.map(({ serverName, grant }) => ({ serverName, url: grant.url, grant }));
  await endAll(context, ends, 'forgot a login that was not used for too long');
}

/** As `sweepGrants`, for logins that waited too long for their code. */
export async function sweepWaiting(context: SweepContext, waiting: WaitingLogins): Promise<void> {
  const expired = await waiting.sweep(MOST_GRANTS);
  const ends = expired.map(({ serverName, url, login }) => ({ serverName, url, grant: login }));
  await endAll(context, ends, 'forgot a login that nobody confirmed in time');
}

async function endAll(context: SweepContext, expired: readonly Expired[], what: string): Promise<void> {
  for (let start = 0; start < expired.length; start += AT_ONCE) {
    await Promise.all(expired.slice(start, start + AT_ONCE).map((one) => end(context, one, what)));
  }
}

async function end(
  { servers, revoke, log }: SweepContext,
  { serverName, url, grant }: Expired,
  what: string,
): Promise<void> {
  const server = servers.get(serverName);
  // Which addresses may be asked hangs on the configured server: without it nobody is.
  const revoked = server?.url.href === url && (await revoke(server, grant));
  log.info({ server: serverName, revoked }, what);
}
