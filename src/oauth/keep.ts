/** What becomes of the tokens of a login: they are kept as a grant, or nobody may go on having them. */
import { type NewGrant, sharesGrant } from './grant.ts';
import type { Grants } from './grants.ts';
import type { Owner, ProtectedServer } from './model.ts';
import type { RevocableGrant } from './revoke.ts';

export interface KeepContext {
  readonly grants: Grants;
  /** Called with tokens that nobody needs and that nothing else hangs on; to be revoked, without being waited for. */
  readonly onUnwanted: (server: ProtectedServer, grant: RevocableGrant) => void;
}

/** Stores the grant of `owner`. Rejects with `GatewayError` `storage_failed`. */
export async function keep(
  { grants, onUnwanted }: KeepContext,
  server: ProtectedServer,
  owner: Owner,
  login: NewGrant,
): Promise<void> {
  const { grant, replaced } = await grants.save(server, owner, login);
  if (replaced !== undefined && !sharesGrant(replaced, grant)) onUnwanted(server, replaced);
}

/**
 * Does `work` with the tokens of a login; where that fails nobody would ever revoke them, so we do. `owner`: whose live
 * grant is spared, which some authorization servers would end with them; undefined: nobody's is.
 */
export async function orRevoked<R>(
  { grants, onUnwanted }: KeepContext,
  server: ProtectedServer,
  owner: Owner | undefined,
  login: NewGrant,
  work: () => Promise<R>,
): Promise<R> {
  try {
    return await work();
  } catch (error) {
    const found = owner === undefined ? undefined : await grants.read(server, owner).catch(() => undefined);
    if (found?.grant.state !== 'live' || !sharesGrant(found.grant, login)) onUnwanted(server, login);
    throw error;
  }
}
