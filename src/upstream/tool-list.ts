/** The tools of one connection: the list that is known, and its reading anew when the server says that it changed. */
import type { Log } from '../log-sink.ts';
import type { Catalog, CatalogRecord } from './catalog.ts';
import type { Session } from './session.ts';
import type { LinkTimings } from './timings.ts';
import { reasonOf } from './wire.ts';

export interface ToolListOptions {
  readonly catalogOf: (record: CatalogRecord) => Catalog;
  readonly log: Log;
  readonly timings: LinkTimings;
  /** The session that counts now. */
  readonly session: () => Session | undefined;
  /** Called for each list that is not the one known. */
  readonly onCatalog: ((record: CatalogRecord) => void) | undefined;
}

export class ToolList {
  readonly #options: ToolListOptions;
  #catalog: Catalog | undefined;
  #isReading = false;
  #isStale = false;

  constructor(options: ToolListOptions) {
    this.#options = options;
  }

  get catalog(): Catalog | undefined {
    return this.#catalog;
  }

  /** Takes over a list; an unchanged one keeps its compiled checkers. True when it is another one. */
  know(record: CatalogRecord): boolean {
    const catalog = this.#options.catalogOf(record);
    if (catalog.fingerprint === this.#catalog?.fingerprint) return false;
    this.#catalog = catalog;
    return true;
  }

  /** Takes over what a server has just told, and tells it on. */
  listed(record: CatalogRecord): void {
    if (this.know(record)) this.#options.onCatalog?.(record);
  }

  /** A session is being opened, which reads the list itself. */
  opening(): void {
    this.#isStale = false;
  }

  /** The session is open; changes that came while its list was being read are looked at now. */
  opened(): void {
    if (this.#isStale) this.refresh();
  }

  /** Reads the list anew; while that runs, further announcements are taken together. */
  refresh(): void {
    const session = this.#options.session();
    if (session === undefined || this.#isReading) {
      this.#isStale = true;
      return;
    }
    this.#isReading = true;
    this.#isStale = false;
    void this.#read(session).finally(() => {
      // A server that announces changes without end is read once in a while.
      setTimeout(() => {
        this.#isReading = false;
        if (this.#isStale) this.refresh();
      }, this.#options.timings.refreshGapMs).unref();
    });
  }

  async #read(session: Session): Promise<void> {
    const isCurrent = (): boolean => this.#options.session() === session;
    try {
      const tools = await session.listTools(AbortSignal.timeout(this.#options.timings.connectMs));
      if (isCurrent()) this.listed({ info: session.info, tools });
    } catch (error) {
      if (isCurrent()) this.#options.log.warn({ reason: reasonOf(error) }, 'the changed tool list could not be read');
    }
  }
}
