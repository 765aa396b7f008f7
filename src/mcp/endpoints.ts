/** The MCP endpoints: who opens sessions and sends stateless requests, to one server or to all of them. */
import type { Gateway, GatewayEvent } from '../gateway.ts';
import type { Log } from '../log-sink.ts';
import type { Peer, PeerEvents, PeerFactory } from '../upstream/peer/peer.ts';
import type { Server } from '../upstream/server.ts';
import { DRAIN_MS } from '../upstream/timings.ts';
import { reasonOf } from '../upstream/wire.ts';
import { Aggregates } from './aggregates.ts';
import { Allowances } from './allowances.ts';
import type { Share } from './budget.ts';
import { type McpCaller, sessionOwner } from './caller.ts';
import { Instances, type InstancesOptions } from './instances/instances.ts';
import { type Bridged, Bridges } from './lines/bridges.ts';
import { LegacyLine } from './lines/legacy-line.ts';
import type { LineHost } from './lines/line-host.ts';
import { StatelessLines } from './lines/stateless-line.ts';
import { Transports } from './lines/transports.ts';
import { KnownServer } from './login/known-server.ts';
import { LoginStates } from './login/login-state.ts';
import { checkServed, ending } from './served.ts';
import type { Conversation } from './session/conversation.ts';
import { type Children, SessionRegistry } from './session/registry.ts';
import { BudgetPeer } from './wrappers/budget-peer.ts';

export interface EndpointOptions {
  readonly gateway: Gateway;
  readonly log: Log;
  /** How callers can say who they are: a sentence, or nothing. */
  readonly howToName: string;
  readonly onCall: LineHost['onCall'];
  /** Of sessions of callers who speak no MCP. */
  readonly limits: InstancesOptions['limits'];
}

export class McpEndpoints {
  readonly sessions = new SessionRegistry();
  readonly allowances = new Allowances();
  /** Of callers who speak no MCP. */
  readonly instances: Instances;
  readonly #gateway: Gateway;
  readonly #host: LineHost;
  readonly #transports = new Transports();
  readonly #lines = new Set<LegacyLine>();
  readonly #bridges: Bridges;
  readonly #stateless: StatelessLines;
  readonly #aggregates: Aggregates;
  readonly #known = new WeakMap<Server, KnownServer>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Of the entries that are served, by name: what is kept hangs on it. */
  #hashes = new Map<string, string>();
  #isClosed = false;

  constructor({ gateway, log, howToName, onCall, limits }: EndpointOptions) {
    this.#gateway = gateway;
    this.#host = {
      gateway,
      log,
      howToName,
      onCall,
      transports: this.#transports,
      children: gateway.children,
      states: new LoginStates(gateway.sealed, log),
      known: (server) => this.#knownOf(server),
    };
    const room = (caller: McpCaller, server: Server): Share => this.allowances.room(caller, server);
    this.instances = new Instances({ host: this.#host, limits, room });
    this.#bridges = new Bridges(this.#host, this.sessions, this.allowances);
    this.#stateless = new StatelessLines(this.#host, (key) => this.#giveUpIdleSession(key));
    this.#aggregates = new Aggregates({
      gateway,
      log,
      session: (server, caller, children, events) => this.#line(server, caller, children, events),
      stateless: (server, caller, events) => this.#stateless.to(server, caller, events),
    });
    // What is kept for stateless requests is nobody's work.
    gateway.children.addSpare((holder) => this.#transports.giveUpIdle(holder));
    gateway.onEvent((event) => this.#changed(event));
  }

  /** A new session with `server`, or with all; throws 503 where there are too many. */
  open(caller: McpCaller, server: Server | undefined, isResumable = true): Conversation {
    if (this.#isClosed) throw ending();
    const children: Children = { count: 0 };
    const way: PeerFactory = (events) =>
      server === undefined
        ? this.#aggregates.session(caller, children, events)
        : this.#line(server, caller, children, events);
    const room = this.allowances.room(caller, server);
    const peer: PeerFactory = (events) => new BudgetPeer(way, room, events);
    return this.sessions.open(sessionOwner(caller, server), peer, { children, isResumable, room });
  }

  /**
   * A new session with a process of its own, which hears what the caller says and nothing else. Resolves once it runs;
   * throws 404 or 503 where the server is not served any more, 429 or 503 where there are too many processes; rejects with
   * 404 or 503 where the server is another by then, and with 500 where the process cannot be started.
   */
  bridge(caller: McpCaller, bridged: Bridged): Promise<Conversation> {
    if (this.#isClosed) throw ending();
    checkServed(this.#gateway, bridged.server);
    return this.#bridges.open(caller, bridged);
  }

  /** What answers a stateless request of a caller to `server`, or to all. Throws 503 beyond the limits, and once closed. */
  stateless(caller: McpCaller, server: Server | undefined): Peer {
    if (this.#isClosed) throw ending();
    const way: PeerFactory = (events) =>
      server === undefined
        ? this.#aggregates.stateless(caller, sessionOwner(caller, undefined).key)
        : this.#stateless.to(server, caller, events);
    return this.allowances.stateless(way, caller, server);
  }

  /** Ends all that is under way: whoever waits gets an answer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const users = Promise.all([this.sessions.close(), this.#aggregates.close(), this.#stateless.close()]);
    // Sessions of /api have connections of their own, and each of them may take seconds.
    await Promise.all([this.instances.close(), users.then(() => this.#transports.close())]);
  }

  #line(server: Server, caller: McpCaller, children: Children, events: PeerEvents): Peer {
    const { key } = sessionOwner(caller, server);
    // Sessions are given up by their own caller alone.
    const makeRoom = (): boolean => this.#giveUpIdleSession(key);
    const options = { server: server.name, caller, children, makeRoom, onClose: () => this.#lines.delete(line) };
    const line: LegacyLine = new LegacyLine(this.#host, options, events);
    this.#lines.add(line);
    return line;
  }

  #giveUpIdleSession(key: string): boolean {
    return this.sessions.giveUpIdle(key, (entry) => entry.children.count > 0);
  }

  #retire(server: Parameters<Transports['retire']>[0], owner?: string): void {
    this.#transports.retire(server, owner).catch((error: unknown) => {
      this.#host.log.error({ server: server.name, reason: reasonOf(error) }, 'a connection could not be ended');
    });
  }

  #later(act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, DRAIN_MS).unref();
    this.#timers.add(timer);
  }

  #knownOf(server: Server): KnownServer {
    const known = this.#known.get(server) ?? new KnownServer(server);
    this.#known.set(server, known);
    return known;
  }

  #changed(event: GatewayEvent): void {
    if (event.kind === 'login') {
      const { server, owner, isConnected } = event;
      const hash = this.#hashes.get(server);
      if (hash !== undefined && !isConnected) this.#retire({ name: server, hash }, owner);
      for (const line of [...this.#lines]) if (line.name === server) line.loginChanged(owner, isConnected);
      this.#stateless.loginChanged(server, owner, isConnected);
      return;
    }
    const former = this.#hashes;
    this.#hashes = new Map([...this.#gateway.servers].map(([name, { config }]) => [name, config.hash]));
    for (const name of [...event.changed, ...event.removed]) {
      const hash = former.get(name);
      // Nobody new finds the way of an entry that is gone; what is under way there may end.
      if (hash !== undefined) this.#later(() => this.#retire({ name, hash }));
      this.#stateless.endListens(name);
    }
    for (const name of event.removed) this.sessions.endAt(name);
    for (const line of [...this.#lines]) if (event.changed.includes(line.name)) line.reopen();
    for (const name of event.changed) this.#bridges.retire(name);
    this.#aggregates.membersChanged();
  }
}
