/** What one server has shown to people so far, as one list: what is shown to callers who have no list of their own. */
import type { Catalog, CatalogRecord } from './catalog.ts';
import {
  hasSameDefinitions,
  isSameRecord,
  type LearnedRecord,
  type LearnedTool,
  mergeLearned,
} from './learned-record.ts';
import { type ByName, NO_SHARE, type Share, shareOf, teach } from './learned-share.ts';
import type { ServerInfo } from './negotiate.ts';

/** Sightings are told on no more often than that. */
const SIGHTING_MS = 3600 * 1000;
/** How a server names itself may be for one person. */
const NO_INFO: ServerInfo = { name: undefined, version: undefined, instructions: undefined };

/** One list, looked at. */
interface Look {
  readonly at: number;
  /** The names that the union had then. */
  readonly known: ByName;
  readonly share: Share;
}

export class Learned {
  readonly #catalogOf: (record: CatalogRecord) => Catalog;
  readonly #looked = new WeakMap<Catalog, Look>();
  #record: LearnedRecord | undefined;
  #byName: ByName = new Map();
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
    const look = this.#looked.get(catalog);
    const isRecent = look !== undefined && now - look.at < SIGHTING_MS;
    if (isRecent && look.known === this.#byName) return false;
    const missing = catalog.tools.filter(({ name }) => !this.#byName.has(name));
    // What others have pushed out comes back at once; their words for the rest stand until the next sighting.
    const tools = isRecent ? missing : catalog.tools;
    const share = look?.share ?? NO_SHARE;
    const before = this.#byName;
    const seen = teach({ ...catalog, tools }, before, share, now);
    const isNews = seen.tools.some((tool) => isNewsBeside(tool, before.get(tool.definition.name)));
    const isTaken = isNews && this.#take(mergeLearned(this.#record, seen, now));
    // Last: a list that could not be learned is looked at again.
    this.#looked.set(catalog, {
      at: isRecent ? look.at : now,
      known: this.#byName,
      share: shareOf(seen, before, this.#byName, share),
    });
    return isTaken;
  }

  /** Takes over what an earlier run or another process has stored; returns both together. */
  absorb(stored: LearnedRecord | undefined, now: number): LearnedRecord | undefined {
    const own = this.#record ?? stored;
    if (own === undefined) return undefined;
    this.#take(mergeLearned(stored, own, now));
    return this.#record;
  }

  /** False where that is what was there. */
  #take(record: LearnedRecord): boolean {
    const before = this.#record;
    if (before !== undefined && isSameRecord(record, before)) return false;
    const isSameList = before !== undefined && hasSameDefinitions(record, before);
    // First: where that fails, all stays as it was.
    const catalog = isSameList ? this.#catalog : this.#made(record);
    this.#record = record;
    this.#byName = new Map(record.tools.map((tool) => [tool.definition.name, tool]));
    this.#catalog = catalog;
    return true;
  }

  #made(record: LearnedRecord): Catalog | undefined {
    const tools = record.tools.map(({ definition }) => definition);
    return tools.length === 0 ? undefined : this.#catalogOf({ info: NO_INFO, tools });
  }
}

function isNewsBeside(tool: LearnedTool, known: LearnedTool | undefined): boolean {
  return known === undefined || tool.definition !== known.definition || tool.seenAt - known.seenAt >= SIGHTING_MS;
}
