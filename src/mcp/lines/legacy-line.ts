/** The way of one session to one server: time limit, login, filter, and what outlives a session that the server has lost. */
import { type Owner, SHARED_OWNER } from '../../oauth/model.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import type { Server } from '../../upstream/server.ts';
import { type StopSignal, unavailable } from '../../upstream/wire.ts';
import { type McpCaller, principalAt } from '../caller.ts';
import { LoginGate } from '../login/gate.ts';
import type { Children } from '../session/registry.ts';
import { DeadlinePeer } from '../wrappers/deadline.ts';
import { filtered } from '../wrappers/filter.ts';
import { LastingPeer, type Opened, type OpenLegacy } from '../wrappers/lasting-peer.ts';
import { LegacyTransport, openedOn } from './legacy-transport.ts';
import type { LineHost } from './line-host.ts';
import { scopeOf } from './transports.ts';

/** A server that is gone refuses at once. */
const UNCONFIGURED_MS = 60_000;

export interface LineOptions {
  readonly server: string;
  readonly caller: McpCaller;
  readonly children: Children;
  /** Gives up an idle session of the same caller that keeps a process; false: there is none. */
  readonly makeRoom: () => boolean;
  readonly onClose: () => void;
}

export class LegacyLine implements Peer {
  readonly era = 'legacy';
  readonly name: string;
  readonly #host: LineHost;
  readonly #options: LineOptions;
  readonly #peer: DeadlinePeer;
  #lasting: LastingPeer | undefined;
  #inner: LastingPeer | undefined;
  #gate: LoginGate | undefined;

  constructor(host: LineHost, options: LineOptions, events: PeerEvents) {
    this.#host = host;
    this.#options = options;
    this.name = options.server;
    this.#peer = new DeadlinePeer(
      {
        open: (to) => (this.#lasting = new LastingPeer((...session) => this.#open(...session), to)),
        timeoutMs: () => host.gateway.servers.get(this.name)?.config.timeoutMs ?? UNCONFIGURED_MS,
        onCall: (...call) => host.onCall(this.name, ...call),
      },
      events,
    );
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    return this.#peer.request(message, replies, headers);
  }

  send(message: Message): void {
    this.#peer.send(message);
  }

  close(): Promise<void> {
    this.#options.onClose();
    return this.#peer.close();
  }

  /** The server's entry is another now: the next request finds it, and the caller is told that everything may differ. */
  reopen(): void {
    this.#lasting?.renew();
  }

  /** The grant of `owner` has begun, ended or been replaced. */
  loginChanged(owner: Owner, isConnected: boolean): void {
    if (owner !== this.#ownerNow) return;
    this.#inner?.renew();
    if (isConnected) this.#gate?.connected();
  }

  get #ownerNow(): Owner | undefined {
    const server = this.#host.gateway.servers.get(this.name);
    return server === undefined ? undefined : this.#host.gateway.ownerOf(server, this.#principalAt(server));
  }

  get #server(): Server {
    const server = this.#host.gateway.servers.get(this.name);
    if (server === undefined) throw unavailable(`"${this.name}" is not configured any more.`, 60);
    return server;
  }

  #principalAt(server: Server): McpCaller['principal'] {
    return principalAt(this.#options.caller, server);
  }

  /** Built anew each time: the entry, and with it all that stands between, may have changed. */
  async #open(initialize: Message, events: PeerEvents, stop: StopSignal): Promise<Opened> {
    const server = this.#server;
    const filter = (): Server['config'] => server.config;
    this.#gate = undefined;
    this.#inner = undefined;
    if (server.guarded === undefined) {
      const opened = await this.#transport(server, SHARED_OWNER, stop).open(initialize, events);
      return { peer: filtered(opened.peer, filter), answer: opened.answer };
    }
    const owner = this.#host.gateway.ownerOf(server, this.#principalAt(server));
    const gate = new LoginGate(
      {
        ...this.#gateOptions(server),
        inner:
          owner === undefined
            ? undefined
            : (to) => {
                const open: OpenLegacy = (first, inner, stopInner) =>
                  this.#transport(server, owner, stopInner).open(first, inner);
                this.#inner = new LastingPeer(open, to);
                return filtered(this.#inner, filter);
              },
      },
      events,
    );
    this.#gate = gate;
    return await openedOn(gate, initialize, events, stop);
  }

  #transport(server: Server, owner: Owner | undefined, stop: StopSignal): LegacyTransport {
    const { caller } = this.#options;
    const scope = scopeOf(server, this.#principalAt(server).id, owner);
    return new LegacyTransport(this.#host, { server, caller, scope, stop, processes: this.#options });
  }

  #gateOptions(server: Server): Omit<ConstructorParameters<typeof LoginGate>[0], 'inner'> {
    const { gateway, states, howToName, log } = this.#host;
    const { hasBrowser } = this.#options.caller;
    const caller = { principal: this.#principalAt(server), hasBrowser };
    return { era: 'legacy', gateway, server, caller, known: this.#host.known(server), states, howToName, log };
  }
}
