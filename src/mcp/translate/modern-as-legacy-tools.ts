/** Which arguments of a tool must also stand in HTTP headers: known from the lists that came by, or asked for once. */
import { isRecord, listOf } from '../../schema/json-schema.ts';
import { parameterHeaders } from '../../upstream/parameter-headers.ts';
import type { JsonObject, Message } from '../../upstream/peer/message.ts';

/** One page of `tools/list`; undefined where there is none. */
export type ListPage = (cursor: unknown) => Promise<Message | undefined>;

const MOST_TOOLS = 10_000;
const MOST_PAGES = 100;
/** A call does not wait longer for what may be known of its tool. */
const LIST_MS = 10_000;

export class MirroredTools {
  readonly #listPage: ListPage;
  /** The input schema by name; undefined where none of its arguments is mirrored. */
  readonly #schemas = new Map<string, unknown>();
  #listing: Promise<void> | undefined;

  constructor(listPage: ListPage) {
    this.#listPage = listPage;
  }

  /** Takes the result of `tools/list`. */
  learn({ result, text }: Message): void {
    const isMirrored = text.includes('x-mcp-header');
    for (const tool of listOf(result?.tools)) {
      if (!isRecord(tool) || typeof tool.name !== 'string') continue;
      if (this.#schemas.size >= MOST_TOOLS && !this.#schemas.has(tool.name)) return;
      this.#schemas.set(tool.name, isMirrored ? tool.inputSchema : undefined);
    }
  }

  /** The list is another now: what is unknown may be asked for again. */
  changed(): void {
    this.#listing = undefined;
  }

  /** Resolves when what can be known of the tool is known; undefined where that is so already. */
  ready(name: unknown): Promise<void> | undefined {
    if (typeof name !== 'string' || this.#schemas.has(name)) return undefined;
    this.#listing ??= this.#list();
    return this.#listing;
  }

  /** `Mcp-Param-*` for one call, flat (2026-07-28, Streamable HTTP, custom headers from tool parameters). */
  headersFor({ name, arguments: args }: Readonly<JsonObject>): string[] {
    const schema = typeof name === 'string' ? this.#schemas.get(name) : undefined;
    return schema === undefined || !isRecord(args) ? [] : parameterHeaders(schema, args);
  }

  /** A server that does not list its tools is called without such headers. */
  async #list(): Promise<void> {
    const end = Date.now() + LIST_MS;
    let cursor: unknown;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await this.#listPage(cursor);
      if (answer?.result === undefined) return;
      this.learn(answer);
      cursor = answer.result.nextCursor;
      if (typeof cursor !== 'string' || this.#schemas.size >= MOST_TOOLS || Date.now() > end) return;
    }
  }
}
