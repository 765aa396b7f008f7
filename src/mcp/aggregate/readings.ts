/** Reads the lists of members: in parallel, none waited for too long, and none asked twice at a time. */
import { ask } from '../../upstream/peer/ask.ts';
import { type JsonObject, type Message, requestMessage } from '../../upstream/peer/message.ts';
import { type Outcome, settledWithin } from '../../upstream/waiting.ts';
import { reasonOf } from '../../upstream/wire.ts';
import type { Link } from './links.ts';
import { type Entry, type ListKind, type ListSpec, readList } from './lists.ts';
import type { Notices } from './notices.ts';
import { LATE_MS, LIST_MS, type Patience } from './patience.ts';

/** What a list request brings along for the servers. */
export interface Baggage {
  /** The envelope of 2026-07-28 and whatever else stands in `_meta`. */
  readonly meta: JsonObject | undefined;
  readonly headers: readonly string[] | undefined;
}

export interface ReadingsOptions {
  readonly notices: Notices;
  /** What is known of servers that do not answer. */
  readonly patience: Patience;
  /** How long a list that came too late is kept for the next who asks, in milliseconds. */
  readonly keepMs: number;
  /** Ids that no caller uses. */
  readonly nextId: () => string;
  /** A list that was left out can be had now. */
  readonly onFound: (kind: ListKind) => void;
  /** A message that came while a list was read, for the caller. */
  readonly onMessage: (link: Link, message: Message) => void;
}

interface Reading {
  readonly entries: Promise<readonly Entry[]>;
  isLate: boolean;
}

/** What became of one server's list: its entries, or why there are none. */
export type Read = { readonly entries: readonly Entry[] } | { readonly error: unknown };

export class Readings {
  readonly #options: ReadingsOptions;
  /** By what and whose it is. */
  readonly #readings = new Map<string, Reading>();
  /**
   * The lists of each server that were left out when they were last asked for; true: that they can be had has been told.
   * It is told once: who asks again in vain, for what never works, would be told again and again.
   */
  readonly #missing = new Map<string, Map<ListKind, boolean>>();

  constructor(options: ReadingsOptions) {
    this.#options = options;
  }

  /** One server's list; `isPatient`: nobody but this server is waited for. Never rejects. */
  async read(link: Link, spec: ListSpec, baggage: Baggage, isPatient = false): Promise<Read> {
    const key = keyOf(link.name, spec.kind);
    const reading = this.#readings.get(key) ?? this.#start(key, link, spec, baggage);
    const outcome = await this.#wait(link, spec.kind, reading, isPatient);
    if (outcome === 'waiting') {
      this.#await(key, spec.kind, reading);
      return this.#leaveOut(link.name, spec, new DOMException('No answer in time', 'TimeoutError'));
    }
    this.#end(key, reading);
    try {
      const entries = await reading.entries;
      this.#options.notices.answered(link.name, spec.method);
      this.#missing.get(link.name)?.delete(spec.kind);
      this.found(link.name);
      return { entries };
    } catch (error) {
      return this.#leaveOut(link.name, spec, error);
    }
  }

  /** The server has answered something: what was left out can be asked for again. */
  found(server: string): void {
    const kinds = this.#missing.get(server);
    for (const [kind, isTold] of kinds ?? []) {
      kinds?.set(kind, true);
      if (!isTold) this.#options.onFound(kind);
    }
  }

  /** The list has changed: one that is being read is that of before. */
  outdate(server: string, kind: ListKind): void {
    this.#readings.delete(keyOf(server, kind));
  }

  #start(key: string, link: Link, spec: ListSpec, baggage: Baggage): Reading {
    const reading = { entries: this.#readAll(link, spec, baggage), isLate: false };
    const startedAt = performance.now();
    const { patience } = this.#options;
    reading.entries.then(
      () => {
        if (performance.now() - startedAt < LIST_MS) patience.answered(link.name, spec.kind);
      },
      () => undefined,
    );
    this.#readings.set(key, reading);
    return reading;
  }

  async #wait({ name, member }: Link, kind: ListKind, reading: Reading, isPatient: boolean): Promise<Outcome> {
    const { patience } = this.#options;
    const startedAt = performance.now();
    const usual = reading.isLate ? LATE_MS : patience.msFor(name, kind, startedAt);
    const outcome = await settledWithin(reading.entries, Math.min(member.timeoutMs, isPatient ? LIST_MS : usual));
    const now = performance.now();
    // A server that refuses at once keeps nobody waiting.
    if (outcome === 'waiting' || (outcome === 'failed' && now - startedAt >= LATE_MS)) {
      patience.waitedInVain(name, kind, now);
    }
    return outcome;
  }

  async #readAll(link: Link, spec: ListSpec, { meta, headers }: Baggage): Promise<readonly Entry[]> {
    if (!(await link.offers(spec, headers))) return [];
    const onMessage = (message: Message): void => this.#options.onMessage(link, message);
    return readList(spec, (params) => {
      const all = meta === undefined ? params : { ...params, _meta: meta };
      return ask(link, requestMessage(this.#options.nextId(), spec.method, all), { onMessage, headers });
    });
  }

  #leaveOut(server: string, { kind, method }: ListSpec, error: unknown): Read {
    this.#options.notices.leftOut(server, method, reasonOf(error));
    const kinds = this.#missing.get(server) ?? new Map<ListKind, boolean>();
    if (!kinds.has(kind)) kinds.set(kind, false);
    this.#missing.set(server, kinds);
    return { error };
  }

  /** A list that comes too late is told of, and kept for a while: the server may be slow each time. */
  #await(key: string, kind: ListKind, reading: Reading): void {
    if (reading.isLate) return;
    reading.isLate = true;
    const end = (): void => this.#end(key, reading);
    reading.entries.then(() => {
      if (this.#readings.get(key) !== reading) return;
      setTimeout(end, this.#options.keepMs).unref();
      this.#options.onFound(kind);
    }, end);
  }

  #end(key: string, reading: Reading): void {
    if (this.#readings.get(key) === reading) this.#readings.delete(key);
  }
}

function keyOf(server: string, kind: ListKind): string {
  return `${kind} ${server}`;
}
