/** One configured server at run time: its shared link, its catalog, and whose session a call goes through. */
import type { ServerConfig } from '../config/model.ts';
import type { GatewayError } from '../errors.ts';
import type { CallScope } from './call-scope.ts';
import { buildCatalog, type Catalog, type CatalogRecord, type Tool, withoutUnwritable } from './catalog.ts';
import type { Params } from './jsonrpc.ts';
import { Link, type LinkState } from './link.ts';
import type { Log } from './log.ts';
import type { SessionPool } from './pool.ts';
import type { ToolResult } from './session.ts';
import type { LinkTimings } from './timings.ts';
import { unavailable } from './wire.ts';

/** For whom a call runs: what `isolation` keys upstream sessions by. */
export interface CallerKeys {
  readonly principalId: string;
  readonly sessionId?: string | undefined;
}

export interface ServerEvents {
  onState?(server: Server, state: LinkState): void;
  onCatalog?(server: Server, record: CatalogRecord): void;
}

export interface ServerOptions {
  readonly config: ServerConfig;
  readonly pool: SessionPool;
  readonly log: Log;
  readonly events?: ServerEvents;
  readonly timings?: LinkTimings;
}

export class Server {
  readonly #options: ServerOptions;
  readonly #shared: Link;
  #config: ServerConfig;
  #catalog: Catalog | undefined;

  constructor(options: ServerOptions) {
    this.#config = options.config;
    this.#options = options;
    this.#shared = new Link({
      config: () => this.#config,
      log: options.log,
      onCatalog: (record) => {
        const writable = withoutUnwritable(record);
        if (this.learn(writable)) options.events?.onCatalog?.(this, writable);
      },
      onState: (state) => options.events?.onState?.(this, state),
      ...this.#timings(),
    });
  }

  get config(): ServerConfig {
    return this.#config;
  }

  get name(): string {
    return this.#config.name;
  }

  get state(): LinkState {
    return this.#shared.state;
  }

  /** Undefined until the tools were listed once, now or in an earlier run. */
  get catalog(): Catalog | undefined {
    return this.#catalog;
  }

  start(): void {
    this.#shared.start();
  }

  /** Takes over an entry of the same hash, for what may differ all the same: which variables are withheld. */
  adopt(config: ServerConfig): void {
    this.#config = config;
  }

  /** Takes over a tool list; an unchanged one keeps its compiled checkers. True when it is another one. */
  learn(record: CatalogRecord): boolean {
    const catalog = buildCatalog(record, this.config);
    if (catalog.fingerprint === this.#catalog?.fingerprint) return false;
    this.#catalog = catalog;
    return true;
  }

  /** True until the first attempt to connect has ended, however it did. */
  get isUntried(): boolean {
    return this.#shared.isUntried;
  }

  /** Waits for the very first attempt where no catalog is known yet, `ms` at most; a dead server delays nobody twice. */
  async firstCatalog(ms: number): Promise<Catalog | undefined> {
    if (this.#catalog === undefined && this.isUntried) await this.#shared.settled(ms);
    return this.#catalog;
  }

  /** Calls a tool through the caller's session; see `Link.call` for what is never repeated. */
  call(
    tool: Tool,
    args: Params,
    caller: CallerKeys,
    scope: CallScope,
    headers: readonly string[],
  ): Promise<ToolResult> {
    return this.#linkFor(caller).call(tool, args, scope, headers);
  }

  /** Ends everything at once, also what is being retired. */
  async close(): Promise<void> {
    this.#options.pool.retire(this.#keyPrefix());
    await this.#shared.close();
  }

  /** Lets calls in flight end, for `ms` at most, then closes everything. */
  async retire(ms: number): Promise<void> {
    this.#options.pool.retire(this.#keyPrefix());
    await this.#shared.retire(ms);
  }

  #linkFor(caller: CallerKeys): Link {
    const { isolation } = this.config;
    if (isolation === 'shared') return this.#shared;
    const session = isolation === 'session' ? (caller.sessionId ?? '') : '';
    const key = `${this.#keyPrefix()}${JSON.stringify([caller.principalId, session])}`;
    return this.#options.pool.get(key, () => ({
      config: () => this.#config,
      log: this.#options.log,
      ...this.#timings(),
    }));
  }

  #keyPrefix(): string {
    return `${this.config.hash}\n${this.config.name}\n`;
  }

  #timings(): { timings?: LinkTimings } {
    return this.#options.timings === undefined ? {} : { timings: this.#options.timings };
  }
}

/** Rule of the house: a server that is known but has told us nothing yet is 503, never 404. */
export function noCatalog(server: Server): GatewayError {
  return unavailable(`The server "${server.name}" has not told its tools yet; try again shortly.`, 5);
}
