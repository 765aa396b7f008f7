/** Opens a server's session for one caller: of their own, or one that callers share; or translated, where the server has no sessions. */
import { isRecord } from '../../schema/json-schema.ts';
import type { StdioEndpoint } from '../../upstream/child-channel.ts';
import type { ChildSlot } from '../../upstream/child-slots.ts';
import { METHOD_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import { ask } from '../../upstream/peer/ask.ts';
import { edited, type Message, requestMessage } from '../../upstream/peer/message.ts';
import { type Peer, type PeerEvents, QUIET } from '../../upstream/peer/peer.ts';
import { StdioPeer } from '../../upstream/peer/stdio-peer.ts';
import { CLIENT_INFO, LATEST_LEGACY, MODERN } from '../../upstream/protocol.ts';
import type { Server } from '../../upstream/server.ts';
import { NotSentError, type StopSignal } from '../../upstream/wire.ts';
import { holderAt, type McpCaller } from '../caller.ts';
import { ModernAsLegacy } from '../translate/modern-as-legacy.ts';
import { DeferredPeer } from '../wrappers/deferred-peer.ts';
import { ForwardingPeer } from '../wrappers/forwarding.ts';
import type { Opened } from '../wrappers/lasting-peer.ts';
import { unlessStopped } from '../wrappers/unless-stopped.ts';
import { WatchedPeer } from '../wrappers/watched-peer.ts';
import type { LineOptions } from './legacy-line.ts';
import type { LineHost } from './line-host.ts';
import { notStarted } from './not-started.ts';
import type { Scope } from './transports.ts';

/** What of a client the server might ask, so that a session must be this client's alone. */
const ASKED = ['sampling', 'elicitation', 'roots'];
/** Starting a server may download it first, in milliseconds. */
const CONNECT_MS = 60_000;

export interface TransportOptions {
  readonly server: Server;
  readonly caller: McpCaller;
  readonly scope: Scope;
  /** Nobody wants the session any more. */
  readonly stop: StopSignal;
  /** Where processes are counted. Undefined: whoever opens has room for one, and shares nobody else's, whatever the entry says. */
  readonly processes?: Pick<LineOptions, 'children' | 'makeRoom'>;
  /** Told of each peer before `initialize` goes to it; the last one is the one in use. */
  readonly onPeer?: (peer: Peer) => void;
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
    if (config.protocolVersion === MODERN || this.#host.transports.notes.isModernOnly(config)) {
      return await this.#translated(first, events);
    }
    const initialize = insisting(first, config.protocolVersion);
    const opened = (await this.#shared(initialize, events)) ?? (await this.#own(initialize, events));
    const { error } = opened.answer;
    if (error === undefined) {
      this.#host.transports.notes.forgetModernOnly(config);
      return this.#forwarding(opened);
    }
    await opened.peer.close();
    if (!(await this.#knowsNoSessions(error.code))) return this.#forwarding(opened);
    this.#host.transports.notes.noteModernOnly(config);
    return await this.#translated(first, events);
  }

  /**
   * Whether a server that answered `initialize` with that error is one of 2026-07-28 alone. What it says of a method that it
   * does not know is an error of its own choice; but what is wrong with a caller's `initialize` says nothing of the server.
   */
  async #knowsNoSessions(code: unknown): Promise<boolean> {
    if (code !== METHOD_NOT_FOUND && !(await this.#refusesOurs(code))) return false;
    return await this.#hasModern();
  }

  /** Whether an `initialize` that is sound for certain has the same error. */
  async #refusesOurs(code: unknown): Promise<boolean> {
    const { protocolVersion = LATEST_LEGACY } = this.#options.server.config;
    const params = { protocolVersion, capabilities: {}, clientInfo: CLIENT_INFO };
    try {
      const { peer, answer } = await this.#own(requestMessage(0, 'initialize', params), QUIET);
      await peer.close();
      return answer.error?.code === code;
    } catch {
      return false;
    }
  }

  /** Undefined where this caller needs a session of their own. */
  async #shared(initialize: Message, events: PeerEvents): Promise<Opened | undefined> {
    const { server, scope, stop } = this.#options;
    if (!this.#mayShare || mayBeAsked(initialize)) return undefined;
    const { transports } = this.#host;
    const mayShare = await unlessStopped(transports.mayShare(server, scope), stop).catch(() => false);
    if (!mayShare) return undefined;
    return await this.#opened(transports.sharedPeer(server, scope).caller(events), initialize, events);
  }

  get #mayShare(): boolean {
    const { endpoint, isolation } = this.#options.server.config;
    return endpoint.kind === 'stdio' && isolation !== 'session' && this.#options.processes !== undefined;
  }

  async #own(initialize: Message, events: PeerEvents): Promise<Opened> {
    const { server, scope } = this.#options;
    const { transports } = this.#host;
    const { endpoint } = server.config;
    if (endpoint.kind !== 'stdio') {
      return await this.#opened(transports.own(server, scope, events), initialize, events);
    }
    // Else a process would be started for nobody.
    if (this.#options.stop.aborted) throw this.#options.stop.reason;
    const { processes } = this.#options;
    if (processes === undefined) return await this.#alone(endpoint, initialize, events);
    const release = this.#slot(processes);
    if (release === undefined) return await this.#sharedForLackOfRoom(initialize, events);
    const child = transports.own(server, scope, {
      onMessage: (message) => events.onMessage(message),
      onClosed: (reason) => {
        release();
        events.onClosed(reason);
      },
    });
    return await this.#opened(new WatchedPeer(child, { onClose: release }), initialize, events);
  }

  /** Who wants it holds the room for it, and is told why the process cannot be started. */
  async #alone(endpoint: StdioEndpoint, initialize: Message, events: PeerEvents): Promise<Opened> {
    const { server } = this.#options;
    const child = new StdioPeer(endpoint, events, server.log);
    try {
      await child.start();
    } catch (error) {
      throw notStarted(server, endpoint, error);
    }
    return await this.#opened(child, initialize, events);
  }

  /** Tools without questions and logs are better than none. */
  async #sharedForLackOfRoom(initialize: Message, events: PeerEvents): Promise<Opened> {
    const { server, scope } = this.#options;
    server.log.warn(
      {},
      'too many sessions keep a process of this server: another one shares, and cannot be asked anything',
    );
    return await this.#opened(this.#host.transports.sharedPeer(server, scope).caller(events), initialize, events);
  }

  /** Room for a child, and what gives it back; undefined where there is none, and sharing will do. */
  #slot({ children, makeRoom }: Pick<LineOptions, 'children' | 'makeRoom'>): (() => void) | undefined {
    const { caller, server } = this.#options;
    const { key, isOnePerson } = holderAt(caller, server);
    let slot: ChildSlot;
    try {
      slot = this.#host.children.take(key, { isOne: isOnePerson, makeRoom });
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
    return this.#forwarding(await this.#opened(translated, first, events));
  }

  async #modern(): Promise<Peer> {
    const { server, scope } = this.#options;
    const { transports } = this.#host;
    const peer = await transports.modern(server, scope);
    if (peer !== undefined) return peer;
    // A session that is opened anew finds the server as it is now.
    transports.notes.forgetModernOnly(server.config);
    throw new NotSentError('connection', 'The server does not speak 2026-07-28 any more');
  }

  async #hasModern(): Promise<boolean> {
    return await unlessStopped(this.#modern(), this.#options.stop).then(
      () => true,
      () => false,
    );
  }

  #opened(peer: Peer, initialize: Message, events: PeerEvents): Promise<Opened> {
    this.#options.onPeer?.(peer);
    return openedOn(peer, initialize, events, this.#options.stop);
  }

  #forwarding({ peer, answer }: Opened): Opened {
    const { server } = this.#options;
    return { peer: new ForwardingPeer(peer, () => server.config), answer };
  }
}

/**
 * Sends `initialize` to a new peer; resolves with the answer, which may be an error. What comes before it is told to `events`
 * as it comes. Leaves nothing open where it fails or is stopped.
 */
export async function openedOn(peer: Peer, initialize: Message, events: PeerEvents, stop: StopSignal): Promise<Opened> {
  try {
    const onMessage = (message: Message): void => events.onMessage(message);
    return { peer, answer: await ask(peer, initialize, { ms: CONNECT_MS, onMessage, stop }) };
  } catch (error) {
    await peer.close();
    throw error;
  }
}

function mayBeAsked({ params }: Message): boolean {
  const { capabilities } = params;
  return isRecord(capabilities) && ASKED.some((name) => isRecord(capabilities[name]));
}

/** The entry may insist on a revision. */
function insisting(initialize: Message, version: string | undefined): Message {
  if (version === undefined || initialize.params.protocolVersion === version) return initialize;
  return edited(initialize, (value) => ({
    ...value,
    params: { ...(isRecord(value.params) ? value.params : {}), protocolVersion: version },
  }));
}
