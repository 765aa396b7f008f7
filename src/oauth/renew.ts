/** Renews access tokens, so that of all processes of a store one spends a refresh token, once. */
import { setTimeout as pause } from 'node:timers/promises';
import type { AuthorizationServer } from 'oauth4webapi';
import { GatewayError, messageOf } from '../errors.ts';
import type { Log } from '../log-sink.ts';
import type { Leases } from '../storage/lease.ts';
import type { Discovery } from './discovery.ts';
import { requestTokens, type TokenRefusal, type Tokens } from './exchange.ts';
import { oauthFetch } from './fetch.ts';
import { isSame, renewed, type StoredGrant, sharesGrant, withRefreshSent, withRefreshUnsent } from './grant.ts';
import { type FoundGrant, type Grants, grantKey } from './grants.ts';
import type { Client, Owner, ProtectedServer } from './model.ts';
import { protectedResource } from './protected-resource.ts';
import type { Revoke } from './revoke.ts';
import { stored } from './stored.ts';

/** All in milliseconds. */
export interface RenewTimings {
  /** Of the lock; outlives the token request (20 s) and the writes around it. */
  readonly leaseMs: number;
  /** How long a call waits for another process that renews. */
  readonly patienceMs: number;
  /** How long a refresh token that was sent is left to the process that sent it, which may only wait for the store. */
  readonly graceMs: number;
}

const DEFAULT_TIMINGS: RenewTimings = { leaseMs: 60_000, patienceMs: 30_000, graceMs: 30_000 };
const SHORTEST_POLL_MS = 50;
const LONGEST_POLL_MS = 200;

export interface RenewerOptions {
  readonly grants: Grants;
  /** On a plain table that all processes share. */
  readonly leases: Leases;
  /** Called when the authorization server does not know us any more: the next login registers anew. */
  readonly forgetClient: (server: ProtectedServer, client: Client) => Promise<void>;
  readonly discovery: Discovery;
  readonly revoke: Revoke;
  readonly log: Log;
  readonly timings?: Partial<RenewTimings>;
}

/** `settled`: what lies in the store now, ended or with other tokens. `gone`: nothing. `unavailable`: as before; try later. */
export type Renewal =
  | { readonly kind: 'settled'; readonly grant: StoredGrant }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unavailable' };

/** Tokens that came while the store did not answer. */
interface Unsaved {
  readonly server: ProtectedServer;
  readonly owner: Owner;
  /** As it was written before the request. */
  readonly sent: StoredGrant;
  readonly tokens: Tokens;
  readonly receivedAt: number;
}

/** One renewal under way. */
interface Task {
  readonly key: string;
  readonly server: ProtectedServer;
  readonly owner: Owner;
  readonly stale: StoredGrant;
  readonly metadata: AuthorizationServer;
}

const GONE: Renewal = { kind: 'gone' };
const UNAVAILABLE: Renewal = { kind: 'unavailable' };

export class Renewer {
  readonly #grants: Grants;
  readonly #leases: Leases;
  readonly #forgetClient: RenewerOptions['forgetClient'];
  readonly #discovery: Discovery;
  readonly #revoke: Revoke;
  readonly #log: Log;
  readonly #timings: RenewTimings;
  readonly #unsaved = new Map<string, Unsaved>();

  constructor(options: RenewerOptions) {
    this.#grants = options.grants;
    this.#leases = options.leases;
    this.#forgetClient = options.forgetClient;
    this.#discovery = options.discovery;
    this.#revoke = options.revoke;
    this.#log = options.log;
    this.#timings = { ...DEFAULT_TIMINGS, ...options.timings };
  }

  /**
   * Renews `stale`, or waits for whoever does, or finds that it is done. Rejects with `GatewayError` `storage_failed`;
   * tokens that could not be stored are stored first by the next call.
   */
  async renew(server: ProtectedServer, owner: Owner, stale: StoredGrant): Promise<Renewal> {
    const key = grantKey(server, owner);
    const unsaved = this.#unsaved.get(key);
    if (unsaved !== undefined) await this.#save(key, unsaved);
    const settled = settledBy(await this.#grants.read(server, owner), stale);
    if (settled !== undefined) return settled;
    if (stale.refreshToken === undefined) return found(await this.#grants.end(server, owner, stale));
    // Before the lock, which has to outlive everything that is done under it.
    const metadata = await this.#metadata(server, stale);
    if (metadata !== undefined) return this.#inTurn({ key, server, owner, stale, metadata });
    // It may be down for a while, or for good because the server has moved to another one.
    return (await hasMoved(server, stale)) ? this.#end(server, owner, stale) : UNAVAILABLE;
  }

  /** Stores what could not be stored when it came; never rejects. */
  async saveUnsaved(): Promise<void> {
    for (const [key, unsaved] of this.#unsaved) await this.#save(key, unsaved).catch(() => undefined);
  }

  /** Undefined: nothing was sent yet, so the tokens are as good as before. */
  async #metadata(server: ProtectedServer, grant: StoredGrant): Promise<AuthorizationServer | undefined> {
    try {
      return await this.#discovery.rediscover(server, grant.issuer, grant.source, oauthFetch(server));
    } catch (error) {
      const reason = error instanceof GatewayError ? error.code : messageOf(error);
      this.#log.warn(
        { server: server.name, issuer: grant.issuer, reason },
        'the authorization server is not available',
      );
      return undefined;
    }
  }

  /** Whoever has the lock renews; all others look for what became of it. */
  async #inTurn(task: Task): Promise<Renewal> {
    const { key, server, owner, stale } = task;
    const { leaseMs, patienceMs } = this.#timings;
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const held = await stored(this.#leases.hold(`refresh:${key}`, leaseMs, () => this.#renewAlone(task)));
      if (held !== undefined) return held.result;
      if (Date.now() > deadline) return UNAVAILABLE;
      await pause(SHORTEST_POLL_MS + Math.random() * (LONGEST_POLL_MS - SHORTEST_POLL_MS));
      const settled = settledBy(await this.#grants.read(server, owner), stale);
      if (settled !== undefined) return settled;
    }
  }

  /** Under the lock. The row says that the refresh token is on its way before it is, in case that we die. */
  async #renewAlone(task: Task): Promise<Renewal> {
    const { server, owner, stale, metadata } = task;
    for (;;) {
      const row = await this.#grants.read(server, owner);
      const settled = settledBy(row, stale);
      if (row === undefined || settled !== undefined) return settled ?? GONE;
      if (row.grant.refreshSentAt !== undefined) return this.#sentByAnother(task, row.grant, row.grant.refreshSentAt);
      const sent = withRefreshSent(row.grant, Date.now());
      // Somebody may have noted a step-up or removed the grant since it was read.
      if (!(await this.#grants.replace(server, owner, row, sent))) continue;
      const { client, resource, refreshToken = '' } = sent;
      const request = { metadata, client, resource, fetch: oauthFetch(server) };
      const answer = await requestTokens(request, { kind: 'refresh', refreshToken });
      return 'tokens' in answer
        ? this.#save(task.key, { server, owner, sent, tokens: answer.tokens, receivedAt: Date.now() })
        : this.#refused(task, sent, answer);
    }
  }

  /**
   * The process that sent the token holds the lock while it waits for the answer; without it, it has died, or waits
   * for the store. To send the token again could end the grant of a person who is well (RFC 9700 4.14.2, reuse).
   */
  async #sentByAnother({ server, owner }: Task, sent: StoredGrant, sentAt: number): Promise<Renewal> {
    if (Date.now() - sentAt < this.#timings.graceMs) return UNAVAILABLE;
    this.#log.warn({ server: server.name }, 'a login has ended: the process that renewed it never stored the answer');
    return this.#end(server, owner, sent);
  }

  /**
   * Stores new tokens before anybody may use one. Where the store fails they are kept here and stored at the next
   * call: the old refresh token is spent, so to drop the new one would end the login for sure, and to use the new
   * access token would hide from everybody that the next restart ends it.
   */
  async #save(key: string, unsaved: Unsaved): Promise<Renewal> {
    const { server, owner, sent, tokens, receivedAt } = unsaved;
    let current: StoredGrant | undefined;
    try {
      current = await this.#grants.change(server, owner, (grant) =>
        isSame(grant, sent) ? renewed(grant, tokens, receivedAt) : grant,
      );
    } catch (error) {
      this.#unsaved.set(key, unsaved);
      throw error;
    }
    this.#unsaved.delete(key);
    // Disconnected, ended or replaced meanwhile: nobody would ever revoke these tokens.
    const isNeeded = current?.state === 'live' && sharesGrant(current, sent);
    if (!isNeeded) void this.#revoke(server, { ...sent, ...tokens });
    return found(current);
  }

  async #refused({ server, owner }: Task, sent: StoredGrant, refusal: TokenRefusal): Promise<Renewal> {
    const { failure, reason, provider } = refusal;
    const fields = { server: server.name, issuer: sent.issuer, failure, reason, error: provider?.error };
    if (failure === 'unreachable') {
      this.#log.warn(fields, 'the authorization server did not answer a refresh');
      // It may be somewhere else by now; the next try asks.
      this.#discovery.forget(server);
      // Where the answer was lost after a rotation, the next try is told `invalid_grant`: a new login, and no loop.
      await this.#grants.change(server, owner, (grant) => (isSame(grant, sent) ? withRefreshUnsent(grant) : grant));
      return UNAVAILABLE;
    }
    this.#log.info(fields, 'a login has ended: the authorization server refused to renew it');
    const renewal = await this.#end(server, owner, sent);
    if (failure === 'client_unknown' && sent.client.origin === 'registered')
      await this.#forgetClient(server, sent.client);
    return renewal;
  }

  async #end(server: ProtectedServer, owner: Owner, sent: StoredGrant): Promise<Renewal> {
    return found(await this.#grants.end(server, owner, sent));
  }
}

/** True where the server itself names another authorization server by now: nobody can renew this grant any more. */
async function hasMoved(server: ProtectedServer, grant: StoredGrant): Promise<boolean> {
  const published = await protectedResource(server, undefined, oauthFetch(server)).catch(() => undefined);
  return published !== undefined && published.issuer !== grant.issuer;
}

/** Undefined: it lies there as it was, and is ours to renew. */
function settledBy(row: FoundGrant | undefined, stale: StoredGrant): Renewal | undefined {
  if (row === undefined) return GONE;
  return row.grant.generation === stale.generation ? undefined : found(row.grant);
}

function found(grant: StoredGrant | undefined): Renewal {
  return grant === undefined ? GONE : { kind: 'settled', grant };
}
