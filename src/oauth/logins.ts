/** Everything that the rest of the house may ask of logins. */
import type { Log } from '../log-sink.ts';
import type { Leases } from '../storage/lease.ts';
import type { Store } from '../storage/store.ts';
import { type BeginOptions, type Begun, begin } from './begin.ts';
import { Clients } from './clients.ts';
import { type CallbackRequest, type Completed, complete } from './complete.ts';
import { Connections } from './connections.ts';
import type { Credential } from './credential.ts';
import { FlowStore } from './flow-store.ts';
import { Grants } from './grants.ts';
import type { Confirmation, TicketHolder } from './hand-off.ts';
import { sweepGrants } from './idle.ts';
import { tookTooLong } from './login-failures.ts';
import { adopt, type McpoLogin, Takeovers } from './mcpo.ts';
import {
  type Challenge,
  type ConnectionStatus,
  type Grant,
  type Owner,
  type ProtectedServer,
  SHARED_OWNER,
} from './model.ts';
import { Renewer } from './renew.ts';
import { revokeGrant } from './revoke.ts';

export type { BeginOptions, Begun } from './begin.ts';
export type { CallbackRequest, Completed } from './complete.ts';

export interface LoginsOptions {
  /** Its tables are sealed. */
  readonly store: Store;
  /** Of all processes that share the store. */
  readonly leases: Leases;
  /** For servers with `storage_type: memory`. */
  readonly memory: Store;
  /** Where people reach the gateway, root path included, without a trailing slash. */
  readonly publicBase: string;
  readonly log: Log;
  /** Asks the server something without a token, to see its challenge; undefined: it asks for no login. */
  readonly probe: (server: ProtectedServer) => Promise<Challenge | undefined>;
  /** Called when the grant of an owner has ended or was replaced, here or in another process. */
  readonly onEnded: (server: ProtectedServer, owner: Owner) => void;
}

/** Flows, and marks of clients, that one sweep removes. */
const SWEEP_LIMIT = 5_000;

const BEGIN_MS = 30_000;

export class Logins {
  readonly #options: LoginsOptions;
  readonly #flows: FlowStore;
  readonly #clients: Clients;
  readonly #grants: Grants;
  readonly #connections: Connections;
  readonly #takeovers: Takeovers;
  /** Revocations that nobody waits for. */
  readonly #revocations = new Set<Promise<unknown>>();

  constructor(options: LoginsOptions) {
    const { store, leases, memory, log, onEnded } = options;
    const clients = new Clients({ store, leases, log });
    const grants = new Grants({ store, memory });
    const forgetClient = clients.forget.bind(clients);
    const renewer = new Renewer({ grants, leases, forgetClient, log });
    this.#options = options;
    this.#flows = new FlowStore(store);
    this.#clients = clients;
    this.#grants = grants;
    this.#takeovers = new Takeovers(store);
    this.#connections = new Connections({ grants, renewer, onEnded, log });
  }

  /** The live connection of `owner`, one object per owner and server; no I/O. */
  connection(server: ProtectedServer, owner: Owner): Credential {
    return this.#connections.get(server, owner);
  }

  /** From the store; no network. */
  status(server: ProtectedServer, owner: Owner): Promise<ConnectionStatus> {
    return this.#grants.status(server, owner);
  }

  /** Starts a login: probe, discovery, client, stored flow. Throws `LoginError`. */
  begin(server: ProtectedServer, owner: Owner, options: BeginOptions): Promise<Begun> {
    const { publicBase, probe } = this.#options;
    const context = { publicBase, probe, flows: this.#flows, clients: this.#clients, grants: this.#grants };
    return inTime(server, begin(context, server, owner, options));
  }

  /** Ends a login: takes the flow, checks the answer, exchanges the code, stores the grant. Throws `LoginError`. */
  async complete(request: CallbackRequest): Promise<Completed> {
    const context = {
      flows: this.#flows,
      clients: this.#clients,
      grants: this.#grants,
      log: this.#options.log,
      onUnwanted: (server: ProtectedServer, grant: Grant) => this.#revokeLater(server, grant),
    };
    const completed = await complete(context, request);
    if (completed.owner === SHARED_OWNER) await this.#takeovers.done(request.server);
    await this.#connections.changed(request.server, completed.owner);
    return completed;
  }

  /** A secret for a link that says for whom a login is begun; see `TicketHolder`. 256 bits, once, ten minutes. */
  issueTicket(_server: ProtectedServer, _holder: Pick<TicketHolder, 'owner' | 'label'>): Promise<string> {
    throw new Error('not yet');
  }

  /** For whom the ticket is; it stays. Undefined: unknown, used, over, or of another server. */
  lookAtTicket(_server: ProtectedServer, _ticket: string): Promise<TicketHolder | undefined> {
    throw new Error('not yet');
  }

  /** As `lookAtTicket`, and the ticket is gone: of many racers one gets it. */
  useTicket(_server: ProtectedServer, _ticket: string): Promise<TicketHolder | undefined> {
    throw new Error('not yet');
  }

  /** `owner` brings a code to the login that waits for it; five wrong ones drop and revoke it. */
  confirm(_server: ProtectedServer, _owner: Owner, _code: string): Promise<Confirmation> {
    throw new Error('not yet');
  }

  /** The browser that made the login takes it back: dropped, and revoked at the provider. False: it no longer waits. */
  drop(_server: ProtectedServer, _id: string): Promise<boolean> {
    throw new Error('not yet');
  }

  /** Makes a login that mcpo has left the one of all callers, where there has never been one; see `adopt` in mcpo.ts. */
  adopt(server: ProtectedServer, login: McpoLogin): Promise<boolean> {
    const { probe } = this.#options;
    return adopt({ takeovers: this.#takeovers, grants: this.#grants, probe }, server, login);
  }

  /** Forgets, and revokes at the provider (RFC 7009) where that can be reached. True when it revoked. */
  async disconnect(server: ProtectedServer, owner: Owner): Promise<boolean> {
    const grant = await this.#grants.remove(server, owner);
    await this.#connections.changed(server, owner);
    return grant !== undefined && (await revokeGrant(server, grant, this.#options.log));
  }

  /** Removes what has expired: flows without a trace, grants with revocation. `servers`: those configured now. */
  async sweep(servers: ReadonlyMap<string, ProtectedServer>): Promise<void> {
    await this.#flows.sweep(SWEEP_LIMIT);
    await this.#clients.sweep(SWEEP_LIMIT);
    await sweepGrants(this.#grants, servers, this.#options.log);
  }

  /** Waits for revocations that are under way, each ten seconds at most. */
  async close(): Promise<void> {
    this.#connections.close();
    await Promise.all(this.#revocations);
  }

  #revokeLater(server: ProtectedServer, grant: Grant): void {
    const revocation = revokeGrant(server, grant, this.#options.log).finally(() => {
      this.#revocations.delete(revocation);
    });
    this.#revocations.add(revocation);
  }
}

/** A person waits at a browser: each step has its own limit, and this one holds for all of them together. */
async function inTime<R>(server: ProtectedServer, work: Promise<R>): Promise<R> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tookTooLong(server.name)), BEGIN_MS);
  });
  work.catch(() => undefined);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
