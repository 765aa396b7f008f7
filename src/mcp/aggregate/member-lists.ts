/** The lists of all servers as one caller sees them: read, made one, and searched. */
import { randomUUID } from 'node:crypto';
import { INVALID_PARAMS } from '../../upstream/jsonrpc.ts';
import { errorMessage, type JsonObject, type Message } from '../../upstream/peer/message.ts';
import { CHANGED_LISTS, type ChangedList } from '../capabilities.ts';
import type { Directory } from './directory.ts';
import type { Way } from './errand.ts';
import type { Link, Links } from './links.ts';
import { type Entry, LISTS, type ListKind, type ListSpec, listAnswer } from './lists.ts';
import type { PublicNames } from './names.ts';
import type { Notices } from './notices.ts';
import { type Baggage, type Read, Readings } from './readings.ts';
import { failureAt } from './words.ts';

export interface MemberListsOptions<L extends Link> {
  readonly links: Links<L>;
  readonly directory: Directory;
  readonly notices: Notices;
  /** What the result of a list holds besides the list. */
  readonly extras: JsonObject;
  /** How long a list that came too late is kept for the next who asks, in milliseconds. */
  readonly keepMs: number;
  /** A list that was left out can be had now. */
  readonly onFound: (list: ChangedList) => void;
  /** What a server says while its list is read. */
  readonly onMessage: (link: L, message: Message) => void;
}

export class MemberLists<L extends Link> {
  readonly #options: MemberListsOptions<L>;
  readonly #readings: Readings;
  /** Nobody can guess it, so no caller has the same ids. */
  readonly #idPrefix = randomUUID();
  #lastId = 0;

  constructor(options: MemberListsOptions<L>) {
    this.#options = options;
    this.#readings = new Readings({
      notices: options.notices,
      patience: options.directory.patience,
      keepMs: options.keepMs,
      nextId: () => this.nextId(),
      onFound: (kind) => options.onFound(LISTS[kind].capability),
      onMessage: (link, message) => options.onMessage(link as L, message),
    });
  }

  /** An id for a request of our own. */
  nextId(): string {
    this.#lastId += 1;
    return `${this.#idPrefix}-${this.#lastId}`;
  }

  /** The answer to a list request: one page, made of the lists of all servers that have one in time. */
  async list(message: Message, spec: ListSpec, headers: readonly string[] | undefined): Promise<Way> {
    const { id = '', params } = message;
    if (params.cursor !== undefined) return { answer: errorMessage(id, INVALID_PARAMS, 'Unknown cursor') };
    const { links, names } = this.now();
    const reads = await this.#read(links, spec, baggageOf(message, headers));
    return { answer: listAnswer(id, spec, this.#merged(links, names, spec, reads), this.#options.extras) };
  }

  /** The servers in the order of the configuration, and what their things are called. */
  now(): { readonly links: readonly L[]; readonly names: PublicNames } {
    const links = this.#options.links.all();
    return { links, names: this.#options.directory.serve(links.map(({ name }) => name)) };
  }

  /**
   * What `find` finds in the directory; where that is nothing, the lists of `links` that may be out of date are read first.
   * Resolves with undefined where there is none; `isStrict`: rejects if a list could not be read, and has the patience
   * of a request to one server.
   */
  async search<T>(
    links: readonly L[],
    kinds: readonly ListKind[],
    baggage: Baggage,
    find: () => T | undefined,
    isStrict = false,
  ): Promise<T | undefined> {
    const known = find();
    if (known !== undefined) return known;
    const { directory } = this.#options;
    const reads = kinds.map((kind) => {
      const old = links.filter((link) => !directory.isFresh(kind, link.name));
      return this.#read(old, LISTS[kind], baggage, isStrict);
    });
    const failed = (await Promise.all(reads)).flat().find((read) => 'error' in read);
    const found = find();
    if (found === undefined && isStrict && failed !== undefined) throw failed.error;
    return found;
  }

  /** A server says that a list has changed. */
  outdate(server: string, list: ChangedList): void {
    const kinds: readonly ListKind[] = list === 'resources' ? ['resources', 'templates'] : [list];
    for (const kind of kinds) {
      this.#options.directory.outdate(kind, server);
      this.#readings.outdate(server, kind);
    }
  }

  /** All lists may have changed. Servers that have left the configuration are dropped by that. */
  outdateAll(): void {
    for (const { name } of this.now().links) for (const list of CHANGED_LISTS) this.outdate(name, list);
  }

  /** A server has answered. */
  found(server: string): void {
    this.#readings.found(server);
  }

  /** In the order of `links`; errors name their server. */
  #read(links: readonly L[], spec: ListSpec, baggage: Baggage, isPatient = false): Promise<Read[]> {
    return Promise.all(
      links.map(async (link) => {
        const read = await this.#readings.read(link, spec, baggage, isPatient);
        if (!('entries' in read)) return { error: failureAt(link.name, read.error) };
        this.#options.directory.learn(spec.kind, link.name, read.entries);
        return read;
      }),
    );
  }

  /** In the order of the configuration, under the ids that callers know; a shared one is the first server's. */
  *#merged(links: readonly L[], names: PublicNames, spec: ListSpec, reads: readonly Read[]): Iterable<Entry> {
    const owners = new Map<string, string>();
    for (const [at, { name: server }] of links.entries()) {
      const read = reads[at];
      for (const { id, value } of read !== undefined && 'entries' in read ? read.entries : []) {
        const known = spec.id === 'name' ? names.of(server, id) : id;
        const owner = owners.get(known);
        if (owner === undefined) {
          owners.set(known, server);
          yield { id: known, value: known === id ? value : { ...value, [spec.id]: known } };
        } else if (spec.id !== 'name') this.#options.notices.sharesUri(server, owner);
      }
    }
  }
}

/** What a caller's request brings along when the lists of servers are read for it. */
export function baggageOf(message: Message, headers: readonly string[] | undefined): Baggage {
  const { _meta } = message.params;
  if (typeof _meta !== 'object' || _meta === null) return { meta: undefined, headers };
  const { progressToken: _, ...meta } = _meta as JsonObject;
  return { meta, headers };
}
