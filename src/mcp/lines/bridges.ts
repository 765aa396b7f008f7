/** The event streams whose server is a process of their own. */
import type { PeerFactory } from '../../upstream/peer/peer.ts';
import { DRAIN_MS } from '../../upstream/timings.ts';
import { reasonOf } from '../../upstream/wire.ts';
import type { Allowances } from '../allowances.ts';
import { type McpCaller, sessionOwner } from '../caller.ts';
import { checkServed } from '../served.ts';
import type { Conversation } from '../session/conversation.ts';
import type { SessionRegistry } from '../session/registry.ts';
import { BudgetPeer } from '../wrappers/budget-peer.ts';
import { Bridge, type Bridged } from './bridge.ts';
import type { LineHost } from './line-host.ts';

export type { Bridged } from './bridge.ts';

export class Bridges {
  readonly #host: LineHost;
  readonly #sessions: SessionRegistry;
  readonly #allowances: Allowances;
  readonly #open = new Set<Bridge>();

  constructor(host: LineHost, sessions: SessionRegistry, allowances: Allowances) {
    this.#host = host;
    this.#sessions = sessions;
    this.#allowances = allowances;
  }

  /** As `McpEndpoints.bridge`. */
  async open(caller: McpCaller, bridged: Bridged): Promise<Conversation> {
    const { server } = bridged;
    const room = this.#allowances.room(caller, server);
    let bridge!: Bridge;
    const options = {
      ...bridged,
      caller,
      onOver: () => this.#end(conversation),
      onClose: () => this.#open.delete(bridge),
    };
    const way: PeerFactory = (events) => {
      bridge = new Bridge(this.#host, options, events);
      return bridge;
    };
    const conversation = this.#sessions.open(
      sessionOwner(caller, server),
      (events) => new BudgetPeer(way, room, events),
      { isResumable: false, mayBeginAgain: true, isBounded: false, room },
    );
    this.#open.add(bridge);
    try {
      await bridge.start();
      checkServed(this.#host.gateway, server);
    } catch (error) {
      await this.#sessions.end(conversation);
      throw error;
    }
    return conversation;
  }

  /** The entry of that name is another now: its streams end, so that their clients come again and find it. */
  retire(name: string): void {
    for (const bridge of [...this.#open]) if (bridge.name === name) bridge.retire(DRAIN_MS);
  }

  #end(conversation: Conversation): void {
    this.#sessions.end(conversation).catch((error: unknown) => {
      this.#host.log.error({ reason: reasonOf(error) }, 'the session of an event stream could not be ended');
    });
  }
}
