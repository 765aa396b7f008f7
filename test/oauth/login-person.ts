/** A gateway's logins over real stores, a protected server that says who guards it, and people with browsers. */
import assert from 'node:assert/strict';
import type { OAuthConfig } from '../../src/config/model.ts';
import { GatewayError } from '../../src/errors.ts';
import { LoginError } from '../../src/oauth/errors.ts';
import { type BeginOptions, type Begun, type Completed, Logins } from '../../src/oauth/logins.ts';
import type { Challenge, Owner, ProtectedServer } from '../../src/oauth/model.ts';
import { leases } from '../../src/storage/lease.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { type SignIn, signIn } from '../helpers/authorization-server.ts';
import { type Listening, listen } from '../helpers/listen.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { oauthConfig } from './network-site.ts';

export const PUBLIC_BASE = 'http://localhost:8000';

export interface HouseOptions {
  /** Issuer of the authorization server. */
  readonly issuer: string;
  readonly oauth?: Partial<OAuthConfig>;
  readonly scopes?: readonly string[];
  readonly publicBase?: string;
  readonly challenge?: Challenge;
  /** True: the server asks for no token, so there is no challenge. */
  readonly isOpen?: boolean;
  /** False: the server says nothing of who guards it. */
  readonly metadata?: boolean;
  /** Shared with another house, as by two processes. */
  readonly store?: Store;
}

/** One gateway with one protected server. */
export interface House {
  readonly logins: Logins;
  readonly server: ProtectedServer;
  readonly resource: string;
  readonly store: Store;
  readonly log: MemoryLog;
  /** Whose sessions were to be retired. */
  readonly ended: Owner[];
  /** What the protected server names as its authorization server from now on. */
  issuer: string;
  close(): Promise<void>;
}

export async function openHouse(options: HouseOptions): Promise<House> {
  const { scopes = ['notes:read'] } = options;
  const site: Listening = await listen((request, response) => {
    const isThere = options.metadata !== false && request.url === '/.well-known/oauth-protected-resource/mcp';
    if (!isThere) return void response.writeHead(404).end();
    const document = { resource: house.resource, authorization_servers: [house.issuer], scopes_supported: scopes };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  });
  const log = new MemoryLog();
  const ended: Owner[] = [];
  const store = options.store ?? openStore('memory');
  const resource = `${site.origin}/mcp`;
  const server = { name: 'notes', url: new URL(resource), oauth: oauthConfig(options.oauth) };
  const logins = new Logins({
    leases: leases(store.table('leases')),
    store,
    memory: openStore('memory'),
    publicBase: options.publicBase ?? PUBLIC_BASE,
    log,
    probe: async () => (options.isOpen === true ? undefined : (options.challenge ?? {})),
    onEnded: (_server, owner) => void ended.push(owner),
  });
  const close = async (): Promise<void> => {
    await logins.close();
    await site.stop();
  };
  const house: House = { logins, server, resource, store, log, ended, issuer: options.issuer, close };
  return house;
}

/** A person at a browser of the gateway: keeps its cookies. */
export class Person {
  readonly cookies: Record<string, string> = {};
  readonly owner: Owner;
  readonly #house: House;

  constructor(house: House, owner: Owner = 'basic:alice') {
    this.#house = house;
    this.owner = owner;
  }

  async begin(options: Partial<BeginOptions> = {}): Promise<Begun> {
    const { logins, server } = this.#house;
    const all = { bound: true, returnTo: '/notes', cookies: this.cookies, ...options };
    const begun = await logins.begin(server, this.owner, all);
    if (begun.cookie !== undefined) this.cookies[begun.cookie.name] = begun.cookie.value;
    return begun;
  }

  /** From the callback's address to the end. */
  async complete(callback: URL | URLSearchParams): Promise<Completed> {
    const query = callback instanceof URL ? callback.searchParams : callback;
    const { logins, server } = this.#house;
    const { cookies, owner } = this;
    const completed = await logins.complete({ server, query, cookies, owner });
    delete this.cookies[completed.cookie];
    return completed;
  }

  /** All of a login. */
  async connect(at: SignIn = {}, options: Partial<BeginOptions> = {}): Promise<Completed> {
    const { url } = await this.begin(options);
    return this.complete(await signIn(url, at));
  }

  token(): Promise<string> {
    return Promise.resolve(this.#house.logins.connection(this.#house.server, this.owner).token());
  }
}

/** The error that `work` ends with; fails where it is no `LoginError` of this code. */
export async function loginError(work: Promise<unknown>, code: GatewayError['code']): Promise<LoginError> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    assert.equal(error.code, code, `${error.code}: ${error.message} ${String(error.privateDetail)}`);
    assert.ok(error instanceof LoginError);
    return error;
  }
  return assert.fail(`no ${code}`);
}

/** Everything of an error that anybody could get to see. */
export function textOf(error: LoginError): string {
  const { message, title, remedy, provider, body, detail, privateDetail, stack } = error;
  return JSON.stringify({ message, title, remedy, provider, body, detail, privateDetail, stack });
}
