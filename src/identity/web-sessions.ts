/** Sessions of browsers: what the gateway remembers between two requests of one browser; knows nothing of HTTP. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Table } from '../storage/store.ts';
import { digest } from './compare.ts';
import type { Principal } from './principal.ts';

export interface WebSession {
  /** A UUID that stays for as long as the session lives, whoever signs in. */
  readonly visitor: string;
  /** Signed in as; absent: nobody. */
  readonly principal?: Principal;
  /** Which credential the browser has proved, as a fingerprint: with the credential it loses its worth. */
  readonly proof?: string;
  /** When the sign-in ends before the session does, in milliseconds since 1970: `principal` and `proof` say nothing after. */
  readonly until?: number;
  /** Secret for forms. */
  readonly csrf: string;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
  /** Servers whose login was begun in this session. */
  readonly visited: readonly string[];
}

/** As stored. */
export interface SessionRecord extends WebSession {
  /** When the idle time last began anew, in milliseconds since 1970. */
  readonly seenAt: number;
}

export interface WebSessionsOptions {
  /** A session that nobody uses for so long ends. */
  readonly idleMs: number;
  /** No session lives longer, used or not. */
  readonly longestMs: number;
}

export interface Identified {
  /** What the cookie holds: 256 random bits, base64url. */
  readonly id: string;
  readonly session: WebSession;
}

const SECRET_BYTES = 32;
const ID_FORM = /^[A-Za-z0-9_-]{43}$/;
/** Sliding the expiry is a write; a minute of idle time more or less is not worth one on each request. */
const SLIDE_MS = 60_000;
const SWEEP_LIMIT = 500;

export class WebSessions {
  readonly #table: Table<SessionRecord>;
  readonly #options: WebSessionsOptions;

  /** `table` is a sealed one; it is keyed by hashes, so that who reads the database holds no session. */
  constructor(table: Table<SessionRecord>, options: WebSessionsOptions) {
    this.#table = table;
    this.#options = options;
  }

  /** How long a session lasts at most, in milliseconds. */
  get longestMs(): number {
    return this.#options.longestMs;
  }

  /** The live session of `id`, whose idle time begins anew; undefined: unknown, malformed, or over. */
  async open(id: string): Promise<WebSession | undefined> {
    const found = await this.#find(id);
    if (found === undefined) return undefined;
    const { seenAt, ...session } = found.value;
    const now = Date.now();
    // Losing this race is as good: another request has just done it, or the session has ended.
    if (now - seenAt >= Math.min(SLIDE_MS, this.#options.idleMs / 2)) {
      await this.#table.replace(keyOf(id), found.stamp, { ...session, seenAt: now }, this.#options.idleMs);
    }
    return session;
  }

  async create(): Promise<Identified> {
    const session = { visitor: randomUUID(), csrf: newSecret(), createdAt: Date.now(), visited: [] };
    return this.#store(session);
  }

  /**
   * Writes what `edit` makes of the session, under the same id; with racers it may run several times. Not for a change of
   * rights, which asks for `rotate`. Undefined: there is no such session.
   */
  async change(id: string, edit: (session: WebSession) => WebSession): Promise<WebSession | undefined> {
    for (;;) {
      const found = await this.#find(id);
      if (found === undefined) return undefined;
      const { seenAt: _, ...before } = found.value;
      const session = { ...edit(before), visitor: before.visitor, createdAt: before.createdAt };
      const now = Date.now();
      const record = { ...session, seenAt: now };
      if (await this.#table.replace(keyOf(id), found.stamp, record, this.#options.idleMs)) return session;
    }
  }

  /**
   * Moves the session to a new id, as `session` where one is given; the old id is dead from then on, so that an id somebody
   * planted in a browser is worth nothing after a sign-in (session fixation). Forms made before a change of rights are dead
   * too. Undefined: there is no such session, or another racer has moved it.
   */
  async rotate(id: string, session?: WebSession): Promise<Identified | undefined> {
    if (!ID_FORM.test(id)) return undefined;
    const record = await this.#table.take(keyOf(id));
    if (record === undefined || this.#isOver(record)) return undefined;
    const { seenAt: _, ...before } = record;
    const after = { ...(session ?? before), visitor: before.visitor, createdAt: before.createdAt };
    return this.#store(hasSameRights(before, after) ? after : { ...after, csrf: newSecret() });
  }

  async destroy(id: string): Promise<void> {
    if (ID_FORM.test(id)) await this.#table.delete(keyOf(id));
  }

  /** Removes sessions that are over, a limited number at a time. */
  async sweep(): Promise<void> {
    await this.#table.sweep(SWEEP_LIMIT);
  }

  async #find(id: string): ReturnType<Table<SessionRecord>['read']> {
    if (!ID_FORM.test(id)) return undefined;
    const found = await this.#table.read(keyOf(id));
    return found === undefined || this.#isOver(found.value) ? undefined : found;
  }

  async #store(session: WebSession): Promise<Identified> {
    const id = newSecret();
    const now = Date.now();
    await this.#table.set(keyOf(id), { ...session, seenAt: now }, this.#options.idleMs);
    return { id, session };
  }

  /** The longest time is counted here; of the idle time the store takes care. */
  #isOver({ createdAt, seenAt }: SessionRecord): boolean {
    const now = Date.now();
    return now >= createdAt + this.#options.longestMs || now >= seenAt + this.#options.idleMs;
  }
}

/** What stays of a session without its sign-in. */
export function withoutSignIn({ principal: _, proof: __, until: ___, ...visitor }: WebSession): WebSession {
  return visitor;
}

function hasSameRights(one: WebSession, other: WebSession): boolean {
  return one.proof === other.proof && one.principal?.id === other.principal?.id;
}

function keyOf(id: string): string {
  return digest(id).toString('base64url');
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}
