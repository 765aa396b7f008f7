/** Opens a server's session for one caller: of their own, or one that callers share; or translated, where the server has no sessions. */
import { isRecord } from '../../schema/json-schema.ts';
import { edited, type Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents } from '../../upstream/peer/peer.ts';
import { MODERN } from '../../upstream/protocol.ts';
import type { Server } from '../../upstream/server.ts';
import { unavailable } from '../../upstream/wire.ts';
import { principalAt, sessionOwner } from '../caller.ts';
import { ModernAsLegacy } from '../translate/modern-as-legacy.ts';
import { DeferredPeer } from '../wrappers/deferred-peer.ts';
import { ForwardingPeer } from '../wrappers/forwarding.ts';
import type { Opened } from '../wrappers/lasting-peer.ts';
import { WatchedPeer } from '../wrappers/watched-peer.ts';
import type { ChildSlot } from './children.ts';
import type { LineOptions } from './legacy-line.ts';
import type { LineHost } from './line-host.ts';
import type { Scope } from './transports.ts';

/** What of a client the server might ask, so that a session must be this client's alone. */
const ASKED = ['sampling', 'elicitation', 'roots'];
/** Starting a server may download it first, in milliseconds. */
const CONNECT_MS = 60_000;

export interface TransportOptions extends Omit<LineOptions, 'server'> {
  readonly server: Server;
  readonly scope: Scope;
}

export class LegacyTransport {
  readonly #host: LineHost;
  readonly #options: TransportOptions;

  constructor(host: LineHost, options: TransportOptions) {
    this.#host = host;
    this.#options = options;
  }

  async open(first: Message, events: PeerEvents): Promise<Opened> {
    const { config } = this.#options.server;
    if (config.protocolVersion === MODERN || this.#host.transports.isModernOnly(config)) {
      return await this.#translated(first, events);
    }
    const initialize = insisting(first, config.protocolVersion);
    const opened = (await this.#shared(initialize, events)) ?? (await this.#own(initialize, events));
    if (opened.answer.error === undefined) return this.#forwarding(opened);
    // Perhaps it knows no `initialize`; what it answers then is a JSON-RPC error of its own choice.
    if (!(await this.#hasModern())) return this.#forwarding(opened);
    await opened.peer.close();
    this.#host.transports.noteModernOnly(config);
    return await this.#translated(first, events);
  }

  /** Undefined where this caller needs a session of their own. */
  async #shared(initialize: Message, events: PeerEvents): Promise<Opened | undefined> {
    const { server, scope } = this.#options;
    if (!this.#mayShare || mayBeAsked(initialize)) return undefined;
    const shared = this.#host.transports.sharedPeer(server, scope);
    const welcome = await shared.opened().catch(() => undefined);
    // A log would be everybody's, and so would tasks and what one has subscribed to.
    if (welcome === undefined || speaksUnasked(welcome)) return undefined;
    return await opened(shared.caller(events), initialize, events);
  }

  get #mayShare(): boolean {
    const { endpoint, isolation } = this.#options.server.config;
    return endpoint.kind === 'stdio' && isolation !== 'session';
  }

  async #own(initialize: Message, events: PeerEvents): Promise<Opened> {
    const { server, scope } = this.#options;
    const { transports } = this.#host;
    if (server.config.endpoint.kind !== 'stdio') {
      return await opened(transports.own(server, scope, events), initialize, events);
    }
    const release = this.#slot();
    if (release === undefined) return await this.#sharedForLackOfRoom(initialize, events);
    const child = transports.own(server, scope, {
      onMessage: (message) => events.onMessage(message),
      onClosed: (reason) => {
        release();
        events.onClosed(reason);
      },
    });
    return await opened(new WatchedPeer(child, { onClose: release }), initialize, events);
  }

  /** Tools without questions and logs are better than none. */
  async #sharedForLackOfRoom(initialize: Message, events: PeerEvents): Promise<Opened> {
    const { server, scope } = this.#options;
    server.log.warn(
      {},
      'too many sessions keep a process of this server: another one shares, and cannot be asked anything',
    );
    return await opened(this.#host.transports.sharedPeer(server, scope).caller(events), initialize, events);
  }

  /** Room for a child, and what gives it back; undefined where there is none, and sharing will do. */
  #slot(): (() => void) | undefined {
    const { caller, server, children, makeRoom } = this.#options;
    const { key, isOnePerson } = sessionOwner({ ...caller, principal: principalAt(caller, server) }, undefined);
    let slot: ChildSlot;
    try {
      slot = this.#host.children.take(key, isOnePerson, makeRoom);
    } catch (error) {
      if (this.#mayShare) return undefined;
      throw error;
    }
    children.count += 1;
    return () => {
      if (slot.release()) children.count -= 1;
    };
  }

  async #translated(first: Message, events: PeerEvents): Promise<Opened> {
    const translated = new ModernAsLegacy(
      () => new DeferredPeer(() => this.#modern()),
      events,
      this.#options.server.log,
    );
    return this.#forwarding(await opened(translated, first, events));
  }

  async #modern(): Promise<Peer> {
    const { server, scope } = this.#options;
    const peer = await this.#host.transports.modern(server, scope);
    if (peer === undefined) throw unavailable('The server speaks no revision that latchkey can use.', 60);
    return peer;
  }

  async #hasModern(): Promise<boolean> {
    return await this.#modern().then(
      () => true,
      () => false,
    );
  }

  #forwarding({ peer, answer }: Opened): Opened {
    const { server } = this.#options;
    return { peer: new ForwardingPeer(peer, () => server.config), answer };
  }
}

/** Sends `initialize`; resolves with the answer, which may be an error. What comes before it is told as it comes. */
export function begin(peer: Peer, initialize: Message, events: PeerEvents): Promise<Message> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      exchange.cancel();
      reject(unavailable('The server did not answer in time.', 5));
    }, CONNECT_MS);
    const exchange: Exchange = peer.request(initialize, {
      onMessage: (message) => events.onMessage(message),
      onAnswer: (answer) => {
        clearTimeout(timer);
        resolve(answer);
      },
      onFailure: (error) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    });
  });
}

/** Leaves nothing open where it fails. */
async function opened(peer: Peer, initialize: Message, events: PeerEvents): Promise<Opened> {
  try {
    return { peer, answer: await begin(peer, initialize, events) };
  } catch (error) {
    await peer.close();
    throw error;
  }
}

function mayBeAsked({ params }: Message): boolean {
  const { capabilities } = params;
  return isRecord(capabilities) && ASKED.some((name) => isRecord(capabilities[name]));
}

function speaksUnasked({ result }: Message): boolean {
  const capabilities = isRecord(result?.capabilities) ? result.capabilities : {};
  const { logging, resources, tasks } = capabilities;
  return isRecord(logging) || isRecord(tasks) || (isRecord(resources) && resources.subscribe === true);
}

/** The entry may insist on a revision. */
function insisting(initialize: Message, version: string | undefined): Message {
  if (version === undefined || initialize.params.protocolVersion === version) return initialize;
  return edited(initialize, (value) => ({
    ...value,
    params: { ...(isRecord(value.params) ? value.params : {}), protocolVersion: version },
  }));
}
