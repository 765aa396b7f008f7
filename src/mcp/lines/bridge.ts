/** The way of one event stream to a process of its own, which hears what the client says and nothing else. */
import type { StdioEndpoint } from '../../upstream/child-channel.ts';
import type { ChildSlot } from '../../upstream/child-slots.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { StdioPeer } from '../../upstream/peer/stdio-peer.ts';
import type { Server } from '../../upstream/server.ts';
import { holderAt, type McpCaller } from '../caller.ts';
import { DeadlinePeer } from '../wrappers/deadline.ts';
import { filtered } from '../wrappers/filter.ts';
import { TracedPeer } from '../wrappers/traced-peer.ts';
import { WatchedPeer } from '../wrappers/watched-peer.ts';
import type { LineHost } from './line-host.ts';
import { notStarted } from './not-started.ts';

/** A server that is a process. */
export interface Bridged {
  readonly server: Server;
  readonly endpoint: StdioEndpoint;
}

export interface BridgeOptions extends Bridged {
  readonly caller: McpCaller;
  /** The process is gone, or its entry is another now and nothing is under way: the session is to end. */
  readonly onOver: () => void;
  readonly onClose: () => void;
}

export class Bridge implements Peer {
  readonly era = 'legacy';
  readonly name: string;
  readonly #options: BridgeOptions;
  readonly #slot: ChildSlot;
  readonly #peer: WatchedPeer;
  #child: StdioPeer | undefined;
  #draining: NodeJS.Timeout | undefined;

  /** Throws 429 or 503 where there are too many processes. */
  constructor(host: LineHost, options: BridgeOptions, events: PeerEvents) {
    const { server, caller } = options;
    this.name = server.name;
    this.#options = options;
    const { key } = holderAt(caller, server);
    // A session that its caller has not ended is their work: none gives way.
    this.#slot = host.children.take(key, { isOne: true });
    const timed = new DeadlinePeer(
      {
        open: (to) => filtered(new TracedPeer((traced) => this.#newChild(traced), server.log, to), () => server.config),
        timeoutMs: () => server.config.timeoutMs,
        onCall: (...call) => host.onCall(server.name, ...call),
      },
      events,
    );
    this.#peer = new WatchedPeer(timed, { onIdle: () => this.#idle() });
  }

  /** Rejects with 500 where the process cannot be started. */
  async start(): Promise<void> {
    const { server, endpoint } = this.#options;
    try {
      await this.#child?.start();
    } catch (error) {
      throw notStarted(server, endpoint, error);
    }
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    return this.#peer.request(message, replies, headers);
  }

  send(message: Message): void {
    this.#peer.send(message);
  }

  async close(): Promise<void> {
    clearTimeout(this.#draining);
    this.#options.onClose();
    try {
      await this.#peer.close();
    } finally {
      this.#slot.release();
    }
  }

  /** The server's entry is another now: the session ends as soon as nothing is under way, and after `ms` at the latest. */
  retire(ms: number): void {
    this.#draining ??= setTimeout(this.#options.onOver, ms).unref();
    if (this.#peer.idleSince !== undefined) this.#options.onOver();
  }

  #newChild(events: PeerEvents): StdioPeer {
    const { endpoint, server, onOver } = this.#options;
    const onClosed = (reason: string): void => {
      events.onClosed(reason);
      onOver();
    };
    this.#child = new StdioPeer(endpoint, { onMessage: (message) => events.onMessage(message), onClosed }, server.log);
    return this.#child;
  }

  /** The last answer has yet to be passed on. */
  #idle(): void {
    if (this.#draining !== undefined) queueMicrotask(this.#options.onOver);
  }
}
