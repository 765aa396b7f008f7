/** Ends grants that nobody used for too long. */
import type { Log } from '../log-sink.ts';
import type { Expired, Grants } from './grants.ts';
import type { ProtectedServer } from './model.ts';
import { revokeGrant } from './revoke.ts';

/** Of each store in one sweep: what is left has its turn in the next. */
const MOST_GRANTS = 20;
/** Requests at a time, so that no authorization server is flooded. */
const AT_ONCE = 4;

/** Forgets them and revokes them at their authorization servers, a few at a time. `servers`: those configured now. */
export async function sweepGrants(
  grants: Grants,
  servers: ReadonlyMap<string, ProtectedServer>,
  log: Log,
): Promise<void> {
  const expired = await grants.sweep(MOST_GRANTS);
  for (let start = 0; start < expired.length; start += AT_ONCE) {
    await Promise.all(expired.slice(start, start + AT_ONCE).map((one) => endExpired(one, servers, log)));
  }
}

async function endExpired(
  { serverName, grant }: Expired,
  servers: ReadonlyMap<string, ProtectedServer>,
  log: Log,
): Promise<void> {
  const server = servers.get(serverName);
  // Which addresses may be asked hangs on the configured server: without it nobody is.
  const revoked = server?.url.href === grant.url && (await revokeGrant(server, grant, log));
  log.info({ server: serverName, revoked }, 'forgot a login that was not used for too long');
}
