/** MCP without a transport: takes messages, answers through `send`. Strict about the handshake, as real servers are. */
import {
  CallRecord,
  type Json,
  runTool,
  type ToolDefinition,
  type ToolResult,
  ToolRpcError,
  toolDefinitions,
} from './toolset.ts';

const META = 'io.modelcontextprotocol';
export const MODERN = '2026-07-28';

export interface TestServerOptions {
  /** What `initialize` is answered with; `2026-07-28`: the server is stateless and knows no `initialize`. */
  readonly revision?: string;
  /** How many tools there are besides the common ones. */
  readonly extraTools?: number;
  readonly pageSize?: number;
  readonly instructions?: string;
  readonly listChanged?: boolean;
  /** Says that it logs. */
  readonly logging?: boolean;
}

export interface Message extends Json {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Json;
}

type Send = (message: Json) => void;
/** Tools of one kind of server, by name. */
export type OwnTools = Readonly<Record<string, (args: Json) => ToolResult | Promise<ToolResult>>>;

export class TestServer {
  readonly record: CallRecord;
  readonly #options: TestServerOptions;
  readonly #own: OwnTools;
  readonly #running = new Map<number | string, AbortController>();
  readonly #subscriptions = new Map<number | string, Send>();
  #extra: number;
  #initialized = false;

  constructor(options: TestServerOptions = {}, own: OwnTools = {}, record = new CallRecord()) {
    this.#options = options;
    this.#own = own;
    this.#extra = options.extraTools ?? 0;
    this.record = record;
  }

  get isModern(): boolean {
    return this.#options.revision === MODERN;
  }

  get tools(): ToolDefinition[] {
    return toolDefinitions(this.#extra, Object.keys(this.#own));
  }

  /** Another number of extra tools; `announce` sends the notification where there is one stream for all. */
  changeTools(extra: number, announce: Send): void {
    this.#extra = extra;
    const method = 'notifications/tools/list_changed';
    if (!this.isModern) announce({ jsonrpc: '2.0', method });
    for (const [id, send] of this.#subscriptions) {
      send({ jsonrpc: '2.0', method, params: { _meta: { [`${META}/subscriptionId`]: id } } });
    }
  }

  /** Takes one message; `send` carries its answer and what belongs to it. */
  async receive(message: Message, send: Send): Promise<void> {
    const { id, method = '' } = message;
    if (id === undefined) return this.#notified(method, message.params ?? {});
    try {
      const result = await this.#answer(id, method, message.params ?? {}, send);
      if (result === undefined) return;
      send({ jsonrpc: '2.0', id, result: this.isModern ? { resultType: 'complete', ...result } : result });
    } catch (error) {
      const { code = -32603, data } = error instanceof ToolRpcError ? error : {};
      send({
        jsonrpc: '2.0',
        id,
        error: { code, message: (error as Error).message, ...(data === undefined ? {} : { data }) },
      });
    }
  }

  #notified(method: string, params: Json): void {
    if (method === 'notifications/initialized') this.#initialized = true;
    if (method !== 'notifications/cancelled') return;
    const id = params.requestId as number;
    this.#running.get(id)?.abort();
    this.#subscriptions.delete(id);
  }

  async #answer(id: number | string, method: string, params: Json, send: Send): Promise<Json | undefined> {
    this.#checkHandshake(method, params);
    switch (method) {
      case 'initialize':
        return { protocolVersion: this.#options.revision ?? '2025-11-25', serverInfo: SERVER_INFO, ...this.#about() };
      case 'server/discover':
        return { supportedVersions: [MODERN], _meta: { [`${META}/serverInfo`]: SERVER_INFO }, ...this.#about() };
      case 'subscriptions/listen':
        this.#subscriptions.set(id, send);
        send({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: {} });
        return undefined;
      case 'tools/list':
        return this.#page(params.cursor);
      case 'tools/call':
        return this.#call(id, params, send);
      default:
        throw new ToolRpcError(-32601, `Method not found: ${method}`);
    }
  }

  #checkHandshake(method: string, params: Json): void {
    const version = (params._meta as Json | undefined)?.[`${META}/protocolVersion`];
    if (this.isModern) {
      const supported = { supported: [MODERN] };
      if (version !== MODERN) throw new ToolRpcError(-32022, `Unsupported protocol version (${method})`, supported);
    } else if (method === 'server/discover' || method === 'subscriptions/listen') {
      throw new ToolRpcError(-32601, `Method not found: ${method}`);
    } else if (method !== 'initialize' && !this.#initialized) {
      throw new ToolRpcError(-32002, 'Server not initialized');
    }
  }

  #about(): Json {
    const { instructions, listChanged = true, logging = false } = this.#options;
    const capabilities = { tools: { listChanged }, ...(logging ? { logging: {} } : {}) };
    return { capabilities, ...(instructions === undefined ? {} : { instructions }) };
  }

  #page(cursor: unknown): Json {
    const { tools } = this;
    const size = this.#options.pageSize ?? tools.length;
    const start = cursor === undefined ? 0 : Number(cursor);
    const end = start + size;
    return { tools: tools.slice(start, end), ...(end < tools.length ? { nextCursor: String(end) } : {}) };
  }

  async #call(id: number | string, params: Json, send: Send): Promise<Json | undefined> {
    const args = (params.arguments ?? {}) as Json;
    const name = String(params.name);
    const token = (params._meta as Json | undefined)?.progressToken;
    const controller = new AbortController();
    this.#running.set(id, controller);
    const progress = (step: number): void => {
      if (token === undefined) return;
      send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress: step } });
    };
    try {
      if (name === 'rounds') return this.#rounds(params);
      const own = this.#own[name];
      if (own !== undefined) this.record.calls.push({ tool: name, args });
      const context = { signal: controller.signal, progress };
      const result = own === undefined ? await runTool(name, args, context, this.record) : await own(args);
      // MCP: a cancelled request is not answered.
      return controller.signal.aborted ? undefined : result;
    } finally {
      this.#running.delete(id);
    }
  }

  /** A stateless tool in two rounds, or one that asks the person. */
  #rounds(params: Json): Json {
    this.record.calls.push({ tool: 'rounds', args: params });
    const args = (params.arguments ?? {}) as Json;
    if (args.ask === true)
      return { resultType: 'input_required', inputRequests: { name: { method: 'elicitation/create' } } };
    if (args.empty === true) return { resultType: 'input_required' };
    if (args.endless !== true && params.requestState === 'half way')
      return { content: [{ type: 'text', text: 'done' }] };
    return { resultType: 'input_required', requestState: 'half way' };
  }
}

const SERVER_INFO = { name: 'test-server', version: '1.2.3' };
