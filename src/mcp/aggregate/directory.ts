/** What lists have told one caller: which server has which tool, prompt and resource. */
import type { Entry, ListKind } from './lists.ts';
import { PublicNames } from './names.ts';
import { type Effort, matchesTemplate } from './uri-template.ts';

/** What each server's templates may cost in one search, in characters. */
const EFFORT = 100_000;
/** What is kept of one list, in characters of names. */
const MOST_CHARACTERS = 2 * 1024 * 1024;
/** A list that is younger is not read again for the sake of something that it does not hold. */
const FRESH_MS = 5_000;

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
}

export class Directory {
  /** By kind and server. */
  readonly #shelves = new Map<ListKind, Map<string, Shelf>>();
  #servers: readonly string[] = [];
  #names = new PublicNames([]);

  /** Tells which servers there are now, in the order of the configuration; returns what their things are called. */
  serve(servers: readonly string[]): PublicNames {
    if (servers.length === this.#servers.length && servers.every((name, at) => this.#servers[at] === name))
      return this.#names;
    this.#servers = servers;
    this.#names = new PublicNames(servers);
    for (const shelves of this.#shelves.values()) {
      for (const server of shelves.keys()) if (!servers.includes(server)) shelves.delete(server);
    }
    return this.#names;
  }

  /** Takes over a list of one server; each entry by the id that callers know. */
  learn(kind: ListKind, server: string, entries: readonly Entry[]): void {
    const known = new Map<string, string>();
    let room = MOST_CHARACTERS;
    for (const { id } of entries) {
      room -= id.length;
      if (room < 0) break;
      known.set(kind === 'tools' || kind === 'prompts' ? this.#names.of(server, id) : id, id);
    }
    this.#shelvesOf(kind).set(server, { entries: known, readAt: performance.now() });
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

  /** Whose tool or prompt callers call `name`. */
  named(kind: 'tools' | 'prompts', name: string): Named | undefined {
    for (const server of this.#servers) {
      const own = this.#shelvesOf(kind).get(server)?.entries.get(name);
      // A reload may have given the name to another server.
      if (own !== undefined && this.#names.of(server, own) === name) return { server, own };
    }
    return undefined;
  }

  /** The server that a URI belongs to: the first that lists it, else the first with a template for it. */
  ownerOf(uri: string): string | undefined {
    return this.listerOf(uri) ?? this.#servers.find((server) => this.#hasTemplateFor(server, uri));
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

  #shelvesOf(kind: ListKind): Map<string, Shelf> {
    const shelves = this.#shelves.get(kind) ?? new Map<string, Shelf>();
    this.#shelves.set(kind, shelves);
    return shelves;
  }
}
