/** What a connection to one server is made with. */
import type { ServerConfig } from '../config/model.ts';
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import type { Catalog, CatalogRecord } from './catalog.ts';
import type { LinkState } from './link-state.ts';
import type { LinkTimings } from './timings.ts';

/**
 * `always`: keeps trying to connect. The others connect only when somebody asks: `on-demand` gives its session up when no call
 * has used it for a while, `personal` is ended by whoever made the link.
 */
export type LinkLife = ServerConfig['start'] | 'personal';

export interface LinkOptions {
  /** Asked at each attempt: what is withheld from a child changes with other entries. */
  readonly config: () => ServerConfig;
  readonly log: Log;
  /** Whose token is sent; absent: the server has no logins. */
  readonly credential?: Credential;
  readonly life: LinkLife;
  /** What has to end before it connects; does not reject. */
  readonly after?: Promise<void>;
  /** Makes the catalog of a list; default: a new one for each, with the filters of the entry. */
  readonly catalogOf?: (record: CatalogRecord) => Catalog;
  /** Called for each list that is not the one known. */
  readonly onCatalog?: (record: CatalogRecord) => void;
  readonly onState?: (state: LinkState) => void;
  readonly timings?: LinkTimings;
}
