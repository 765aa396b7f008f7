/** The servers behind one endpoint, as one caller may use them. */
import type { Peer, PeerEvents } from '../../upstream/peer/peer.ts';
import type { Notices } from './notices.ts';

/** One server behind the aggregate; what it lists and answers is what this caller may see. */
export interface Member {
  /** As configured, which no two servers share. */
  readonly name: string;
  /** Of its entry; another one is another server. */
  readonly hash: string;
  /** How long a call of this server may take. */
  readonly timeoutMs: number;
  /** A peer of the era of the aggregate, which closes it; asked for on first need, and again after it has closed. */
  open(events: PeerEvents): Peer;
}

/** The members now, in the order of the configuration; they change with a reload, so they are asked for each time. */
export type Members = () => readonly Member[];

export interface AggregateOptions {
  readonly members: Members;
  /** One for all callers. */
  readonly notices: Notices;
}
