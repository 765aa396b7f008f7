/** All servers as one, for each caller: which of them there are, and what outlives a stateless request. */
import type { Gateway } from '../gateway.ts';
import type { Log } from '../log-sink.ts';
import type { Peer, PeerEvents } from '../upstream/peer/peer.ts';
import type { Server } from '../upstream/server.ts';
import { Directory } from './aggregate/directory.ts';
import { AggregateLegacyPeer } from './aggregate/legacy.ts';
import type { Members } from './aggregate/members.ts';
import { AggregateModernPeer } from './aggregate/modern.ts';
import { Notices } from './aggregate/notices.ts';
import type { McpCaller } from './caller.ts';
import type { Children } from './session/registry.ts';
import { WatchedPeer } from './wrappers/watched-peer.ts';

export interface AggregatesOptions {
  readonly gateway: Gateway;
  readonly log: Log;
  readonly session: (server: Server, caller: McpCaller, children: Children, events: PeerEvents) => Peer;
  readonly stateless: (server: Server, caller: McpCaller, events: PeerEvents) => Peer;
}

/** Callers whose names of tools are remembered; who is forgotten costs a list more. */
const MOST_DIRECTORIES = 1_000;

interface Changing {
  membersChanged(): void;
  close(): Promise<void>;
}

export class Aggregates {
  readonly #options: AggregatesOptions;
  readonly #notices: Notices;
  /** By caller; the one that was used last is the last. */
  readonly #directories = new Map<string, Directory>();
  /** Those that want to know when servers come and go. */
  readonly #live = new Set<Changing>();

  constructor(options: AggregatesOptions) {
    this.#options = options;
    this.#notices = new Notices(options.log);
  }

  session(caller: McpCaller, children: Children, events: PeerEvents): Peer {
    const { session } = this.#options;
    const members = this.#members((server, to) => session(server, caller, children, to));
    const peer = new AggregateLegacyPeer({ members, notices: this.#notices }, events);
    this.#live.add(peer);
    return new WatchedPeer(peer, { onClose: () => this.#live.delete(peer) });
  }

  /** For the requests of one caller; `key` tells callers apart. */
  stateless(caller: McpCaller, key: string): Peer {
    const members = this.#members((server, to) => this.#options.stateless(server, caller, to));
    const directory = this.#directoryOf(key);
    const peer = new AggregateModernPeer({ members, notices: this.#notices, directory });
    return new WatchedPeer(peer, { onBusy: () => this.#live.add(peer), onIdle: () => this.#live.delete(peer) });
  }

  /** Servers have come, gone or changed. */
  membersChanged(): void {
    for (const one of [...this.#live]) one.membersChanged();
  }

  /** Ends the requests that never end by themselves. */
  async close(): Promise<void> {
    await Promise.all([...this.#live].map((one) => one.close()));
  }

  #members(open: (server: Server, events: PeerEvents) => Peer): Members {
    return () =>
      [...this.#options.gateway.servers.values()].map((server) => ({
        name: server.name,
        hash: server.config.hash,
        timeoutMs: server.config.timeoutMs,
        open: (events) => open(server, events),
      }));
  }

  #directoryOf(key: string): Directory {
    const known = this.#directories.get(key) ?? new Directory();
    this.#directories.delete(key);
    this.#directories.set(key, known);
    const [oldest] = this.#directories.keys();
    if (this.#directories.size > MOST_DIRECTORIES && oldest !== undefined) this.#directories.delete(oldest);
    return known;
  }
}
