/** The way of one stateless request to one server: time limit, login, filter, and a translation where the server knows sessions only. */
import type { Owner } from '../../oauth/model.ts';
import type { Peer, PeerEvents } from '../../upstream/peer/peer.ts';
import type { Server } from '../../upstream/server.ts';
import { UnderWaySet } from '../../upstream/under-way.ts';
import { holderAt, type McpCaller, principalAt, sessionOwner } from '../caller.ts';
import { LoginGate } from '../login/gate.ts';
import type { Lease } from '../sharing/shared-peer.ts';
import { LegacyAsModern } from '../translate/legacy-as-modern.ts';
import { type CallListener, DeadlinePeer } from '../wrappers/deadline.ts';
import { DeferredPeer } from '../wrappers/deferred-peer.ts';
import { filtered } from '../wrappers/filter.ts';
import { ForwardingPeer } from '../wrappers/forwarding.ts';
import { WatchedPeer } from '../wrappers/watched-peer.ts';
import { EndingPeer } from './ending-peer.ts';
import type { LineHost } from './line-host.ts';
import { keyOf, scopeOf } from './transports.ts';

/** A login gate that a request waits at. */
interface Waiting {
  readonly server: string;
  readonly owner: Owner;
  readonly gate: LoginGate;
}

/** A request under way. */
interface Busy {
  readonly server: string;
  readonly peer: EndingPeer;
}

export class StatelessLines {
  readonly #host: LineHost;
  readonly #makeRoom: (key: string) => boolean;
  readonly #waiting = new UnderWaySet<Waiting>();
  readonly #busy = new UnderWaySet<Busy>();

  /** `makeRoom`: gives up a session of the caller of that key that keeps a process and is idle; false: there is none. */
  constructor(host: LineHost, makeRoom: (key: string) => boolean) {
    this.#host = host;
    this.#makeRoom = makeRoom;
  }

  /** What answers the requests of one caller to one server. */
  to(server: Server, caller: McpCaller, events: PeerEvents): Peer {
    const busy: Busy = { server: server.name, peer: new EndingPeer(this.#line(server, caller, events)) };
    return listedWhileBusy(busy.peer, this.#busy, busy);
  }

  /** Ends the subscriptions at a server whose entry is another now, or gone; other requests may end by themselves. */
  endListens(server: string): void {
    for (const busy of this.#busy.all()) if (busy.server === server) busy.peer.endListens();
  }

  /** Ends all requests. */
  async close(): Promise<void> {
    await Promise.all(this.#busy.all().map(({ peer }) => peer.close()));
  }

  #line(server: Server, caller: McpCaller, events: PeerEvents): Peer {
    const timeoutMs = (): number => server.config.timeoutMs;
    const owner = this.#host.gateway.ownerOf(server, principalAt(caller, server));
    const way = (): Peer => this.#way(server, caller, owner);
    const onCall: CallListener = (...call) => this.#host.onCall(server.name, ...call);
    if (server.guarded === undefined) return new DeadlinePeer({ open: way, timeoutMs, onCall }, events);
    const open = (to: PeerEvents): Peer => this.#gated(server, caller, owner, way, to);
    return new DeadlinePeer({ open, timeoutMs, onCall }, events);
  }

  /** The grant of `owner` has begun, ended or been replaced: requests that wait for that go on. */
  loginChanged(server: string, owner: Owner, isConnected: boolean): void {
    for (const waiting of this.#waiting.all()) {
      if (waiting.server !== server || waiting.owner !== owner) continue;
      if (isConnected) waiting.gate.connected();
      else waiting.gate.disconnected();
    }
  }

  #way(server: Server, caller: McpCaller, owner: Owner | undefined): Peer {
    const config = (): Server['config'] => server.config;
    const peer = new DeferredPeer(() => this.#found(server, caller, owner));
    return filtered(new ForwardingPeer(peer, config), config);
  }

  async #found(server: Server, caller: McpCaller, owner: Owner | undefined): Promise<Peer> {
    const { transports } = this.#host;
    const principal = principalAt(caller, server);
    const scope = scopeOf(server, principal.id, owner);
    const take = (): Lease => this.#lease(server, caller);
    const modern = await transports.modern(server, scope, take);
    if (modern !== undefined) return modern;
    return new LegacyAsModern({
      peers: transports.shared,
      key: keyOf(server, scope),
      make: (capabilities) => transports.newShared(server, scope, capabilities, take),
      rounds: transports.rounds,
      caller: principal.id,
    });
  }

  /** Room for a child that only this caller uses; throws 503 where there is none. */
  #lease(server: Server, caller: McpCaller): Lease {
    const { children } = this.#host;
    const { key, isOnePerson } = holderAt(caller, server);
    const makeRoom = (): boolean => this.#makeRoom(sessionOwner(caller, undefined).key);
    const slot = children.take(key, { isOne: isOnePerson, makeRoom });
    return { holder: key, release: () => void slot.release() };
  }

  #gated(server: Server, caller: McpCaller, owner: Owner | undefined, way: () => Peer, events: PeerEvents): Peer {
    const { gateway, states, howToName, log, known } = this.#host;
    const principal = principalAt(caller, server);
    const options = { gateway, server, states, howToName, log, caller: { principal, hasBrowser: caller.hasBrowser } };
    const inner = owner === undefined ? undefined : way;
    const gate = new LoginGate({ ...options, era: 'modern', known: known(server), inner }, events);
    if (owner === undefined) return gate;
    const waiting: Waiting = { server: server.name, owner, gate };
    return listedWhileBusy(gate, this.#waiting, waiting);
  }
}

/** `entry` stands in `list` while a request is under way. */
function listedWhileBusy<V extends object>(peer: Peer, list: UnderWaySet<V>, entry: V): Peer {
  let number = 0;
  return new WatchedPeer(peer, {
    onBusy: () => {
      number = list.add(entry);
    },
    onIdle: () => list.remove(number),
  });
}
