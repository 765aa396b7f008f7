/** The sessions of all callers: found by their id, each its owner's alone, closed when idle, and never too many. */
import { randomBytes } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import { unavailable } from '../../upstream/wire.ts';
import { Conversation, type ConversationOptions } from './conversation.ts';

/** Of those sessions that nothing else bounds. */
export interface SessionLimits {
  /** Of all callers together. */
  readonly most: number;
  /** Of one caller who is one person. */
  readonly mostPerPerson: number;
  readonly idleMs: number;
}

const LIMITS: SessionLimits = { most: 1_000, mostPerPerson: 200, idleMs: 10 * 60_000 };
const TICK_MS = 1_000;
/** Shorter than what proxies commonly wait for. */
const AWAKE_EVERY = 25;

/** Where a session lives, and whose it is. */
export interface SessionOwner {
  /** The server that it is with; empty: all. */
  readonly endpoint: string;
  /** Whoever asks later must be the same. */
  readonly key: string;
  /** False for callers who may be many people: they share only the limit of all. */
  readonly isOnePerson: boolean;
}

/** How many processes a session keeps to itself; whoever starts and ends them counts. */
export interface Children {
  count: number;
}

export interface SessionSetup extends Pick<ConversationOptions, 'isResumable' | 'mayBeginAgain' | 'room'> {
  readonly children?: Children;
  /** False where something else bounds how many of them there are: it counts for none of our limits. Default: true. */
  readonly isBounded?: boolean;
}

interface Entry extends SessionOwner {
  readonly conversation: Conversation;
  readonly children: Children;
  readonly isBounded: boolean;
}

export class SessionRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #limits: SessionLimits;
  readonly #timer: NodeJS.Timeout;
  #ticks = 0;

  constructor(limits: Partial<SessionLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A new session; throws 503 where there are too many and none can be given up. */
  open(
    owner: SessionOwner,
    peer: ConversationOptions['peer'],
    { children = { count: 0 }, isBounded = true, ...more }: SessionSetup = {},
  ): Conversation {
    if (isBounded) this.#makeRoom(owner);
    const id = randomBytes(32).toString('base64url');
    const conversation = new Conversation({ id, owner: owner.key, peer, ...more });
    this.#entries.set(id, { ...owner, conversation, children, isBounded });
    return conversation;
  }

  /** The session of that id, where it is this owner's; throws 404 alike for one that is unknown and one that is another's. */
  find(id: string, { endpoint, key }: Pick<SessionOwner, 'endpoint' | 'key'>): Conversation {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.key !== key || entry.endpoint !== endpoint) throw sessionUnknown();
    return entry.conversation;
  }

  async end(conversation: Conversation): Promise<void> {
    this.#entries.delete(conversation.id);
    await conversation.close();
  }

  /** As `end`, where nobody waits for it, nor could do anything where that fails. */
  endSoon(conversation: Conversation): void {
    this.end(conversation).catch(() => undefined);
  }

  /** Ends the sessions with a server that is gone. */
  endAt(endpoint: string): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.endpoint === endpoint) this.endSoon(entry.conversation);
    }
  }

  /**
   * Gives up the bounded session that was idle longest, of `key` alone where one is given; false where all are in use.
   */
  giveUpIdle(key?: string, isOne: (entry: { readonly children: Children }) => boolean = () => true): boolean {
    const idle = this.#bounded().filter(
      (entry) => !entry.conversation.isInUse && (key === undefined || entry.key === key) && isOne(entry),
    );
    const [first] = idle.sort((one, other) => one.conversation.lastUsed - other.conversation.lastUsed);
    if (first === undefined) return false;
    this.endSoon(first.conversation);
    return true;
  }

  /** Ends what has been idle for too long, and keeps the others awake. */
  tick(now = Date.now()): void {
    this.#ticks += 1;
    for (const { conversation } of [...this.#entries.values()]) {
      const isIdle = !conversation.isInUse && now - conversation.lastUsed > this.#limits.idleMs;
      if (isIdle) this.endSoon(conversation);
      else conversation.tick(now, this.#ticks % AWAKE_EVERY === 0);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const all = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(all.map(({ conversation }) => conversation.close()));
  }

  #bounded(): Entry[] {
    return [...this.#entries.values()].filter(({ isBounded }) => isBounded);
  }

  #makeRoom({ key, isOnePerson }: SessionOwner): void {
    const { most, mostPerPerson } = this.#limits;
    const all = this.#bounded();
    const own = isOnePerson ? all.filter((entry) => entry.key === key).length : 0;
    const isFull = own >= mostPerPerson || all.length >= most;
    // One's own first; a newcomer must not end the sessions of somebody who is at work.
    if (!isFull || this.giveUpIdle(key)) return;
    if (own >= mostPerPerson || !this.giveUpIdle())
      throw unavailable('Too many MCP sessions are open; close some.', 30);
  }
}

/** 404 makes clients begin anew (2025-11-25, Streamable HTTP, session management 3). */
function sessionUnknown(): GatewayError {
  return new GatewayError('session_unknown', 404, 'There is no such MCP session; begin a new one with initialize.');
}
