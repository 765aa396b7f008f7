/** What can be said of a grant, and what becomes of it: pure, without I/O. */
import type { Tokens } from './exchange.ts';
import type { ConnectionStatus, Grant, ProtectedServer } from './model.ts';
import { unionScope } from './scope.ts';

/** A grant as it lies in the store, with what is nobody else's business. */
export interface StoredGrant extends Grant {
  /** When the refresh token was sent without an answer stored yet, in milliseconds since 1970: nobody may send it again. */
  readonly refreshSentAt?: number;
  /** Operations that were refused for want of scopes since the last login; counted in `stepUps` once each. */
  readonly refusedOperations?: readonly string[];
}

/** What a login brings; the rest of a grant is ours. */
export type NewGrant = Pick<Grant, 'issuer' | 'source' | 'client' | 'accessToken'> &
  Partial<Pick<Grant, 'resource' | 'refreshToken' | 'expiresAt' | 'requestedScope' | 'scope' | 'account'>>;

/** A token is renewed this long before its end, but never for more than a tenth of its life. */
const LONGEST_MARGIN_MS = 60_000;
/** A server that does not accept a token says so sooner than this. */
const PROOF_MS = 10_000;
/** Step-ups that are remembered of one grant; tool names come from the server, so there may be any number. */
const MOST_STEP_UPS = 50;
/** Logins that are offered for one operation, each after a refusal. */
const MOST_OFFERS = 2;
/** A request for more than this would not fit into an address that servers accept. */
const LONGEST_SCOPE = 4_000;

/** True where the grant, which lies under the server's address, is also one of the issuer and resource to insist on now. */
export function belongsTo(grant: Grant, server: ProtectedServer): boolean {
  const { issuer, resource } = server.oauth;
  if (issuer !== undefined && grant.issuer !== issuer) return false;
  return resource === undefined || grant.resource === (resource === 'omit' ? undefined : resource);
}

/** The access token where it may be sent without a thought. One that cannot be renewed is good to its very end. */
export function freshToken(grant: Grant, now: number): string | undefined {
  const { expiresAt, refreshToken } = grant;
  const margin = expiresAt === undefined || refreshToken === undefined ? 0 : marginOf(grant, expiresAt);
  return usableToken(grant, now + margin);
}

/** The access token where it may still be sent, though it should be renewed. An unknown end is good until refused. */
export function usableToken(grant: Grant, now: number): string | undefined {
  if (grant.state !== 'live') return undefined;
  return grant.expiresAt === undefined || now < grant.expiresAt ? grant.accessToken : undefined;
}

function marginOf(grant: Grant, expiresAt: number): number {
  const life = expiresAt - (grant.refreshedAt ?? grant.createdAt);
  return Math.max(0, Math.min(LONGEST_MARGIN_MS, life / 10));
}

/**
 * True where the access token comes from a refresh so recent that no server can have accepted it for long: refused, it
 * would be refused again after the next refresh. Nobody tells us of requests that succeed, so time has to.
 */
export function isUnproven(grant: Grant, now: number): boolean {
  return grant.refreshedAt !== undefined && now - grant.refreshedAt < PROOF_MS;
}

/** The grant after a login. `previous` is whatever lay there before; its generation goes on growing. */
export function begun(
  server: ProtectedServer,
  login: NewGrant,
  previous: StoredGrant | undefined,
  now: number,
): StoredGrant {
  const stepUps = carriedStepUps(previous);
  return {
    ...login,
    url: server.url.href,
    // From the clock, so that a login after a removal is never taken for the one that was removed.
    generation: Math.max(now, (previous?.generation ?? 0) + 1),
    state: 'live',
    createdAt: now,
    ...(stepUps === undefined ? {} : { stepUps }),
  };
}

/** The grant with new tokens; the old refresh token stays where none came (RFC 6749 6). */
export function renewed(grant: StoredGrant, tokens: Tokens, now: number): StoredGrant {
  const kept = without(grant, 'expiresAt', 'refreshSentAt');
  return { ...kept, ...tokens, generation: grant.generation + 1, refreshedAt: now };
}

/** The grant after its end: without tokens, but with what the next login has to know. */
export function ended(grant: StoredGrant): StoredGrant {
  const kept = without(grant, 'accessToken', 'refreshToken', 'expiresAt', 'refreshSentAt');
  return { ...kept, generation: grant.generation + 1, state: 'ended' };
}

/** The grant while its refresh token is on its way. Its tokens are the same, so its generation is too. */
export function withRefreshSent(grant: StoredGrant, now: number): StoredGrant {
  return { ...grant, refreshSentAt: now };
}

/** The grant when no answer came and its refresh token may be sent again. */
export function withRefreshUnsent(grant: StoredGrant): StoredGrant {
  return without(grant, 'refreshSentAt');
}

/**
 * True where revoking one ends the other: authorization servers keep one grant per person and client, and end it as a
 * whole.
 */
export function sharesGrant(one: Pick<Grant, 'issuer' | 'client'>, other: Pick<Grant, 'issuer' | 'client'>): boolean {
  return one.issuer === other.issuer && one.client.id === other.client.id;
}

/** True where both hold the same tokens of the same login, whatever was noted in between. */
export function isSame(one: StoredGrant, other: StoredGrant): boolean {
  return one.generation === other.generation && one.refreshSentAt === other.refreshSentAt;
}

/**
 * The grant after `operation` was refused for want of `scope`. Its count grows once a login, so that a caller who only
 * repeats the call is not told that signing in did not help. The same object where nothing is new.
 */
export function refusedFor(grant: StoredGrant, operation: string, scope: string | undefined): StoredGrant {
  const union = unionScope(grant.requestedScope, grant.scope, grant.wantedScope, scope);
  const wantedScope = union !== undefined && union.length <= LONGEST_SCOPE ? union : grant.wantedScope;
  const wanted = wantedScope === undefined ? {} : { wantedScope };
  const refused = grant.refusedOperations ?? [];
  if (refused.includes(operation)) return wantedScope === grant.wantedScope ? grant : { ...grant, ...wanted };
  const counts = new Map(Object.entries(grant.stepUps ?? {}));
  const count = (counts.get(operation) ?? 0) + 1;
  counts.delete(operation);
  return {
    ...grant,
    ...wanted,
    stepUps: Object.fromEntries([...[...counts].slice(1 - MOST_STEP_UPS), [operation, count]]),
    refusedOperations: [...refused.slice(1 - MOST_STEP_UPS), operation],
  };
}

/** True where another login may help `operation`: two that did not are enough. */
export function mayStepUp(grant: StoredGrant, operation: string): boolean {
  return (new Map(Object.entries(grant.stepUps ?? {})).get(operation) ?? 0) <= MOST_OFFERS;
}

/** Only of operations that the last login did not help: one that was not refused since is settled. */
function carriedStepUps(previous: StoredGrant | undefined): Grant['stepUps'] {
  const refused = previous?.refusedOperations ?? [];
  const carried = Object.entries(previous?.stepUps ?? {}).filter(([operation]) => refused.includes(operation));
  return carried.length === 0 ? undefined : Object.fromEntries(carried);
}

function without<K extends keyof StoredGrant>(grant: StoredGrant, ...keys: readonly K[]): Omit<StoredGrant, K> {
  const gone: readonly string[] = keys;
  return Object.fromEntries(Object.entries(grant).filter(([key]) => !gone.includes(key))) as Omit<StoredGrant, K>;
}

/** What a person gets to know of a grant. */
export function statusOf(grant: Grant | undefined, now: number): ConnectionStatus {
  if (grant === undefined) return { state: 'needs-login' };
  const { expiresAt, scope = grant.requestedScope, wantedScope, issuer, account, createdAt } = grant;
  const renews = grant.refreshToken !== undefined;
  const missing = missingScope(wantedScope, scope, renews);
  return {
    state: grant.state === 'live' && (renews || usableToken(grant, now) !== undefined) ? 'connected' : 'expired',
    ...(expiresAt === undefined ? {} : { expiresAt }),
    renews,
    ...(scope === undefined ? {} : { scope }),
    ...(missing === undefined ? {} : { wantedScope: missing }),
    issuer,
    ...(account === undefined ? {} : { account }),
    connectedAt: createdAt,
  };
}

/** Many servers grant a refresh token without naming the scope that asked for it. */
function missingScope(wanted: string | undefined, granted: string | undefined, renews: boolean): string | undefined {
  const has = new Set(granted?.split(' '));
  if (renews) has.add('offline_access');
  const missing = wanted?.split(' ').filter((scope) => !has.has(scope)) ?? [];
  return missing.length === 0 ? undefined : missing.join(' ');
}
