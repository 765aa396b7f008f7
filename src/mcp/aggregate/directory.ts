/** What lists have told one caller: which server has which tool, prompt and resource. */
import { connectNames } from '../login/connect-tool.ts';
import type { Entry, ListKind } from './lists.ts';
import { PublicNames } from './names.ts';
import { Patience } from './patience.ts';
import { type Room, SHARED_ROOM, type Tenant } from './room.ts';
import { type Effort, matchesTemplate } from './uri-template.ts';

/** What each server's templates may cost in one search, in characters. */
const EFFORT = 100_000;
/** What is kept of one list, in characters of names. */
const MOST_CHARACTERS = 2 * 1024 * 1024;
/** What an entry takes besides its name, in characters. */
const ENTRY_SIZE = 64;
/** A list that is younger is not read again for the sake of something that it does not hold. */
const FRESH_MS = 5_000;
/** For so long a server that has not told its lists is not asked again for the sake of the order. */
const ASKED_MS = 30_000;

export interface Named {
  readonly server: string;
  /** As the server calls it. */
  readonly own: string;
}

interface Shelf {
  /** From what callers say to what the server says; the same for URIs and templates. */
  readonly entries: ReadonlyMap<string, string>;
  /** `performance.now()` */
  readonly readAt: number;
  /** What it takes, in characters. */
  readonly size: number;
}

export class Directory implements Tenant {
  readonly #room: Room;
  readonly #self = new WeakRef(this);
  #size = 0;
  readonly patience = new Patience();
  /** By kind and server. */
  readonly #shelves = new Map<ListKind, Map<string, Shelf>>();
  #servers: readonly string[] = [];
  #names = new PublicNames([]);
  /** `performance.now()` */
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `room`: shared with other directories. */
  constructor(room = SHARED_ROOM) {
    this.#room = room;
  }

  /** As if no list had been read. */
  forget(): void {
    this.#shelves.clear();
    this.#askedAt = Number.NEGATIVE_INFINITY;
    this.#size = 0;
  }

  /** Tells which servers there are now, in the order of the configuration; returns what their things are called. */
  serve(servers: readonly string[]): PublicNames {
    if (servers.length === this.#servers.length && servers.every((name, at) => this.#servers[at] === name))
      return this.#names;
    this.#servers = servers;
    this.#names = new PublicNames(servers);
    for (const shelves of this.#shelves.values()) {
      for (const server of shelves.keys()) if (!servers.includes(server)) shelves.delete(server);
    }
    this.patience.keep(servers);
    return this.#names;
  }

  /** Takes over a list of one server; each entry by the id that callers know. */
  learn(kind: ListKind, server: string, entries: readonly Entry[]): void {
    const known = new Map<string, string>();
    let length = 0;
    for (const { id } of entries) {
      if (length + id.length > MOST_CHARACTERS) break;
      length += id.length;
      known.set(kind === 'tools' || kind === 'prompts' ? this.#names.of(server, id) : id, id);
    }
    const size = length + ENTRY_SIZE * (known.size + 1);
    this.#shelvesOf(kind).set(server, { entries: known, readAt: performance.now(), size });
    const shelves = [...this.#shelves.values()].flatMap((byServer) => [...byServer.values()]);
    this.#size = shelves.reduce((sum, shelf) => sum + shelf.size, 0);
    this.#used();
  }

  /** The list has changed: it is read again when something is not found. */
  outdate(kind: ListKind, server: string): void {
    const shelf = this.#shelvesOf(kind).get(server);
    if (shelf !== undefined) this.#shelvesOf(kind).set(server, { ...shelf, readAt: -Infinity });
  }

  isFresh(kind: ListKind, server: string): boolean {
    const readAt = this.#shelvesOf(kind).get(server)?.readAt ?? -Infinity;
    return performance.now() - readAt < FRESH_MS;
  }

  isEmpty(kind: ListKind, server: string): boolean {
    return (this.#shelvesOf(kind).get(server)?.entries.size ?? 0) === 0;
  }

  /** Whether the caller has nothing of `server` but the tool that tells how to connect: there may be more after that. */
  hasOnlyConnect(server: string): boolean {
    const tools = [...(this.#shelvesOf('tools').get(server)?.entries.values() ?? [])];
    return tools.length === 1 && tools.every((own) => connectNames(server).includes(own));
  }

  /** Whose tool or prompt callers call `name`. */
  named(kind: 'tools' | 'prompts', name: string): Named | undefined {
    this.#used();
    for (const server of this.#servers) {
      const own = this.#shelvesOf(kind).get(server)?.entries.get(name);
      // A reload may have given the name to another server.
      if (own !== undefined && this.#names.of(server, own) === name) return { server, own };
    }
    return undefined;
  }

  /**
   * The server that a URI belongs to: the first, in the order of the configuration, that lists it or has a template for
   * it. `isSure`: undefined, too, where a server before that one has not told what it has, since it could be its own.
   */
  ownerOf(uri: string, isSure: boolean): string | undefined {
    this.#used();
    for (const server of this.#servers) {
      if (this.#shelvesOf('resources').get(server)?.entries.has(uri) === true) return server;
      if (this.#hasTemplateFor(server, uri)) return server;
      if (isSure && !this.#isKnown(server)) return undefined;
    }
    return undefined;
  }

  /** Servers have just been asked what resources they have: those that have not told it are not waited for each time. */
  get isAsked(): boolean {
    return performance.now() - this.#askedAt < ASKED_MS;
  }

  /** All lists that were not fresh have been asked for. */
  noteAsked(): void {
    if (!this.isAsked) this.#askedAt = performance.now();
  }

  /** The first server that lists a URI. */
  listerOf(uri: string): string | undefined {
    return this.#servers.find((server) => this.#shelvesOf('resources').get(server)?.entries.has(uri) === true);
  }

  #hasTemplateFor(server: string, uri: string): boolean {
    const effort: Effort = { left: EFFORT };
    const templates = this.#shelvesOf('templates').get(server)?.entries;
    // Completions name the template itself.
    if (templates?.has(uri) === true) return true;
    for (const template of templates?.keys() ?? []) {
      if (matchesTemplate(uri, template, effort)) return true;
      if (effort.left <= 0) return false;
    }
    return false;
  }

  /** One that remembers nothing has nothing to forget. */
  #used(): void {
    if (this.#size > 0) this.#room.use(this.#self, this.#size);
  }

  #isKnown(server: string): boolean {
    return this.#shelvesOf('resources').has(server) && this.#shelvesOf('templates').has(server);
  }

  #shelvesOf(kind: ListKind): Map<string, Shelf> {
    const shelves = this.#shelves.get(kind) ?? new Map<string, Shelf>();
    this.#shelves.set(kind, shelves);
    return shelves;
  }
}
