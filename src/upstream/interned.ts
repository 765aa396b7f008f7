/** Equal tool lists of different people on one server are one object, so that checkers and documents exist once. */
import type { ServerConfig } from '../config/model.ts';
import { buildCatalog, type Catalog, type CatalogRecord, fingerprintOf } from './catalog.ts';

export class InternedCatalogs {
  readonly #filter: () => Pick<ServerConfig, 'enabledTools' | 'disabledTools'>;
  /** Held by those who use them alone. */
  readonly #known = new Map<string, WeakRef<Catalog>>();

  /** `filter`: the same as long as the server lives. */
  constructor(filter: () => Pick<ServerConfig, 'enabledTools' | 'disabledTools'>) {
    this.#filter = filter;
  }

  /** The catalog of a list: the one that is there, if somebody has an equal list. */
  of(record: CatalogRecord): Catalog {
    const fingerprint = fingerprintOf(record);
    const known = this.#known.get(fingerprint)?.deref();
    if (known !== undefined) return known;
    for (const [other, held] of this.#known) if (held.deref() === undefined) this.#known.delete(other);
    const catalog = buildCatalog(record, this.#filter(), fingerprint);
    this.#known.set(fingerprint, new WeakRef(catalog));
    return catalog;
  }
}
