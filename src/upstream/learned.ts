/** What one server has shown to people so far, as one list: what is shown to callers who have no list of their own. */
import { isDeepStrictEqual } from 'node:util';
import type { Catalog, CatalogRecord } from './catalog.ts';
import { type LearnedRecord, type LearnedTool, learnedFrom, mergeLearned } from './learned-record.ts';

/** Sightings are told on no more often than that. */
const SIGHTING_MS = 3600 * 1000;

export class Learned {
  readonly #catalogOf: (record: CatalogRecord) => Catalog;
  readonly #looked = new WeakMap<Catalog, number>();
  #record: LearnedRecord | undefined;
  #catalog: Catalog | undefined;

  /** `catalogOf` makes the catalog of a list. */
  constructor(catalogOf: (record: CatalogRecord) => Catalog) {
    this.#catalogOf = catalogOf;
  }

  /** All tools together; undefined: nobody was shown any. */
  get catalog(): Catalog | undefined {
    return this.#catalog;
  }

  get record(): LearnedRecord | undefined {
    return this.#record;
  }

  /** Somebody is shown `catalog` (`now`: ms since 1970). True where that is worth storing. */
  see(catalog: Catalog, now: number): boolean {
    // Asked at every call, and people's lists are one object where they are equal.
    if (now - (this.#looked.get(catalog) ?? -Infinity) < SIGHTING_MS) return false;
    this.#looked.set(catalog, now);
    const seen = learnedFrom(catalog, now);
    if (!this.#isNews(seen)) return false;
    this.#take(mergeLearned(this.#record, seen, now));
    return true;
  }

  /** Takes over what an earlier run or another process has stored; returns both together. */
  absorb(stored: LearnedRecord | undefined, now: number): LearnedRecord | undefined {
    const own = this.#record ?? stored;
    if (own === undefined) return undefined;
    const merged = mergeLearned(stored, own, now);
    if (!isDeepStrictEqual(merged, this.#record)) this.#take(merged);
    return this.#record;
  }

  #take(record: LearnedRecord): void {
    this.#record = record;
    const tools = record.tools.map(({ definition }) => definition);
    this.#catalog = tools.length === 0 ? undefined : this.#catalogOf({ info: record.info, tools });
  }

  #isNews({ info, tools }: LearnedRecord): boolean {
    if (!isDeepStrictEqual(info, this.#record?.info)) return true;
    const known = new Map(this.#record?.tools.map((tool) => [tool.definition.name, tool]));
    return tools.some((tool) => isNewer(tool, known.get(tool.definition.name)));
  }
}

function isNewer(tool: LearnedTool, known: LearnedTool | undefined): boolean {
  if (known === undefined || tool.seenAt - known.seenAt >= SIGHTING_MS) return true;
  return !isDeepStrictEqual(tool.definition, known.definition);
}
