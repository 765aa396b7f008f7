/** One configured server at run time: its shared link or those of single people, and the tools that each of them has. */
import type { ServerConfig } from '../config/model.ts';
import type { GatewayError } from '../errors.ts';
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import { type Owner, type ProtectedServer, SHARED_OWNER } from '../oauth/model.ts';
import type { CallScope } from './call-scope.ts';
import type { Catalog, CatalogRecord, Tool } from './catalog.ts';
import { InternedCatalogs } from './interned.ts';
import type { Params } from './jsonrpc.ts';
import { Learned } from './learned.ts';
import { Link } from './link.ts';
import type { LinkLife, LinkOptions } from './link-options.ts';
import type { LinkState } from './link-state.ts';
import type { ChildHolder, SessionPool } from './pool.ts';
import type { ToolResult } from './session.ts';
import type { LinkTimings } from './timings.ts';
import { unavailable } from './wire.ts';

/** For whom a call runs: what `isolation` keys upstream sessions by. */
export interface CallerKeys extends ChildHolder {
  readonly sessionId?: string | undefined;
}

/** `personal`: each person has a connection of their own, so there is no state for all. */
export type ServerState = LinkState | { readonly state: 'personal' };

export interface ServerEvents {
  onState?(server: Server, state: LinkState): void;
  onCatalog?(server: Server, record: CatalogRecord): void;
  /** People were shown something that is worth storing. */
  onLearned?(server: Server): void;
}

export interface ServerOptions {
  readonly config: ServerConfig;
  readonly pool: SessionPool;
  readonly log: Log;
  /** The login of an owner at this server. */
  readonly credential: (server: ProtectedServer, owner: Owner) => Credential;
  readonly events?: ServerEvents;
  readonly timings?: LinkTimings;
}

const LONGEST_ATTEMPT_MS = 60_000;
const PERSONAL: ServerState = { state: 'personal' };

export class Server {
  readonly #options: ServerOptions;
  /** Absent where each person signs in: nobody may use a connection of somebody else. */
  readonly #shared: Link | undefined;
  /** What logins need to know of this server; one object as long as the server lives. */
  readonly guarded: ProtectedServer | undefined;
  /** What people were shown here, each their own list; empty where all share one. */
  readonly union: Learned;
  readonly #catalogs: InternedCatalogs;
  /** Told once: the next request may fail in the same way. */
  #hasFailedToLearn = false;
  #config: ServerConfig;

  constructor(options: ServerOptions) {
    const { config, events } = options;
    this.#config = config;
    this.#options = options;
    this.guarded = guardedBy(config);
    this.#catalogs = new InternedCatalogs(() => this.#config);
    this.union = new Learned((record) => this.#catalogs.of(record));
    if (config.oauth?.multiUser === true) return;
    this.#shared = new Link({
      ...this.#linkOptions(SHARED_OWNER, config.start),
      onCatalog: (record) => events?.onCatalog?.(this, record),
      onState: (state) => events?.onState?.(this, state),
    });
  }

  get config(): ServerConfig {
    return this.#config;
  }

  get name(): string {
    return this.#config.name;
  }

  /** True where each person signs in. */
  get isPersonal(): boolean {
    return this.#shared === undefined;
  }

  get state(): ServerState {
    return this.#shared?.state ?? PERSONAL;
  }

  /** The tools for all; undefined until they were listed once, now or in an earlier run, and where each person has their own. */
  get catalog(): Catalog | undefined {
    return this.#shared?.catalog;
  }

  /** All tools that people were shown, now or in an earlier run, each by its newest definition; undefined: none, or all share one list. */
  get learned(): Catalog | undefined {
    return this.union.catalog;
  }

  /** Why the login that serves all cannot be used, if so. */
  get refusal(): GatewayError | undefined {
    return this.#shared?.refusal;
  }

  /** What the requests of `owner` carry; undefined where nobody signs in. */
  credentialOf(owner: Owner): Credential | undefined {
    return this.guarded === undefined ? undefined : this.#options.credential(this.guarded, owner);
  }

  get log(): Log {
    return this.#options.log;
  }

  /** True where the connection that all share is made when somebody needs it, and ended when nobody does. */
  get isOnDemand(): boolean {
    return !this.isPersonal && this.config.start === 'on-demand';
  }

  /** Connects for good, where that is wanted. */
  start(): void {
    if (!this.isOnDemand) this.#shared?.start();
  }

  /** Takes over an entry of the same hash, for what may differ all the same: which variables are withheld. */
  adopt(config: ServerConfig): void {
    this.#config = config;
  }

  /** Takes over the tool list of an earlier run. */
  learn(record: CatalogRecord): void {
    this.#shared?.know(record);
  }

  /** True until the first attempt to connect has ended, however it did. */
  get isUntried(): boolean {
    return this.#shared?.isUntried === true;
  }

  /**
   * Waits for the very first attempt where no catalog is known yet, `ms` at most; a dead server delays nobody twice. One
   * that starts on demand is started for it; its list of an earlier run is read anew once, because nothing else would ever
   * tell that it is another version now.
   */
  async firstCatalog(ms: number): Promise<Catalog | undefined> {
    const isNeeded = this.catalog === undefined;
    if (this.isOnDemand && (isNeeded || this.isUntried)) await this.#shared?.connectForTools(ms);
    else if (isNeeded && this.isUntried) await this.#shared?.attemptEnded(ms);
    return this.catalog;
  }

  /** The tools that `owner` was shown last; undefined where there is no connection under way. */
  knownCatalog(owner: Owner): Catalog | undefined {
    return this.#shown(this.#options.pool.peek(this.#personalKey(owner))?.catalog);
  }

  /** True where the last try to connect for `owner` failed. */
  isDownFor(owner: Owner): boolean {
    return this.#options.pool.peek(this.#personalKey(owner))?.state.state === 'failed';
  }

  /**
   * The tools of one person, connecting if need be, `ms` at most. Throws what the person has to do
   * (`authorization_required` and the like), or 503.
   */
  async catalogOf(owner: Owner, ms: number): Promise<Catalog> {
    const link = this.#linkFor({ principalId: owner, isOnePerson: true });
    const known = this.#shown(link.catalog);
    if (known !== undefined) return known;
    await link.connectForCalls(ms);
    const listed = this.#shown(link.catalog);
    if (listed !== undefined) return listed;
    throw link.refusal ?? noCatalog(this);
  }

  /**
   * Calls a tool through the caller's session; see `Link.call` for what is never repeated. Throws 429 or 503 where the session
   * needs a process of its own and there are too many.
   */
  async call(
    tool: Tool,
    args: Params,
    caller: CallerKeys,
    scope: CallScope,
    headers: readonly string[],
  ): Promise<ToolResult> {
    return await this.#linkFor(caller).call(tool, args, scope, headers);
  }

  /** A login has been made: the connection that serves all comes up at once. */
  async loggedIn(): Promise<void> {
    // An attempt under way may know nothing of it yet.
    await this.#shared?.attemptEnded(LONGEST_ATTEMPT_MS);
    if (this.state.state !== 'ready') this.#shared?.startAnew();
  }

  /** The grant of `owner` has ended or was replaced: its connections take no part in anything new. */
  loginEnded(owner: Owner, refusal: GatewayError): void {
    this.#options.pool.retire(this.isPersonal ? this.#personalKey(owner) : this.#keyPrefix());
    this.#shared?.endLogin(refusal);
  }

  /** Ends everything at once, also what is being retired. */
  async close(): Promise<void> {
    this.#options.pool.retire(this.#keyPrefix());
    await this.#shared?.close();
  }

  /** Lets calls in flight end, for `ms` at most, then closes everything. */
  async retire(ms: number): Promise<void> {
    this.#options.pool.retire(this.#keyPrefix());
    await this.#shared?.retire(ms);
  }

  /** Every list is learned before anybody uses it, so what is learned holds the tools of each person. */
  #shown<C extends Catalog | undefined>(catalog: C): C {
    if (catalog !== undefined && this.isPersonal) this.#learnFrom(catalog);
    return catalog;
  }

  /** Nobody's request fails because of what somebody's tools look like. */
  #learnFrom(catalog: Catalog): void {
    try {
      if (this.union.see(catalog, Date.now())) this.#options.events?.onLearned?.(this);
    } catch (error) {
      if (!this.#hasFailedToLearn) this.#options.log.warn({ err: error }, 'tools of a person could not be learned');
      this.#hasFailedToLearn = true;
    }
  }

  #linkFor(caller: CallerKeys): Link {
    const { pool } = this.#options;
    if (this.#shared === undefined) {
      const owner = caller.principalId;
      const onState = (state: LinkState): void => this.#tellFailure(state);
      return pool.get(this.#personalKey(owner), () => ({ ...this.#linkOptions(owner, 'personal'), onState }));
    }
    const { isolation, endpoint } = this.config;
    if (isolation === 'shared') return this.#shared;
    const session = isolation === 'session' ? (caller.sessionId ?? '') : '';
    const key = `${this.#keyPrefix()}${JSON.stringify([caller.principalId, session])}`;
    const options = (): LinkOptions => this.#linkOptions(SHARED_OWNER, this.isOnDemand ? 'personal' : 'always');
    return pool.get(key, options, endpoint.kind === 'stdio' ? caller : undefined);
  }

  /** The log alone says why somebody's own connection does not come up. */
  #tellFailure(state: LinkState): void {
    if (state.state !== 'failed') return;
    this.#options.log.warn({ reason: state.reason }, "a person's connection is not available");
  }

  #personalKey(owner: Owner): string {
    return `${this.#keyPrefix()}${JSON.stringify([owner])}`;
  }

  #keyPrefix(): string {
    return `${this.config.hash}\n${this.config.name}\n`;
  }

  #linkOptions(owner: Owner, life: LinkLife): LinkOptions {
    const { log, timings, credential } = this.#options;
    return {
      config: () => this.#config,
      log,
      life,
      catalogOf: (record) => this.#catalogs.of(record),
      ...(timings === undefined ? {} : { timings }),
      ...(this.guarded === undefined ? {} : { credential: credential(this.guarded, owner) }),
    };
  }
}

function guardedBy({ name, endpoint, oauth }: ServerConfig): ProtectedServer | undefined {
  return oauth === undefined || endpoint.kind === 'stdio' ? undefined : { name, url: endpoint.url, oauth };
}

/** Rule of the house: a server that is known but has told us nothing yet is 503, never 404. */
export function noCatalog(server: Server): GatewayError {
  return server.refusal ?? unavailable(`The server "${server.name}" has not told its tools yet; try again shortly.`, 5);
}
