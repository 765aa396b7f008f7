/** What a connection to one server is made with. */
import type { ServerConfig } from '../config/model.ts';
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import type { Catalog, CatalogRecord } from './catalog.ts';
import type { LinkState } from './link-state.ts';
import type { LinkTimings } from './timings.ts';

export interface LinkOptions {
  /** Asked at each attempt: what is withheld from a child changes with other entries. */
  readonly config: () => ServerConfig;
  readonly log: Log;
  /** Whose token is sent; absent: the server has no logins. */
  readonly credential?: Credential;
  /** False: connects only when somebody asks. Default: true. */
  readonly keepTrying?: boolean;
  /** True: gives its session up when no call has used it for a while. Default: whoever made the link ends it. */
  readonly closesWhenIdle?: boolean;
  /** Makes the catalog of a list; default: a new one for each, with the filters of the entry. */
  readonly catalogOf?: (record: CatalogRecord) => Catalog;
  /** Called for each list that is not the one known. */
  readonly onCatalog?: (record: CatalogRecord) => void;
  readonly onState?: (state: LinkState) => void;
  readonly timings?: LinkTimings;
}
