/** The clients registered for us: one per server, authorization server and redirect URI, over all processes. */
import { setTimeout as delay } from 'node:timers/promises';
import type { AuthorizationServer } from 'oauth4webapi';
import { digest } from '../identity/compare.ts';
import type { Log } from '../log-sink.ts';
import type { Leases } from '../storage/lease.ts';
import type { Store, Table } from '../storage/store.ts';
import { LoginError } from './errors.ts';
import type { OAuthFetch } from './fetch.ts';
import type { Client, ProtectedServer } from './model.ts';
import { register } from './registration.ts';
import { stored } from './stored.ts';

/** What a registered client belongs to. */
export interface ClientPlace {
  readonly server: ProtectedServer;
  readonly issuer: string;
  readonly redirectUri: string;
}

interface StoredClient {
  readonly client: Client;
  /** In milliseconds since 1970; undefined: never. */
  readonly secretExpiresAt?: number;
  /** When a login with it last came to its end. */
  readonly succeededAt?: number;
}

const TABLE = 'clients';
/** Longer than two registration requests may take. */
const LEASE_MS = 60_000;
const POLL_MS = 100;
/** A secret has to be good until the login that starts with it has ended. */
const SECRET_MARGIN_MS = 10 * 60 * 1000;
/** How long a client that an authorization server does not know stays marked; registering anew makes the mark moot. */
const FORGOTTEN_MS = 90 * 24 * 60 * 60 * 1000;

export class Clients {
  readonly #clients: Table<StoredClient>;
  /** Marks in the same table: only the client is known to those who find it refused, not its place. */
  readonly #forgotten: Table<true>;
  readonly #leases: Leases;
  readonly #log: Log;

  /** `store`: its tables are sealed. */
  constructor(options: { readonly store: Store; readonly leases: Leases; readonly log: Log }) {
    this.#clients = options.store.table(TABLE);
    this.#forgotten = options.store.table(TABLE);
    this.#leases = options.leases;
    this.#log = options.log;
  }

  /**
   * The client for `place`, registered if need be, by one of all racers. `suspect`: id of a client that the
   * authorization server may have forgotten; it is replaced where registration works, and used again where not.
   * Rejects with `LoginError` as `register` does, or `GatewayError` `storage_failed`.
   */
  async get(
    place: ClientPlace,
    metadata: AuthorizationServer,
    fetch: OAuthFetch,
    suspect?: string,
  ): Promise<{ readonly client: Client; readonly isNew: boolean }> {
    const end = Date.now() + LEASE_MS;
    for (;;) {
      const known = await this.#known(place);
      if (known !== undefined && known.id !== suspect) return { client: known, isNew: false };
      const held = await stored(
        this.#leases.hold(`register ${keyOf(place)}`, LEASE_MS, () => this.#replace(place, metadata, fetch, suspect)),
      );
      if (held !== undefined) return held.result;
      if (Date.now() > end) throw busy(place.server);
      await delay(POLL_MS);
    }
  }

  /** To be called when the authorization server does not know `client`: the next login registers anew. */
  async forget(server: ProtectedServer, client: Client): Promise<void> {
    if (client.origin !== 'registered') return;
    await stored(this.#forgotten.set(markOf(server, client.id), true, FORGOTTEN_MS));
  }

  /** To be called when a login with `client` has come to its end, which shows that it is known. */
  async succeeded(place: ClientPlace, client: Client, now: number = Date.now()): Promise<void> {
    if (client.origin !== 'registered') return;
    const row = await stored(this.#clients.read(keyOf(place)));
    if (row?.value.client.id !== client.id) return;
    await stored(this.#clients.replace(keyOf(place), row.stamp, { ...row.value, succeededAt: now }));
  }

  /** True where `client` is in use and no login has ended well with it since `since` (milliseconds since 1970). */
  async isUnproven(place: ClientPlace, client: Client, since: number): Promise<boolean> {
    const row = await stored(this.#clients.get(keyOf(place)));
    return row?.client.id === client.id && (row.succeededAt ?? 0) < since;
  }

  /** Removes marks that have expired. */
  async sweep(limit: number): Promise<void> {
    await stored(this.#clients.sweep(limit));
  }

  async #known(place: ClientPlace): Promise<Client | undefined> {
    const row = await stored(this.#clients.get(keyOf(place)));
    if (row === undefined) return undefined;
    if (row.secretExpiresAt !== undefined && row.secretExpiresAt < Date.now() + SECRET_MARGIN_MS) return undefined;
    const isForgotten = await stored(this.#forgotten.get(markOf(place.server, row.client.id)));
    return isForgotten === true ? undefined : row.client;
  }

  /** Inside the lease: somebody may have registered while we waited for it. */
  async #replace(
    place: ClientPlace,
    metadata: AuthorizationServer,
    fetch: OAuthFetch,
    suspect: string | undefined,
  ): Promise<{ readonly client: Client; readonly isNew: boolean }> {
    const known = await this.#known(place);
    if (known !== undefined && known.id !== suspect) return { client: known, isNew: false };
    try {
      const registered = await register(place.server, place.redirectUri, metadata, fetch);
      await stored(this.#clients.set(keyOf(place), registered));
      // Some servers give the same id again.
      await stored(this.#forgotten.delete(markOf(place.server, registered.client.id)));
      this.#log.info({ server: place.server.name, issuer: place.issuer }, 'registered as a client');
      return { client: registered.client, isNew: true };
    } catch (error) {
      if (known === undefined || !(error instanceof LoginError)) throw error;
      this.#log.warn(
        { server: place.server.name, code: error.code },
        'could not register anew; the old client is used',
      );
      return { client: known, isNew: false };
    }
  }
}

/** Hashed, because keys lie open in the store and addresses may hold keys. */
function keyOf({ server, issuer, redirectUri }: ClientPlace): string {
  return hashed([server.name, server.url.href, issuer, redirectUri]);
}

function markOf(server: ProtectedServer, clientId: string): string {
  return `forgotten ${hashed([server.name, server.url.href, clientId])}`;
}

function hashed(parts: readonly string[]): string {
  return digest(JSON.stringify(parts)).toString('base64url');
}

function busy(server: ProtectedServer): LoginError {
  return new LoginError({
    code: 'registration_failed',
    status: 503,
    title: 'This takes too long',
    message: `The gateway is still being registered at the authorization server of "${server.name}".`,
    remedy: 'Try again in a minute.',
    retry: true,
  });
}
