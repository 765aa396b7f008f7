/** Grants as a login leaves them, of a real authorization server, and the parts that live on them. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Connections, type ConnectionsOptions } from '../../src/oauth/connections.ts';
import { Discovery } from '../../src/oauth/discovery.ts';
import type { NewGrant } from '../../src/oauth/grant.ts';
import { Grants } from '../../src/oauth/grants.ts';
import type { Client, Owner, ProtectedServer } from '../../src/oauth/model.ts';
import { Renewer, type RenewTimings } from '../../src/oauth/renew.ts';
import { type Revoke, revokeGrant } from '../../src/oauth/revoke.ts';
import { leases } from '../../src/storage/lease.ts';
import { openStores, type Stores } from '../../src/storage/open.ts';
import { openStore } from '../../src/storage/store.ts';
import { type AuthorizationServer, Browser, signIn } from '../helpers/authorization-server.ts';
import { MemoryLog } from '../helpers/memory-log.ts';

export const RESOURCE = 'http://127.0.0.1:9/mcp';
export const AUTHORIZE_URL = 'http://gateway.example/oauth/notes/authorize';
const SCOPE = 'notes:read';
const CALLBACK = 'http://127.0.0.1:9/callback';

export function protectedServer(oauth: Partial<ProtectedServer['oauth']> = {}): ProtectedServer {
  return {
    name: 'notes',
    url: new URL(RESOURCE),
    oauth: {
      multiUser: true,
      sessionTimeoutMs: 30 * 60_000,
      storage: 'store',
      openBrowser: false,
      clientMetadata: {},
      allowInsecureHttp: false,
      ...oauth,
    },
  };
}

/** For a person who comes again. */
interface SignInOptions {
  readonly client?: Client;
  readonly browser?: Browser;
}

/** Registers a client, unless there is one, and signs in; the grant is not stored. */
export async function newGrant(as: AuthorizationServer, options: SignInOptions = {}): Promise<NewGrant> {
  const { client = await register(as), browser = new Browser() } = options;
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: CALLBACK,
    scope: SCOPE,
    resource: RESOURCE,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const back = await signIn(`${as.issuer}/authorize?${query}`, { browser });
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: CALLBACK,
    code_verifier: verifier,
    client_id: client.id,
    client_secret: client.secret ?? '',
    resource: RESOURCE,
  });
  const tokens = await post(`${as.issuer}/token`, body, 'application/x-www-form-urlencoded');
  return {
    issuer: as.issuer,
    resource: RESOURCE,
    source: 'metadata',
    client,
    accessToken: String(tokens.access_token),
    refreshToken: String(tokens.refresh_token),
    expiresAt: Date.now() + Number(tokens.expires_in) * 1000,
    requestedScope: SCOPE,
  };
}

async function register(as: AuthorizationServer): Promise<Client> {
  const fields = { redirect_uris: [CALLBACK], grant_types: ['authorization_code', 'refresh_token'] };
  const registered = await post(`${as.issuer}/register`, JSON.stringify(fields), 'application/json');
  return {
    id: String(registered.client_id),
    secret: String(registered.client_secret),
    authMethod: 'client_secret_post',
    origin: 'registered',
  };
}

async function post(url: string, body: string | URLSearchParams, type: string): Promise<Record<string, unknown>> {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
  const text = await response.text();
  assert.ok(response.ok, text);
  return JSON.parse(text) as Record<string, unknown>;
}

/** One process that lives on a store. */
export interface House {
  readonly stores: Stores;
  readonly grants: Grants;
  readonly renewer: Renewer;
  readonly connections: Connections;
  readonly discovery: Discovery;
  readonly revoke: Revoke;
  readonly log: MemoryLog;
  /** Owners whose grants ended, as `onEnded` told. */
  readonly ended: Owner[];
  readonly forgotten: Client[];
  close(): Promise<void>;
}

export interface HouseOptions {
  readonly uri?: string;
  /** Instead of opening `uri`. */
  readonly stores?: Stores;
  readonly timings?: Partial<RenewTimings>;
  readonly recheckMs?: number;
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const log = new MemoryLog();
  const stores = options.stores ?? (await openStores(options.uri ?? 'memory', {}, log));
  const ended: Owner[] = [];
  const forgotten: Client[] = [];
  const grants = new Grants({ store: stores.sealed, memory: openStore('memory') });
  const discovery = new Discovery();
  const revoke: Revoke = (server, grant) => revokeGrant({ discovery, log }, server, grant);
  const renewer = new Renewer({
    grants,
    leases: leases(stores.plain.table('leases')),
    forgetClient: async (_server, client) => void forgotten.push(client),
    discovery,
    revoke,
    log,
    timings: options.timings ?? {},
  });
  const connectionsOptions: ConnectionsOptions = {
    grants,
    renewer,
    discovery,
    revoke,
    onEnded: (_server, owner) => void ended.push(owner),
    log,
    recheckMs: options.recheckMs ?? 60_000,
  };
  const connections = new Connections(connectionsOptions);
  const close = async (): Promise<void> => {
    connections.close();
    if (options.stores === undefined) await stores.close();
  };
  return { stores, grants, renewer, connections, discovery, revoke, log, ended, forgotten, close };
}

export function expired(grant: NewGrant): NewGrant {
  return { ...grant, expiresAt: Date.now() - 1 };
}

/** No line of the log, nor `error`, holds a token or the client's secret. */
export function assertNoSecrets(house: House, grant: NewGrant, error?: unknown): void {
  const written = JSON.stringify([house.log.lines, error, String(error)]);
  for (const secret of [grant.accessToken, grant.refreshToken, grant.client.secret]) {
    if (secret !== undefined) assert.ok(!written.includes(secret));
  }
}
