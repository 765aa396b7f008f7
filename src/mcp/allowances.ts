/** What each caller of the MCP endpoints may take up: memory, and stateless requests under way. */
import { isOnePerson, isProven } from '../identity/principal.ts';
import { type Peer, type PeerFactory, QUIET } from '../upstream/peer/peer.ts';
import type { Server } from '../upstream/server.ts';
import { unavailable } from '../upstream/wire.ts';
import { Budget, type BudgetLimits, type Payer, RETRY_SECONDS, type Share } from './budget.ts';
import { type McpCaller, sessionOwner } from './caller.ts';
import { BudgetPeer } from './wrappers/budget-peer.ts';
import { WatchedPeer } from './wrappers/watched-peer.ts';

const MI = 1024 * 1024;
/** Characters of requests under way and of events that are kept, and bytes of answers that clients have not read. */
const ROOM: BudgetLimits = {
  perPerson: 128 * MI,
  perMany: 256 * MI,
  unproven: 256 * MI,
  all: 512 * MI,
  always: 64 * 1024,
};
/** Sessions have a limit of their own. */
const REQUESTS: BudgetLimits = { perPerson: 100, perMany: 500, unproven: 1_000, all: 2_000, always: 1 };

export class Allowances {
  readonly #room = new Budget(ROOM);
  readonly #requests = new Budget(REQUESTS);

  /** The memory of a caller. */
  room(caller: McpCaller, server: Server | undefined): Share {
    return this.#room.of(payerOf(caller, server));
  }

  /** For one stateless request; throws 503 where its caller has too many under way. */
  stateless(open: PeerFactory, caller: McpCaller, server: Server | undefined): Peer {
    const payer = payerOf(caller, server);
    const requests = this.#requests.of(payer);
    if (!requests.fits(1))
      throw unavailable('Too many of your requests are under way; try again when some are over.', RETRY_SECONDS);
    let release = (): void => undefined;
    return new WatchedPeer(new BudgetPeer(open, this.#room.of(payer), QUIET), {
      onBusy: () => {
        release = requests.take(1);
      },
      onIdle: () => release(),
    });
  }
}

/** A person is the same at every endpoint, whatever servers know them by. */
function payerOf(caller: McpCaller, server: Server | undefined): Payer {
  const { principal } = caller;
  const isPerson = isOnePerson(principal);
  const key = isPerson ? principal.id : sessionOwner(caller, server).key;
  return { key, isOnePerson: isPerson, isProven: isProven(principal) };
}
