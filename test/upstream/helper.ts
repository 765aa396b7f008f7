/** Opens links, pools and gateways for the tests of this folder, and closes them after each. */
import type { TestContext } from 'node:test';
import { DEFAULT_SESSIONS } from '../../src/config/defaults.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import { Gateway } from '../../src/gateway.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { CallScope } from '../../src/upstream/call-scope.ts';
import { buildCatalog, type CatalogRecord, type Tool } from '../../src/upstream/catalog.ts';
import { Link } from '../../src/upstream/link.ts';
import type { LinkOptions } from '../../src/upstream/link-options.ts';
import type { LinkState } from '../../src/upstream/link-state.ts';
import { answerText } from '../../src/upstream/result.ts';
import type { ToolResult } from '../../src/upstream/session.ts';
import type { LinkTimings } from '../../src/upstream/timings.ts';
import type { ChildOptions } from '../helpers/child-server.ts';
import { ChildRecord, childEndpoint, type StdioEndpoint, serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { HttpServer, type HttpServerOptions } from '../helpers/http-server.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import type { SdkServer } from '../helpers/sdk-servers.ts';
import { until } from '../helpers/wait.ts';

/** Patient enough for a busy machine, yet quick to retry. */
export const QUICK: LinkTimings = {
  connectMs: 15_000,
  patienceMs: 10_000,
  firstRetryMs: 20,
  longestRetryMs: 100,
  minGapMs: 0,
  refreshGapMs: 10,
  stableMs: 0,
  idleMs: 60_000,
};

/** A gateway without servers; `store` holds tool definitions. */
export function openGateway(t: TestContext, store: Store = openStore('memory')): Gateway {
  const gateway = new Gateway({
    log: new MemoryLog(),
    stores: { plain: store, sealed: openStore('memory') },
    publicBase: 'http://localhost:8000',
    limits: DEFAULT_SESSIONS,
    timings: QUICK,
  });
  t.after(() => gateway.close());
  return gateway;
}

/** Never comes back by itself within a test. */
export const NO_RETRY: LinkTimings = { ...QUICK, firstRetryMs: 3_600_000, longestRetryMs: 3_600_000 };

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly headers?: readonly string[];
  readonly scope?: CallScope;
}

/** A link with a history of what it told. */
export class OpenLink {
  readonly link: Link;
  readonly log = new MemoryLog();
  readonly states: LinkState[] = [];
  readonly records: CatalogRecord[] = [];

  constructor(config: ServerConfig, timings: LinkTimings = QUICK, more: Partial<LinkOptions> = {}) {
    this.link = new Link({
      life: 'always',
      ...more,
      config: () => config,
      log: this.log,
      timings,
      onCatalog: (record) => this.records.push(record),
      onState: (state) => this.states.push(state),
    });
  }

  /** The names of the tools of the newest list. */
  get toolNames(): string[] {
    return (this.records.at(-1)?.tools ?? []).map((tool) => (tool as { name: string }).name);
  }

  async ready(): Promise<this> {
    this.link.start();
    await until(() => this.link.state.state === 'ready', 15_000, `ready (${JSON.stringify(this.link.state)})`);
    return this;
  }

  async failed(): Promise<string> {
    this.link.start();
    await until(() => this.states.some(({ state }) => state === 'failed'), 15_000, 'failed');
    const state = this.states.findLast((one) => one.state === 'failed');
    return state?.state === 'failed' ? state.reason : '';
  }

  async result(name: string, args: Record<string, unknown> = {}, options: CallOptions = {}): Promise<ToolResult> {
    const scope = options.scope ?? new CallScope(options.timeoutMs ?? 8_000);
    try {
      return await this.link.call(this.tool(name), args, scope, options.headers ?? []);
    } finally {
      scope.end();
    }
  }

  /** The answer as REST callers get it. */
  async call(name: string, args: Record<string, unknown> = {}, options: CallOptions = {}): Promise<string> {
    return answerText(await this.result(name, args, options));
  }

  /** The tool as listed; one that was never listed is called all the same. */
  tool(name: string): Tool {
    const listed = this.records.at(-1)?.tools.find((tool) => (tool as { name: string }).name === name);
    return toolOf(listed ?? { name });
  }
}

export function toolOf(definition: unknown): Tool {
  const info = { name: undefined, version: undefined, instructions: undefined };
  const [tool] = buildCatalog({ info, tools: [definition] }, { disabledTools: [] }).tools;
  if (tool === undefined) throw new Error('no tool');
  return tool;
}

export function openLink(t: TestContext, config: ServerConfig, timings?: LinkTimings): OpenLink {
  const open = new OpenLink(config, timings);
  t.after(() => open.link.close());
  return open;
}

/** A link to a child server, and the child's own record. */
export function openChild(
  t: TestContext,
  options: ChildOptions = {},
  { timings, ...more }: Partial<StdioEndpoint> & { readonly timings?: LinkTimings } = {},
): OpenLink & { readonly events: ChildRecord } {
  const events = recordOf(t);
  const endpoint = childEndpoint({ record: events.file, ...options }, more);
  return Object.assign(openLink(t, serverConfig({ endpoint }), timings), { events });
}

/** An HTTP server of ours and a link to it. */
export async function openHttp(
  t: TestContext,
  options: HttpServerOptions = {},
  { timings, ...config }: Partial<ServerConfig> & { readonly timings?: LinkTimings } = {},
): Promise<OpenLink & { readonly server: HttpServer }> {
  const server = await HttpServer.start(options);
  t.after(() => server.stop());
  const endpoint = urlEndpoint('http', server.url);
  return Object.assign(openLink(t, serverConfig({ endpoint, ...config }), timings), { server });
}

/** A server made with an SDK and a link to it. */
export async function openSdk<S extends SdkServer>(
  t: TestContext,
  starting: Promise<S>,
  kind: 'http' | 'sse' = 'http',
  timings?: LinkTimings,
): Promise<OpenLink & { readonly server: S }> {
  const server = await starting;
  t.after(() => server.close());
  const link = openLink(t, serverConfig({ endpoint: urlEndpoint(kind, server.url) }), timings);
  return Object.assign(link, { server });
}

export function recordOf(t: TestContext): ChildRecord {
  const record = new ChildRecord();
  t.after(() => record.remove());
  return record;
}
