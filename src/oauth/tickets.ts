/** Secrets in links that say for whom a login is begun: sealed, ten minutes, five for one person and server. */
import { LRUCache } from 'lru-cache';
import { digest } from '../identity/compare.ts';
import { type Store, type Table, writeOver } from '../storage/store.ts';
import { isSecret, randomSecret } from './flow.ts';
import { grantKey } from './grants.ts';
import type { TicketHolder } from './hand-off.ts';
import type { Owner, ProtectedServer } from './model.ts';
import { stored } from './stored.ts';

/** How long a link is good. */
export const TICKET_MS = 10 * 60_000;

/** A model that tries again does not push out the link that the person is looking at. */
const GIVEN_AGAIN_MS = 2 * 60_000;
const MOST_LIVE = 5;
/** Owners are anybody who calls. */
const MOST_GIVEN = 10_000;

/** Bound to the server's name and address: a link does not follow a name to another place. */
interface Ticket extends TicketHolder {
  readonly server: string;
  readonly url: string;
}

/** The rows of the tickets of one owner at one server, oldest first. */
interface Issued {
  readonly rows: readonly { readonly row: string; readonly createdAt: number }[];
}

interface Given {
  readonly ticket: Promise<string>;
  readonly at: number;
}

/** All methods reject with `GatewayError` `storage_failed` where the store does; times are in milliseconds since 1970. */
export class Tickets {
  readonly #tickets: Table<Ticket>;
  readonly #issued: Table<Issued>;
  /** What this process gave lately, by owner and server. */
  readonly #given = new LRUCache<string, Given>({ max: MOST_GIVEN, ttl: GIVEN_AGAIN_MS });

  /** The tables of `store` are sealed. */
  constructor(store: Store) {
    this.#tickets = store.table('tickets');
    this.#issued = store.table('tickets-issued');
  }

  /** 256 random bits, base64url; the same as before for a caller who asks again within two minutes, while it is live. */
  async issue(server: ProtectedServer, owner: Owner, label: string, now: number = Date.now()): Promise<string> {
    const key = grantKey(server, owner);
    const given = this.#given.get(key);
    if (given !== undefined && now < given.at + GIVEN_AGAIN_MS) {
      const ticket = await given.ticket;
      if ((await this.look(server, ticket, now)) !== undefined) return ticket;
      // Used up; somebody else may have noticed first.
      const newer = this.#given.get(key);
      if (newer !== undefined && newer !== given) return newer.ticket;
    }
    const next: Given = { ticket: this.#issueNew(server, { owner, label, createdAt: now }), at: now };
    this.#given.set(key, next);
    next.ticket.catch(() => {
      if (this.#given.get(key) === next) this.#given.delete(key);
    });
    return next.ticket;
  }

  /** For whom it is; it stays. Undefined: unknown, used, over, or of another server. */
  async look(server: ProtectedServer, ticket: string, now: number = Date.now()): Promise<TicketHolder | undefined> {
    if (!isSecret(ticket)) return undefined;
    const found = await stored(this.#tickets.get(rowOf(ticket)));
    if (found === undefined || found.server !== server.name || found.url !== server.url.href) return undefined;
    const { owner, label, createdAt } = found;
    return now < createdAt + TICKET_MS ? { owner, label, createdAt } : undefined;
  }

  /** As `look`, and it is gone: of many racers one gets it. A ticket that `look` does not tell of stays. */
  async take(server: ProtectedServer, ticket: string, now: number = Date.now()): Promise<TicketHolder | undefined> {
    const holder = await this.look(server, ticket, now);
    if (holder === undefined) return undefined;
    return (await stored(this.#tickets.take(rowOf(ticket)))) === undefined ? undefined : holder;
  }

  /** Removes up to `limit` tickets that nobody used in time. */
  async sweep(limit: number): Promise<void> {
    await stored(this.#tickets.sweep(limit));
    await stored(this.#issued.sweep(limit));
  }

  async #issueNew(server: ProtectedServer, holder: TicketHolder): Promise<string> {
    const ticket = randomSecret();
    await stored(this.#tickets.set(rowOf(ticket), { ...holder, server: server.name, url: server.url.href }, TICKET_MS));
    const surplus = await this.#note(grantKey(server, holder.owner), rowOf(ticket), holder.createdAt);
    for (const row of surplus) await stored(this.#tickets.delete(row));
    return ticket;
  }

  /** Writes down that a ticket was issued; resolves with the rows of those that are too many now. */
  async #note(key: string, row: string, now: number): Promise<readonly string[]> {
    for (;;) {
      const found = await stored(this.#issued.read(key));
      const live = found?.value.rows.filter(({ createdAt }) => now < createdAt + TICKET_MS) ?? [];
      const rows = [...live, { row, createdAt: now }];
      const next: Issued = { rows: rows.slice(-MOST_LIVE) };
      const done = await stored(writeOver(this.#issued, key, found, next, TICKET_MS));
      if (done) return rows.slice(0, -MOST_LIVE).map((surplus) => surplus.row);
    }
  }
}

/** Hashed, because keys lie open in the store. */
function rowOf(ticket: string): string {
  return digest(ticket).toString('base64url');
}
