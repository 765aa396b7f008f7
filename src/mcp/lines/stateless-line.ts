/** The way of one stateless request to one server: time limit, login, filter, and a translation where the server knows sessions only. */
import type { Owner } from '../../oauth/model.ts';
import type { Peer, PeerEvents } from '../../upstream/peer/peer.ts';
import type { Server } from '../../upstream/server.ts';
import { type McpCaller, principalAt } from '../caller.ts';
import { LoginGate } from '../login/gate.ts';
import { LegacyAsModern } from '../translate/legacy-as-modern.ts';
import { type CallListener, DeadlinePeer } from '../wrappers/deadline.ts';
import { DeferredPeer } from '../wrappers/deferred-peer.ts';
import { filtered } from '../wrappers/filter.ts';
import { ForwardingPeer } from '../wrappers/forwarding.ts';
import { WatchedPeer } from '../wrappers/watched-peer.ts';
import type { LineHost } from './line-host.ts';
import { keyOf, type Scope, scopeOf } from './transports.ts';

/** A login gate that a request waits at. */
interface Waiting {
  readonly server: string;
  readonly owner: Owner;
  readonly gate: LoginGate;
}

export class StatelessLines {
  readonly #host: LineHost;
  readonly #waiting = new Set<Waiting>();

  constructor(host: LineHost) {
    this.#host = host;
  }

  /** What answers the requests of one caller to one server. */
  to(server: Server, caller: McpCaller, events: PeerEvents): Peer {
    const timeoutMs = (): number => server.config.timeoutMs;
    const owner = this.#host.gateway.ownerOf(server, principalAt(caller, server));
    const way = (): Peer => this.#way(server, principalAt(caller, server).id, owner);
    const onCall: CallListener = (...call) => this.#host.onCall(server.name, ...call);
    if (server.guarded === undefined) return new DeadlinePeer({ open: way, timeoutMs, onCall }, events);
    const open = (to: PeerEvents): Peer => this.#gated(server, caller, owner, way, to);
    return new DeadlinePeer({ open, timeoutMs, onCall }, events);
  }

  /** The grant of `owner` has begun: requests that wait for it go on. */
  connected(server: string, owner: Owner): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.server === server && waiting.owner === owner) waiting.gate.connected();
    }
  }

  /** Ends the requests that wait for a login. */
  async close(): Promise<void> {
    await Promise.all([...this.#waiting].map(({ gate }) => gate.close()));
  }

  #way(server: Server, principalId: string, owner: Owner | undefined): Peer {
    const config = (): Server['config'] => server.config;
    const scope = scopeOf(server, principalId, owner);
    const peer = new DeferredPeer(() => found(this.#host, server, scope, principalId));
    return filtered(new ForwardingPeer(peer, config), config);
  }

  #gated(server: Server, caller: McpCaller, owner: Owner | undefined, way: () => Peer, events: PeerEvents): Peer {
    const { gateway, states, howToName, log, known } = this.#host;
    const principal = principalAt(caller, server);
    const options = { gateway, server, states, howToName, log, caller: { principal, hasBrowser: caller.hasBrowser } };
    const inner = owner === undefined ? undefined : way;
    const gate = new LoginGate({ ...options, era: 'modern', known: known(server), inner }, events);
    if (owner === undefined) return gate;
    const waiting: Waiting = { server: server.name, owner, gate };
    return new WatchedPeer(gate, {
      onBusy: () => this.#waiting.add(waiting),
      onIdle: () => this.#waiting.delete(waiting),
    });
  }
}

async function found({ transports }: LineHost, server: Server, scope: Scope, principalId: string): Promise<Peer> {
  const modern = await transports.modern(server, scope);
  if (modern !== undefined) return modern;
  return new LegacyAsModern({
    peers: transports.shared,
    key: keyOf(server, scope),
    make: (capabilities) => transports.newShared(server, scope, capabilities),
    rounds: transports.rounds,
    caller: principalId,
  });
}
