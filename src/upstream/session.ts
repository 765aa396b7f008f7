/** One established session with a server: lists its tools and calls them. */
import { GatewayError } from '../errors.ts';
import { isRecord } from '../schema/json-schema.ts';
import type { CallScope } from './call-scope.ts';
import type { Tool } from './catalog.ts';
import { METHOD_NOT_FOUND, type Params, RpcError } from './jsonrpc.ts';
import type { Negotiated, ServerInfo } from './negotiate.ts';
import { parameterHeaders } from './parameter-headers.ts';
import { MODERN_META, type Protocol } from './protocol.ts';
import { MOST_TOOLS, readToolPage, type ToolPage } from './tool-page.ts';
import { badAnswer, type SendOptions, type Wire } from './wire.ts';

/** The `result` of tools/call, as far as it was looked at. */
export type ToolResult = Readonly<Record<string, unknown>>;

const MAX_PAGES = 1_000;
/** Of all pages together. */
const MAX_LIST_CHARACTERS = 64 * 1024 * 1024;
/** How often a stateless server may ask for the same call again with its `requestState`. */
const MAX_ROUNDS = 8;

export class Session {
  readonly protocol: Protocol;
  readonly info: ServerInfo;
  readonly listChanged: boolean;
  readonly #wire: Wire;
  readonly #stop = new AbortController();
  #active = 0;
  #onIdle: (() => void) | undefined;

  constructor(negotiated: Negotiated) {
    this.#wire = negotiated.wire;
    this.protocol = negotiated.protocol;
    this.info = negotiated.info;
    this.listChanged = negotiated.listChanged;
  }

  /** All pages of the server's tool list. A server that knows no tools has an empty one. */
  async listTools(signal: AbortSignal): Promise<unknown[]> {
    const tools: unknown[] = [];
    const seen = new Set<string>();
    let characters = 0;
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const listed = await this.#listPage(cursor, signal);
      if (listed === undefined) return tools;
      characters += listed.characters;
      if (characters > MAX_LIST_CHARACTERS) throw badAnswer('The tool list is too large.');
      for (const tool of listed.tools) tools.push(tool);
      cursor = listed.nextCursor;
      if (cursor === undefined) return tools;
      if (seen.has(cursor)) throw badAnswer('The tool list repeats a cursor without end.');
      if (tools.length > MOST_TOOLS) break;
      seen.add(cursor);
    }
    throw badAnswer(`The tool list is longer than ${MOST_TOOLS} tools or ${MAX_PAGES} pages.`);
  }

  /** One call. Nothing is repeated, except that a stateless server may ask for another round itself. */
  async call(tool: Tool, args: Params, scope: CallScope, forwarded: readonly string[]): Promise<ToolResult> {
    const options: SendOptions = { signal: scope.signal, onProgress: scope.progress, headers: forwarded };
    this.#active += 1;
    try {
      if (this.protocol.era === 'modern') return await this.#modernCall(tool, args, options);
      return asResult(await this.#wire.request('tools/call', { name: tool.name, arguments: args }, options));
    } finally {
      this.#active -= 1;
      if (this.#active === 0) this.#onIdle?.();
    }
  }

  /** Starts to listen for changes of the tool list. */
  watchTools(): void {
    if (!this.listChanged) return;
    this.#wire.listen();
    if (this.protocol.era === 'modern') void this.#subscribe();
  }

  /** Lets calls in flight end, which their own deadlines see to, then closes. */
  async retire(): Promise<void> {
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.close();
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('closed'));
    await this.#wire.close();
  }

  async #listPage(cursor: string | undefined, signal: AbortSignal): Promise<ToolPage | undefined> {
    const params = cursor === undefined ? {} : { cursor };
    try {
      return readToolPage(await this.#wire.request('tools/list', this.#envelope(params), { signal }));
    } catch (error) {
      if (error instanceof RpcError && error.code === METHOD_NOT_FOUND) return undefined;
      throw error;
    }
  }

  async #modernCall(tool: Tool, args: Params, options: SendOptions): Promise<ToolResult> {
    const headers = [...(options.headers ?? []), ...parameterHeaders(tool.inputSchema, args)];
    let extra: Params = {};
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const params = this.#envelope({ name: tool.name, arguments: args, ...extra });
      const result = asResult(await this.#wire.request('tools/call', params, { ...options, headers }));
      if (result.resultType !== 'input_required') return result;
      extra = nextRound(result);
    }
    throw badAnswer('The server asks for the same call again and again.');
  }

  /** `subscriptions/listen` (2026-07-28) is one request whose stream never ends; it is renewed as long as we live. */
  async #subscribe(): Promise<void> {
    const { signal } = this.#stop;
    const params = this.#envelope({ notifications: { toolsListChanged: true } });
    for (let pause = 1_000; !signal.aborted; pause = Math.min(pause * 2, 60_000)) {
      const started = Date.now();
      await this.#wire.request('subscriptions/listen', params, { signal }).catch(() => undefined);
      if (Date.now() - started > 60_000) pause = 1_000;
      await sleep(pause, signal);
    }
  }

  #envelope(params: Params): Params {
    return this.protocol.era === 'modern' ? { ...params, _meta: MODERN_META } : params;
  }
}

function asResult(result: unknown): ToolResult {
  if (!isRecord(result)) throw badAnswer('The answer to tools/call is invalid.');
  return result;
}

/** What the next round must carry; input from a person is what a REST caller cannot give. */
function nextRound(result: ToolResult): Params {
  const asked = result.inputRequests;
  if (isRecord(asked) && Object.keys(asked).length > 0) {
    const message =
      'The tool asks the person for input, which a REST call cannot bring. Use an MCP client for this tool.';
    throw new GatewayError('tool_error', 500, message, { detail: { message } });
  }
  if (result.requestState === undefined) throw badAnswer('The server asks for more input without saying which.');
  return { requestState: result.requestState };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    timer.unref();
  });
}
