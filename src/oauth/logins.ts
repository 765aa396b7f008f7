/** Everything that the rest of the house may ask of logins. */
import { FailureLimiter } from '../identity/failure-limiter.ts';
import type { Log } from '../log-sink.ts';
import type { Leases } from '../storage/lease.ts';
import type { Store } from '../storage/store.ts';
import { type BeginOptions, type Begun, begin } from './begin.ts';
import { Clients } from './clients.ts';
import { type CallbackRequest, type Completed, complete } from './complete.ts';
import { looksLikeCode } from './confirmation-code.ts';
import { Connections } from './connections.ts';
import type { Credential } from './credential.ts';
import { Discovery } from './discovery.ts';
import { FlowStore } from './flow-store.ts';
import { Grants } from './grants.ts';
import type { Confirmation, TicketHolder } from './hand-off.ts';
import { sweepGrants, sweepWaiting } from './idle.ts';
import { type KeepContext, keep, orRevoked } from './keep.ts';
import { tookTooLong } from './login-failures.ts';
import { adopt, type McpoLogin, Takeovers } from './mcpo.ts';
import { type Challenge, type ConnectionStatus, type Owner, type ProtectedServer, SHARED_OWNER } from './model.ts';
import { Renewer } from './renew.ts';
import { type RevocableGrant, type Revoke, revokeGrant } from './revoke.ts';
import { Tickets } from './tickets.ts';
import { WaitingLogins } from './waiting.ts';

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

/** Flows, tickets and marks of clients, that one sweep removes. */
const SWEEP_LIMIT = 5_000;

const BEGIN_MS = 30_000;

/** Within a minute, from one owner, however they come; of one login no more than five are compared. */
const MOST_CODES = 30;

export class Logins {
  readonly #options: LoginsOptions;
  readonly #flows: FlowStore;
  readonly #clients: Clients;
  readonly #grants: Grants;
  readonly #discovery: Discovery;
  readonly #revoke: Revoke;
  readonly #tickets: Tickets;
  readonly #waiting: WaitingLogins;
  readonly #connections: Connections;
  readonly #takeovers: Takeovers;
  readonly #codes = new FailureLimiter({ most: MOST_CODES });
  /** Revocations that nobody waits for. */
  readonly #revocations = new Set<Promise<unknown>>();

  constructor(options: LoginsOptions) {
    const { store, leases, memory, log, onEnded } = options;
    const clients = new Clients({ store, leases, log });
    const grants = new Grants({ store, memory });
    const forgetClient = clients.forget.bind(clients);
    const discovery = new Discovery();
    const revoke: Revoke = (server, grant) => revokeGrant({ discovery, log }, server, grant);
    const renewer = new Renewer({ grants, leases, forgetClient, discovery, revoke, log });
    this.#options = options;
    this.#flows = new FlowStore(store);
    this.#clients = clients;
    this.#grants = grants;
    this.#discovery = discovery;
    this.#revoke = revoke;
    this.#tickets = new Tickets(store);
    this.#waiting = new WaitingLogins({ store, memory });
    this.#takeovers = new Takeovers(store);
    this.#connections = new Connections({ grants, renewer, discovery, revoke, onEnded, log });
  }

  /** The live connection of `owner`, one object per owner and server; no I/O. */
  connection(server: ProtectedServer, owner: Owner): Credential {
    return this.#connections.get(server, owner);
  }

  /** From the store; no network. */
  status(server: ProtectedServer, owner: Owner): Promise<ConnectionStatus> {
    return this.#grants.status(server, owner);
  }

  /** Starts a login: probe, discovery, client, stored flow. One that waits for its code ends. Throws `LoginError`. */
  async begin(server: ProtectedServer, owner: Owner, options: BeginOptions): Promise<Begun> {
    const { publicBase, probe } = this.#options;
    const rooms = { flows: this.#flows, clients: this.#clients, grants: this.#grants, discovery: this.#discovery };
    const beginning = begin({ ...rooms, publicBase, probe }, server, owner, options);
    const work = beginning.then(async (begun) => {
      await this.#endWaiting(server, owner);
      return begun;
    });
    return inTime(server, work);
  }

  /**
   * Ends a login: takes the flow, checks the answer, exchanges the code, and stores the grant, or puts it aside where its
   * owner has to confirm it. Throws `LoginError`.
   */
  async complete(request: CallbackRequest): Promise<Completed> {
    const { log } = this.#options;
    const rooms = { flows: this.#flows, clients: this.#clients, waiting: this.#waiting, log };
    const completed = await complete({ ...rooms, ...this.#keepContext() }, request);
    if (completed.waiting === undefined) await this.#kept(request.server, completed.owner);
    return completed;
  }

  /**
   * A secret for a link that says for whom a login is begun, and proves nothing of who opens it: 256 bits, good once, for
   * ten minutes; five at most are live for one person and server. Whoever asks again soon gets the same one.
   */
  issueTicket(server: ProtectedServer, { owner, label }: Pick<TicketHolder, 'owner' | 'label'>): Promise<string> {
    return this.#tickets.issue(server, owner, label);
  }

  /** For whom the ticket is; it stays. Undefined: unknown, used, over, or of another server. */
  lookAtTicket(server: ProtectedServer, ticket: string): Promise<TicketHolder | undefined> {
    return this.#tickets.look(server, ticket);
  }

  /** As `lookAtTicket`, and the ticket is gone: of many racers one gets it. */
  useTicket(server: ProtectedServer, ticket: string): Promise<TicketHolder | undefined> {
    return this.#tickets.take(server, ticket);
  }

  /** Counts a code that `owner` is about to bring; throws 429 where there were too many within a minute. */
  countCode(owner: Owner): void {
    this.#codes.count(owner);
  }

  /** `owner` brings a code to the login that waits for it; five wrong ones drop and revoke it. */
  async confirm(server: ProtectedServer, owner: Owner, code: string): Promise<Confirmation> {
    if (!looksLikeCode(code)) return { kind: 'odd' };
    const { log } = this.#options;
    const attempt = await this.#waiting.try(server, owner, code);
    if (attempt.kind === 'refused') {
      log.warn(
        { server: server.name, issuer: attempt.login.issuer },
        'a login was dropped: five wrong codes came for it',
      );
      this.#revokeLater(server, attempt.login);
      return { kind: 'wrong', attemptsLeft: 0 };
    }
    if (attempt.kind !== 'right') return attempt;
    const { login } = attempt;
    const context = this.#keepContext();
    await orRevoked(context, server, owner, login, () => keep(context, server, owner, login));
    await this.#kept(server, owner);
    log.info({ server: server.name, issuer: login.issuer }, 'a login was confirmed by its code');
    return { kind: 'connected' };
  }

  /** True while a login waits for the code that `owner` has to bring. */
  waitsFor(server: ProtectedServer, owner: Owner): Promise<boolean> {
    return this.#waiting.isThereFor(server, owner);
  }

  /** True while the login of that id waits for its code. */
  isWaiting(server: ProtectedServer, id: string): Promise<boolean> {
    return this.#waiting.isThere(server, id);
  }

  /** The browser that made the login takes it back: dropped, and revoked at the provider. False: it no longer waits. */
  async drop(server: ProtectedServer, id: string): Promise<boolean> {
    const login = await this.#waiting.take(server, id);
    if (login !== undefined) await this.#revoke(server, login);
    return login !== undefined;
  }

  /** Makes a login that mcpo has left the one of all callers, where there has never been one; see `adopt` in mcpo.ts. */
  adopt(server: ProtectedServer, login: McpoLogin): Promise<boolean> {
    const { probe } = this.#options;
    const rooms = { takeovers: this.#takeovers, grants: this.#grants, discovery: this.#discovery };
    return adopt({ ...rooms, probe }, server, login);
  }

  /**
   * Forgets, and revokes at the provider (RFC 7009) where that can be reached; also what waits for its code. True when it
   * revoked the grant.
   */
  async disconnect(server: ProtectedServer, owner: Owner): Promise<boolean> {
    const grant = await this.#grants.remove(server, owner);
    await this.#connections.changed(server, owner);
    const [revoked] = await Promise.all([
      grant !== undefined && this.#revoke(server, grant),
      this.#endWaiting(server, owner),
    ]);
    return revoked;
  }

  /**
   * Removes what has expired: flows and tickets without a trace, grants and waiting logins with revocation. `servers`:
   * those configured now.
   */
  async sweep(servers: ReadonlyMap<string, ProtectedServer>): Promise<void> {
    await this.#flows.sweep(SWEEP_LIMIT);
    await this.#clients.sweep(SWEEP_LIMIT);
    await this.#tickets.sweep(SWEEP_LIMIT);
    const context = { servers, revoke: this.#revoke, log: this.#options.log };
    await sweepWaiting(context, this.#waiting);
    await sweepGrants(context, this.#grants);
  }

  /** Waits for revocations that are under way, each ten seconds at most. */
  async close(): Promise<void> {
    this.#connections.close();
    await Promise.all(this.#revocations);
  }

  #keepContext(): KeepContext {
    return { grants: this.#grants, onUnwanted: (server, grant) => this.#revokeLater(server, grant) };
  }

  /** What follows when `owner` has a new grant. */
  async #kept(server: ProtectedServer, owner: Owner): Promise<void> {
    if (owner === SHARED_OWNER) await this.#takeovers.done(server);
    await this.#connections.changed(server, owner);
  }

  /**
   * Waited for, and before anybody consents again: an authorization server that keeps one grant per person and client
   * would end the next login with this one.
   */
  async #endWaiting(server: ProtectedServer, owner: Owner): Promise<void> {
    const login = await this.#waiting.takeOf(server, owner);
    if (login !== undefined) await this.#revoke(server, login);
  }

  #revokeLater(server: ProtectedServer, grant: RevocableGrant): void {
    const revocation = this.#revoke(server, grant).finally(() => {
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
