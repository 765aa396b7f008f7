/** Whoever is at the other end, as routes for people see them: whether they are known, and what they have connected. */
import type { FastifyRequest } from 'fastify';
import { type Realm, WHOLE_GATEWAY } from '../identity/credentials.ts';
import type { ConnectionStatus, Owner } from '../oauth/model.ts';
import type { Catalog } from '../upstream/catalog.ts';
import type { Server } from '../upstream/server.ts';
import { callerAt, realmOf } from './caller.ts';
import type { Site } from './site.ts';

/** True where a credential is asked for and none was shown. */
export function isStranger({ identity }: Pick<Site, 'identity'>, { principal }: FastifyRequest): boolean {
  return identity.required && principal.via === 'anonymous';
}

/** True where the page at `/login` has something to fill in. */
export function hasSignInForm({ identity }: Pick<Site, 'identity'>): boolean {
  return identity.asksKey || identity.accounts.size > 0;
}

/** True where a browser can show who it is in `realm`: with a key, an account, or the cookie of Open WebUI. */
export function canSignIn(
  site: Pick<Site, 'identity' | 'readsOpenWebuiCookie'>,
  { secretKey }: Realm = WHOLE_GATEWAY,
): boolean {
  return hasSignInForm(site) || (site.readsOpenWebuiCookie && secretKey === undefined);
}

/** True where no browser can show who it is at this server: its people come with a link from their chat. */
export function knowsByChat(site: Pick<Site, 'identity' | 'readsOpenWebuiCookie'>, server: Server): boolean {
  return site.identity.required && !canSignIn(site, realmOf(server));
}

/** Where a browser signs in; `next`: the path of ours to go on to, without the root path. */
export function signInPath(rootPath: string, next: string): string {
  return `${rootPath}/login?next=${encodeURIComponent(next)}`;
}

export interface OwnConnection {
  /** Undefined where nobody is known whose it could be; then the rest is too. */
  readonly owner: Owner | undefined;
  readonly status: ConnectionStatus | undefined;
  /** What the owner was shown last. */
  readonly catalog: Catalog | undefined;
}

/** What the caller has at a server with logins; from memory and the store, without the network. */
export async function connectionAt(
  { gateway, identity, isLocalOnly }: Pick<Site, 'gateway' | 'identity' | 'isLocalOnly'>,
  server: Server,
  request: FastifyRequest,
): Promise<OwnConnection> {
  const caller = await callerAt(identity, isLocalOnly, server, request);
  const isUnknown = identity.required && caller.via === 'anonymous';
  const owner = isUnknown ? undefined : gateway.ownerOf(server, caller);
  if (owner === undefined || server.guarded === undefined) {
    return { owner: undefined, status: undefined, catalog: undefined };
  }
  const catalog = server.isPersonal ? server.knownCatalog(owner) : server.catalog;
  return { owner, status: await gateway.logins.status(server.guarded, owner), catalog };
}
